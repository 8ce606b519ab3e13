// SPDX-License-Identifier: Apache-2.0
// The command line as a user has it: the compiled program in a child process, on real libraries.

import { execFile, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../lib/tensor/npy';
import { makeModel } from '../onnx-builder';
import { addModel, convModel, identityModel } from '../onnx-models';

const MAIN = resolve(__dirname, '../../dist/cli/main.js');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Any JSON value; what it must hold is what the tests are about. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type Json = any;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-cli-'));
  await writeFile(join(folder, 'add.onnx'), addModel());
  await writeFile(join(folder, 'conv.onnx'), convModel('batch'));
  await writeFile(join(folder, 'slow.onnx'), longChainModel(150));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Convolutions of ever other shapes, which TensorRT has to look at one by one: a build of many seconds. */
function longChainModel(length: number): Uint8Array {
  const channels = (layer: number) => (layer === 0 ? 3 : 8 + ((layer * 5) % 40));
  const layers = Array.from({ length }, (_, layer) => layer);
  return makeModel({
    inputs: [{ name: 'x', dims: [1, 3, 32, 32] }],
    outputs: [{ name: `t${length}`, dims: [1, channels(length), 32, 32] }],
    nodes: layers.flatMap((layer) => [
      {
        op: 'Conv',
        inputs: [`t${layer}`.replace(/^t0$/, 'x'), `w${layer}`],
        outputs: [`c${layer}`],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      },
      { op: 'Sigmoid', inputs: [`c${layer}`], outputs: [`t${layer + 1}`] },
    ]),
    initializers: layers.map((layer) => ({
      name: `w${layer}`,
      dims: [channels(layer + 1), channels(layer), 3, 3],
    })),
  });
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve_) => {
    const options = { cwd: folder, env: { ...process.env, DEBUG: undefined, ...env } };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      resolve_({ code: error === null ? 0 : (error.code as number | null), stdout, stderr });
    });
  });
}

/** Runs with `--json` and reads the one document that may be on stdout. */
async function runJson(...args: string[]): Promise<{ code: number | null; document: Json }> {
  const { code, stdout } = await run([...args, '--json']);
  return { code, document: JSON.parse(stdout) };
}

describe('doctor', () => {
  it('tells what this machine has, in the documented form', async () => {
    const { code, document } = await runJson('doctor');
    expect(code).toBe(0);
    expect(document).toMatchObject({
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
      addon: { available: true },
      cuda: { devices: expect.any(Array) },
      cpu: { available: true, version: expect.stringMatching(/^\d+\.\d+/) },
      advice: expect.any(Array),
    });
    expect(document.tensorrt).toContainEqual(
      expect.objectContaining({
        family: 'tensorrt-rtx',
        usable: true,
        reason: null,
        path: expect.stringContaining('libtensorrt_rtx'),
      }),
    );
  });
});

describe('build and inspect', () => {
  it('builds an engine with its manifest, which inspect then understands', async () => {
    const built = await runJson(
      'build',
      'conv.onnx',
      '-o',
      'conv.engine',
      '--runtime',
      'tensorrt-rtx',
      '--dynamic-axes',
      'batch=1,4,8',
    );
    expect(built.code).toBe(0);
    expect(built.document).toMatchObject({
      engine: 'conv.engine',
      manifest: 'conv.engine.json',
      family: 'tensorrt-rtx',
      cached: false,
      buildMs: expect.any(Number),
      precision: { float32: expect.any(Number) },
      warnings: expect.any(Array),
      profiles: [{ images: { min: [1, 1, 8, 8], opt: [4, 1, 8, 8], max: [8, 1, 8, 8] } }],
    });
    expect((await readFile(join(folder, 'conv.engine'))).length).toBe(built.document.bytes);

    const plan = await runJson('inspect', 'conv.engine');
    expect(plan).toMatchObject({
      code: 0,
      document: {
        kind: 'plan',
        family: 'tensorrt-rtx',
        bytes: built.document.bytes,
        inputs: [{ name: 'images', dims: ['batch', 1, 8, 8] }],
      },
    });
    expect(plan.document.version).toBe(built.document.version);
    expect((await runJson('inspect', 'conv.engine.json')).document).toMatchObject({
      kind: 'manifest',
      family: 'tensorrt-rtx',
    });
  });

  it('builds several profiles by shapes', async () => {
    const profile = (number: number, batch: number) => [
      `--profile=${number}`,
      '--shapes',
      `images:${batch}x1x8x8`,
    ];
    const { code, document } = await runJson(
      'build',
      'conv.onnx',
      '-o',
      'two.engine',
      ...profile(0, 1),
      ...profile(1, 8),
    );
    expect(code).toBe(0);
    expect(document.profiles.map(({ images }: Json) => images.opt[0])).toEqual([1, 8]);
  });

  it('asks for the ranges of a dynamic model in options that then work', async () => {
    const { code, stderr } = await run(['build', 'conv.onnx', '-o', 'hint.engine']);
    expect(code).toBe(2);
    expect(stderr).toContain('ERR_TRT_ARG_PROFILE_MISSING');
    const advised = /tensorrt-node (build conv\.onnx .*)/.exec(stderr)![1]!.split(' ');
    expect((await run([...advised, '-o', 'hint.engine'])).code).toBe(0);
  });

  it('takes an engine from the cache the second time', async () => {
    const build = () => runJson('build', 'add.onnx', '-o', 'add.engine', '--cache-dir', 'cache');
    expect((await build()).document.cached).toBe(false);
    expect((await build()).document.cached).toBe(true);
  });

  it('prints plain lines where stderr is no terminal, and the result alone on stdout', async () => {
    const { stdout, stderr } = await run(['build', 'add.onnx', '-o', 'plain.engine']);
    expect(stdout).toMatch(/^built {2}plain\.engine {2}in /);
    for (const control of ['\u001b', '\r']) expect(stdout + stderr).not.toContain(control);
    for (const line of stderr.split('\n').filter(Boolean)) expect(line).toMatch(/^ *\d+ % {2}\d+ s {2}\S/);
  });

  it.each([
    ['build absent.onnx', 1, 'ERR_TRT_ONNX_FILE_NOT_FOUND'],
    ['build add.onnx --precision int8', 1, 'ERR_TRT_QUANT_CALIBRATION'],
    ['build add.onnx --fp16', 2, 'ERR_TRT_ARG_USAGE'],
    ['build conv.onnx --dynamic-axes bacth=1', 2, 'ERR_TRT_ARG_PROFILE_INPUT'],
    ['build add.onnx -o absent/add.engine', 1, 'ERR_TRT_BUILD_OUTPUT'],
    ['build add.onnx --lib absent', 1, 'ERR_TRT_LOAD_TENSORRT_NOT_FOUND'],
    ['inspect absent.engine', 1, 'ERR_TRT_ONNX_FILE_NOT_FOUND'],
    ['buidl add.onnx', 2, 'ERR_TRT_ARG_USAGE'],
  ])('%s ends with %i and %s', async (line, code, errorCode) => {
    const plain = await run(line.split(' '));
    expect(plain).toMatchObject({ code, stdout: '' });
    expect(plain.stderr).toContain(errorCode);
    expect(plain.stderr).not.toMatch(/^ +at /m);
    const { document } = await runJson(...line.split(' '));
    expect(document.error).toMatchObject({
      code: errorCode,
      message: expect.any(String),
      hint: expect.any(String),
      details: {},
    });
  });
});

describe('Ctrl-C', () => {
  /** Starts a long build and signals it at its first sign of progress. */
  async function interruptBuild(output: string, signals: number): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, 'build', 'slow.onnx', '-o', output], { cwd: folder });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    let sent = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ended.stderr += text;
      if (sent < signals) {
        sent += 1;
        child.kill('SIGINT');
      }
    });
    ended.code = await new Promise((resolve_) => child.on('close', resolve_));
    return ended;
  }

  it('stops a build, ends with 130 and leaves no file behind', async () => {
    const before = readdirSync(folder).sort();
    const { code, stdout, stderr } = await interruptBuild('slow.engine', 1);
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('stopping the build');
    expect(stderr).toContain('stopped  The build was cancelled');
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it('keeps the file that was at the output path', async () => {
    await writeFile(join(folder, 'kept.engine'), 'the old engine');
    expect((await interruptBuild('kept.engine', 1)).code).toBe(130);
    expect(await readFile(join(folder, 'kept.engine'), 'utf8')).toBe('the old engine');
  });

  it('does not wait after the second', async () => {
    const before = readdirSync(folder).sort();
    expect((await interruptBuild('twice.engine', 2)).code).toBe(130);
    expect(readdirSync(folder).sort()).toEqual(before);
  });
});

describe('run', () => {
  it('reads and writes NumPy files', async () => {
    await writeNpy(join(folder, 'x.npy'), {
      type: 'float32',
      dims: [4],
      data: new Float32Array([10, 20, 30, 40]),
    });
    const { code, document } = await runJson(
      'run',
      'add.onnx',
      '--device',
      'cpu',
      '--input',
      'x=@x.npy',
      '-o',
      'outputs',
    );
    expect(code).toBe(0);
    expect(document).toMatchObject({
      device: 'cpu',
      backend: 'onnxruntime',
      fallbackReason: null,
      outputs: [
        {
          name: 'y',
          type: 'float32',
          dims: [4],
          min: 11,
          max: 44,
          first: [11, 22, 33, 44],
          file: join('outputs', 'y.npy'),
        },
      ],
    });
    expect((await readNpy(join(folder, 'outputs/y.npy'))).data).toEqual(new Float32Array([11, 22, 33, 44]));
  });

  it.each(['FLOAT', 'FLOAT16', 'INT64', 'INT8', 'UINT8', 'BOOL', 'DOUBLE', 'INT32'] as const)(
    'generates inputs of type %s',
    async (type) => {
      const name = `identity-${type}.onnx`;
      await writeFile(join(folder, name), identityModel(['batch', 3], type));
      const { code, document } = await runJson('run', name, '--device', 'cpu', '--input', 'x=ones:2x3');
      expect(code).toBe(0);
      expect(document).toMatchObject({
        fallbackReason: null,
        outputs: [{ dims: [2, 3], min: 1, mean: 1, max: 1 }],
      });
    },
  );

  it.each([
    ['run add.onnx', 2, 'ERR_TRT_ARG_USAGE'],
    ['run add.onnx --input y=random', 2, 'ERR_TRT_ARG_USAGE'],
    ['run add.onnx --input x=@absent.npy', 1, 'ERR_TRT_LOAD_FILE'],
    ['run add.onnx --input x=@add.onnx', 1, 'ERR_TRT_LOAD_NPY_INVALID'],
    ['run add.onnx --input random --outputs z', 1, 'ERR_TRT_RUN_OUTPUT_NAME'],
    ['run add.onnx --input random --device cuda:99', 1, expect.stringMatching(/^ERR_TRT_(CUDA|RUN_DEVICE)/)],
  ])('%s ends with %i and %s', async (line, code, errorCode) => {
    const ended = await runJson(...line.split(' '));
    expect(ended).toMatchObject({ code, document: { error: { code: errorCode } } });
  });
});

describe('bench', () => {
  const quick = ['--device', 'cpu', '--duration', '200ms', '--warm-up', '20ms'];

  it.each([
    ['one call at a time over a binding', [], 'binding'],
    ['several calls over one context', ['--concurrency', '4'], 'run'],
    ['several bindings', ['--concurrency', '2', '--contexts', '2', '--threads', '1'], 'binding'],
    ['calls at a rate', ['--rate', '50', '--arrivals', 'poisson'], 'run'],
  ])('measures %s', async (_title, extra, calls) => {
    const { code, document } = await runJson('bench', 'conv.onnx', ...quick, '--batch', '2', ...extra);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      schemaVersion: 1,
      kind: 'measurement',
      model: 'conv.onnx',
      backend: 'onnxruntime',
      device: 'cpu',
      end: 'complete',
      stable: expect.any(Boolean),
      settings: { calls, batch: 2, durationMs: 200, session: { shapes: { images: [2, 1, 8, 8] } } },
      environment: { versions: { onnxruntime: expect.any(String), 'tensorrt-node': expect.any(String) } },
    });
    const { mean, min, p50, p90, p95, p99, p999, max } = document.latencyMs;
    const rising = [min, p50, p90, p95, p99, p999, max];
    expect(rising).toEqual([...rising].sort((a: number, b: number) => a - b));
    expect(mean).toBeGreaterThan(0);
    expect(document.inferences).toBeGreaterThanOrEqual(10);
    expect(document.throughput.inferencesPerSecond).toBeGreaterThan(0);
    for (const key of ['p50', 'p99', 'max']) expect(document.eventLoopDelayMs[key]).toBeGreaterThanOrEqual(0);
  });

  it('measures a sweep and writes it in every format', async () => {
    const files = ['json', 'html', 'csv', 'md', 'xml'].flatMap((ending) => ['-o', `sweep.${ending}`]);
    const { code, stdout } = await run(['bench', 'conv.onnx', ...quick, '--batch', '1,4', ...files]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +batch 1 [\s\S]*^ +batch 4 /m);
    const read = (ending: string) => readFile(join(folder, `sweep.${ending}`), 'utf8');
    const suite: Json = JSON.parse(await read('json'));
    expect(suite).toMatchObject({ kind: 'suite', axes: ['batch'], failed: [], measurements: { length: 2 } });
    const [one, four] = suite.measurements;
    expect(four.throughput.samplesPerSecond / four.throughput.inferencesPerSecond).toBeCloseTo(4, 6);
    expect(one.settings.batch).toBe(1);
    expect(await read('html')).toMatch(/^<!doctype html>/i);
    expect((await read('csv')).trim().split('\r\n')).toHaveLength(3);
    expect(await read('md')).toContain('batch 4');
    expect(await read('xml')).toContain('tests="2"');
  });

  it('takes the files of a folder in turn', async () => {
    const frames = join(folder, 'frames');
    await mkdir(frames);
    for (const number of [1, 2, 3])
      await writeNpy(join(frames, `${number}.npy`), {
        type: 'float32',
        dims: [4],
        data: new Float32Array(4),
      });
    const { code, document } = await runJson('bench', 'add.onnx', ...quick, '--input', 'x=@frames');
    expect(code).toBe(0);
    expect(document.settings.session).toMatchObject({ inputs: { x: '@frames' }, inputSets: 3 });
  });

  it('writes each call as a trace', async () => {
    expect((await run(['bench', 'add.onnx', ...quick, '--trace', 'trace.json'])).code).toBe(0);
    const { traceEvents } = JSON.parse(await readFile(join(folder, 'trace.json'), 'utf8'));
    expect(traceEvents.filter(({ name }: Json) => name === 'call').length).toBeGreaterThanOrEqual(10);
  });

  it('reports and writes what it has on Ctrl-C, and ends with 130', async () => {
    const line = ['bench', 'add.onnx', '--device', 'cpu', '--duration', '1h', '-o', 'interrupted.json'];
    const child = spawn(process.execPath, [MAIN, ...line], { cwd: folder });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('measuring')) child.kill('SIGINT');
    });
    expect(await new Promise((resolve_) => child.on('close', resolve_))).toBe(130);
    expect(stdout).toMatch(/throughput[\s\S]*not stable {2}interrupted/);
    const document: Json = JSON.parse(await readFile(join(folder, 'interrupted.json'), 'utf8'));
    expect(document).toMatchObject({ end: 'interrupted', stable: false });
  });

  it('measures against another model in fresh processes', async () => {
    const brief = ['--device', 'cpu', '--duration', '50ms', '--warm-up', '10ms', '--rounds', '3'];
    const { code, document } = await runJson('bench', 'add.onnx', ...brief, '--against-model', 'add.onnx');
    expect(code).toBe(0);
    expect(document).toMatchObject({ kind: 'comparison', method: 'interleaved', rounds: 3 });
  });

  it('compares two results, and fails where a condition holds', async () => {
    for (const name of ['a.json', 'b.json'])
      expect((await run(['bench', 'add.onnx', ...quick, '-o', name])).code).toBe(0);
    const compared = await runJson('compare', 'a.json', 'b.json');
    expect(compared).toMatchObject({ code: 0, document: { kind: 'comparison', a: { name: 'a.json' } } });
    // Whatever the machine does meanwhile: no measurement takes a time below zero.
    const failed = await runJson('compare', 'a.json', 'b.json', '--fail-if', 'p50>0ms');
    expect(failed).toMatchObject({ code: 1, document: { conditions: [{ holds: true }] } });
  });

  it.each([
    ['bench add.onnx --batch 3', 2, 'ERR_TRT_ARG_USAGE'],
    ['bench add.onnx --rate 0', 2, 'ERR_TRT_ARG_USAGE'],
    ['bench add.onnx --device cpu --no-transfers', 2, 'ERR_TRT_ARG_VALUE'],
    ['bench add.onnx --schedule absent.txt', 1, 'ERR_TRT_LOAD_FILE'],
    ['bench add.onnx -o absent/a.json', 1, 'ERR_TRT_LOAD_FILE'],
    ['compare absent.json absent.json', 1, 'ERR_TRT_LOAD_FILE'],
    ['compare add.onnx add.onnx', 1, 'ERR_TRT_BENCH_RESULT'],
  ])('%s ends with %i and %s', async (line, code, errorCode) => {
    const ended = await runJson(...line.split(' '));
    expect(ended).toMatchObject({ code, document: { error: { code: errorCode } } });
  });

  it('refuses data of the wrong type or shape before it measures', async () => {
    await writeNpy(join(folder, 'wrong.npy'), { type: 'float32', dims: [8], data: new Float32Array(8) });
    const { code, document } = await runJson('bench', 'add.onnx', ...quick, '--input', 'x=@wrong.npy');
    expect({ code, error: document.error.code }).toEqual({ code: 1, error: 'ERR_TRT_RUN_INPUT_SHAPE' });
  });
});

describe('the terminal', () => {
  it('ends quietly when the reader of its output goes away', async () => {
    const child = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${MAIN}" inspect conv.onnx --json | head -c 10`],
      { cwd: folder },
    );
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await new Promise((resolve_) => child.on('close', resolve_));
    expect(stderr).toBe('');
  });

  it('shows stacks only with --verbose or DEBUG', async () => {
    const args = ['inspect', 'absent.onnx'];
    expect((await run(args)).stderr).not.toMatch(/^ +at /m);
    expect((await run([...args, '--verbose'])).stderr).toMatch(/ at /);
    expect((await run(args, { DEBUG: '*' })).stderr).toMatch(/ at /);
  });

  it('starts without opening a native library or loading a command', async () => {
    const script = `process.argv = ['node', 'cli', '--help'];
      process.on('exit', () => {
        const loaded = Object.keys(require.cache).map((path) => path.replace(/\\\\\\\\/g, '/'));
        console.error(JSON.stringify(loaded.filter((path) => /\\.node$|cli\\/commands\\/|dist\\/index\\.js|onnx\\//.test(path))));
      });
      require(${JSON.stringify(MAIN)});`;
    const { stderr } = await new Promise<{ stderr: string }>((resolve_) => {
      execFile(process.execPath, ['-e', script], (_error, _stdout, text) => resolve_({ stderr: text }));
    });
    expect(JSON.parse(stderr)).toEqual([]);
  });
});
