// SPDX-License-Identifier: Apache-2.0
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadOptions } from '../../../../lib/bench/load-options';
import { TensorRTError } from '../../../../lib/errors';
import { writeNpy } from '../../../../lib/tensor/npy';
import { sampleResult } from '../../../bench-documents';
import { fakeBench } from '../fake-bench';
import { runFake } from '../fake-cli';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

const wrongUsage = async (line: string | string[]) => {
  const { code, stderr } = await runFake(line, fakeBench());
  expect(code).toBe(2);
  return stderr;
};

describe('bench', () => {
  it.each<[string, object]>([
    ['', { load: { concurrency: 1 }, name: 'm.onnx', model: 'm.onnx', label: 'cpu', case: {}, batch: 1 }],
    [
      '--duration 2s --warm-up 50ms --iterations 7 --warm-up-iterations 3',
      { durationMs: 2000, warmUpMs: 50, iterations: 7, warmUpIterations: 3 },
    ],
    ['--concurrency 4 --calls run', { load: { concurrency: 4 }, calls: 'run' }],
    ['--rate 100', { load: { ratePerSecond: 100 } }],
    [
      '--rate 12.5 --arrivals poisson --seed 7 --max-in-flight 64',
      { load: { ratePerSecond: 12.5, arrivals: 'poisson', seed: 7, maxInFlight: 64 } },
    ],
    ['--schedule calls.txt --max-in-flight 8', { load: { schedule: 'calls.txt', maxInFlight: 8 } }],
    ['--stability-latency p99 --stability-percent 5%', { stabilityLatency: 'p99', stabilityPercent: 5 }],
    ['--percentile 97.5 --percentile 99.9,50', { percentiles: [97.5, 99.9, 50] }],
    [
      '--no-transfers --stage-times off --no-pipelined',
      { transfers: false, stageTimes: false, pipelined: false },
    ],
    [
      '--stage-times on --pipelined --layers --cold-start',
      { stageTimes: true, pipelined: true, layers: true, coldStart: true },
    ],
    ['--trtexec-compat=10', { trtexecCompat: 10 }],
    ['--batch 8', { batch: 8, moreSettings: { shapes: { x: [8, 3] }, inputs: { x: 'random' }, seed: 0 } }],
    ['--shapes x:4x3 --seed 3', { batch: 4, moreSettings: { shapes: { x: [4, 3] }, seed: 3 } }],
  ])('%s is measured so', async (line, expected) => {
    const world = fakeBench();
    const { code } = await runFake(`bench m.onnx ${line}`, world);
    expect(code).toBe(0);
    expect(world.requests).toHaveLength(1);
    expect(world.requests[0]).toMatchObject(expected);
  });

  it('asks for nothing that was not written', async () => {
    const { api, requests } = fakeBench();
    await runFake('bench m.onnx', { api });
    const asked = Object.entries(requests[0]!).filter(([, value]) => value !== undefined);
    expect(asked.map(([name]) => name).sort()).toEqual(
      'batch case feeds label load model moreSettings name onPhase session sessionOptions signal versions'.split(
        ' ',
      ),
    );
  });

  it('opens the session with what concerns it', async () => {
    const { api, opened, closed } = fakeBench();
    const gpu = '--dynamic-axes batch=2,4,8 --profile 1 --cuda-graph off --plugins a.so,b.so --spin-wait';
    await runFake(`bench m.onnx --device cuda:1 --contexts 2 --threads 3 --concurrency 2000 ${gpu}`, { api });
    expect(opened).toEqual([
      [
        'm.onnx',
        {
          device: 'cuda:1',
          contexts: 2,
          intraOpNumThreads: 3,
          maxQueue: 2000,
          spinWait: true,
          stageTimes: true,
          build: { dynamicAxes: { batch: [2, 4, 8] } },
          profile: 1,
          cudaGraph: 'off',
          plugins: ['a.so', 'b.so'],
        },
      ],
    ]);
    expect(closed).toEqual(['m.onnx on cuda:1']);
  });

  it('lets as many calls wait as a rate may have in flight', async () => {
    const { api, opened } = fakeBench();
    await runFake('bench m.onnx --rate 10 --max-in-flight 5000', { api });
    await runFake('bench m.onnx --rate 10', { api });
    expect(opened.map(([, options]) => options['maxQueue'])).toEqual([5000, 1024]);
  });

  it('makes the session as trtexec has it where that is asked for', async () => {
    const { api, opened } = fakeBench();
    await runFake('bench m.engine --device cuda:0 --trtexec-compat 11', { api });
    expect(opened[0]![1]).toMatchObject({ cudaGraph: 'auto', spinWait: true });
  });

  it('prints one document and nothing else with --json', async () => {
    const { code, stdout, stderr } = await runFake('bench m.onnx --json', fakeBench());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      kind: 'measurement',
      model: 'm.onnx',
      environment: { versions: { 'tensorrt-node': '9.8.7', onnxruntime: '1.30.0' } },
    });
  });

  it('says meanwhile what is going on', async () => {
    const world = fakeBench((request) => {
      for (const phase of ['open', 'warm-up', 'measure', 'layers', 'cold-start'] as const)
        request.onPhase?.(phase);
      return {};
    });
    const { stderr } = await runFake('bench m.onnx --duration 60ms', world);
    expect(stderr.split('\n')).toEqual([
      'dynamic dimensions taken as 1: --shapes x:1x3',
      'warming up on cpu with ONNX Runtime for 500 ms …',
      'measuring on cpu with ONNX Runtime for 60.0 ms …',
      'taking the times of the layers …',
      'measuring the cold start in fresh processes …',
      '',
    ]);
  });

  it('closes the session when the measurement fails', async () => {
    const world = fakeBench(() =>
      Promise.reject(new TensorRTError('ERR_TRT_RUN_INPUT_SHAPE', 'does not fit')),
    );
    const { code, stderr } = await runFake('bench m.onnx', world);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_TRT_RUN_INPUT_SHAPE');
    expect(world.closed).toHaveLength(1);
  });

  it('reports what was measured until a call failed, and ends with 1', async () => {
    const error = { code: 'ERR_TRT_RUN_FAILED', message: 'the 1,000th call failed' };
    const world = fakeBench(() => ({ end: 'failed', stable: false, unstableReason: 'it failed', error }));
    const { code, stdout } = await runFake('bench m.onnx', world);
    expect(code).toBe(1);
    expect(stdout).toMatch(/throughput .*\n/);
    expect(stdout).toContain('failed  the 1,000th call failed  ERR_TRT_RUN_FAILED');
  });

  it('ends with 1 for an unstable measurement only where it must be stable', async () => {
    const unstable = () => ({ stable: false, unstableReason: 'throughput differs by 30 %' });
    const plain = await runFake('bench m.onnx', fakeBench(unstable));
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain('not stable  throughput differs by 30 %');
    expect((await runFake('bench m.onnx --require-stable', fakeBench(unstable))).code).toBe(1);
    expect((await runFake('bench m.onnx --require-stable', fakeBench())).code).toBe(0);
  });

  it('reports and writes what it has when it is interrupted, and ends with 130', async () => {
    let interrupt: () => void = () => undefined;
    const onInterrupt = (listener: () => void) => {
      interrupt = listener;
      return () => undefined;
    };
    const world = fakeBench(async ({ signal }) => {
      interrupt();
      return {
        end: signal!.aborted ? 'interrupted' : 'complete',
        stable: false,
        unstableReason: 'interrupted',
      };
    });
    const file = join(folder, 'interrupted.json');
    const { code, stdout, stderr } = await runFake(['bench', 'm.onnx', '-o', file], {
      ...world,
      onInterrupt,
    });
    expect(code).toBe(130);
    expect(stderr).toContain('ending the measurement');
    expect(stdout).toContain('not stable  interrupted');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ end: 'interrupted' });
  });
});

describe('bench of several cases', () => {
  it('measures all combinations over one session, and prints a suite', async () => {
    const { api, opened, requests } = fakeBench();
    const { code, stdout } = await runFake('bench m.onnx --batch 1,4 --concurrency 1:4:x2 --json', { api });
    expect(code).toBe(0);
    expect(opened).toHaveLength(1);
    expect(requests.map(({ label }) => label)).toEqual([
      'batch 1 · 1 in flight',
      'batch 1 · 2 in flight',
      'batch 1 · 4 in flight',
      'batch 4 · 1 in flight',
      'batch 4 · 2 in flight',
      'batch 4 · 4 in flight',
    ]);
    const concurrencies = requests.map(
      ({ load }) => (load as Extract<LoadOptions, { concurrency: number }>).concurrency,
    );
    expect(concurrencies).toEqual([1, 2, 4, 1, 2, 4]);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'suite',
      axes: ['batch', 'concurrency'],
      measurements: { length: 6 },
      failed: [],
    });
  });

  it('opens one session for each device, and closes it before the next', async () => {
    const { api, opened, closed } = fakeBench(() => {
      openAtOnce.push(opened.length - closed.length);
      return {};
    });
    const openAtOnce: number[] = [];
    const { stdout } = await runFake('bench m.onnx --device cpu,cuda:0 --batch 1,2', { api });
    expect(opened.map(([, { device }]) => device)).toEqual(['cpu', 'cuda:0']);
    expect(openAtOnce).toEqual([1, 1, 1, 1]);
    expect(closed).toHaveLength(2);
    expect(stdout).toMatch(/case +inferences\/s/);
    expect(stdout).toMatch(/cuda:0 · batch 2 +/);
  });

  it('keeps a case that fails, measures the others, and ends with 1', async () => {
    const world = fakeBench(({ batch }) =>
      batch === 2 ? Promise.reject(new TensorRTError('ERR_TRT_RUN_PROFILE', 'batch 2 is too large')) : {},
    );
    const { code, stdout, stderr } = await runFake('bench m.onnx --batch 1,2,4', world);
    expect(code).toBe(1);
    expect(stderr).toContain('2 of 3: batch 2');
    expect(stdout).toContain('failed  batch 2: batch 2 is too large  ERR_TRT_RUN_PROFILE');
    expect(stdout).toMatch(/^ +batch 4 /m);
  });

  it('puts precisions side by side, with the difference from the first', async () => {
    const halves = join(folder, 'm-fp16.onnx');
    const world = fakeBench(undefined, (model) => (model === halves ? 1.9 : 2));
    const line = ['bench', 'm.onnx', '--precision', `fp32,fp16=${halves}`, '--input', 'x=ones:1x3', '--json'];
    const { code, stdout } = await runFake(line, world);
    expect(code).toBe(0);
    expect(world.opened.map(([model]) => model)).toEqual(['m.onnx', halves]);
    const [first, second] = JSON.parse(stdout).measurements;
    expect(first).toMatchObject({ model: 'm.onnx', case: { precision: 'fp32' } });
    expect(first).not.toHaveProperty('accuracy');
    expect(second).toMatchObject({
      model: halves,
      accuracy: [{ output: 'y', cosine: 1, maxAbsDifference: expect.closeTo(0.1, 5), top1Agreement: 1 }],
    });
  });

  it('makes the precisions of an ONNX model that are not there, and removes them afterwards', async () => {
    const world = fakeBench();
    const made: unknown[] = [];
    const saved = { save: (path: string) => writeFile(path, 'rewritten') };
    const kept = [{ node: 'a', op: 'Exp', reason: 'range' }];
    const cast = async (model: string, { to, calibration }: { to: string; calibration?: unknown[] }) => {
      made.push([model, to, calibration?.length]);
      return { model: saved, report: { reduced: 4, kept } };
    };
    const quantize = async (model: string, { calibration }: { calibration?: unknown[] }) => {
      made.push([model, 'int8', calibration?.length]);
      return { model: saved, report: { quantized: [1, 2], kept: [] } };
    };
    const api = { ...world.api, cast: cast as never, quantize: quantize as never };
    const { code, stderr } = await runFake(
      'bench dir/m.onnx --precision fp32,fp16,bf16,int8 --input-sets 5',
      {
        api,
      },
    );
    expect(code).toBe(0);
    expect(made).toEqual([
      ['dir/m.onnx', 'fp16', 5],
      ['dir/m.onnx', 'bf16', undefined],
      ['dir/m.onnx', 'int8', 5],
    ]);
    expect(stderr).toContain('fp16: 4 nodes compute in it, 1 node kept as they were');
    expect(stderr).toContain('int8: 2 nodes compute in it');
    const path = world.requests[1]!.model as string;
    expect(path).toMatch(/m-fp16\.onnx$/);
    expect(world.requests[1]!.name).toBe('dir/m.onnx');
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('says that an engine cannot be brought to another precision', async () => {
    const { code, stderr } = await runFake('bench m.engine --precision int8', fakeBench());
    expect(code).toBe(1);
    expect(stderr).toMatch(/m\.engine cannot be brought to int8[\s\S]*ERR_TRT_BUILD_PRECISION/);
  });

  it('searches the highest rate that keeps a latency', async () => {
    const world = fakeBench(({ load }) => {
      const rate = (load as { ratePerSecond?: number }).ratePerSecond ?? 100;
      const throughput = { inferencesPerSecond: rate, samplesPerSecond: rate, requestedPerSecond: rate };
      return {
        latencyMs: { ...latencyMs, p99: rate > 300 ? 50 : 5 },
        throughput,
        inferences: rate * 10,
        measuredMs: 10_000,
      };
    });
    const { latencyMs } = sampleResult();
    const { code, stdout } = await runFake('bench m.onnx --latency-limit p99=10ms --json', world);
    expect(code).toBe(0);
    const suite = JSON.parse(stdout);
    expect(suite).toMatchObject({
      kind: 'suite',
      axes: ['rate'],
      search: { limit: { percentile: 'p99', milliseconds: 10 } },
    });
    expect(suite.search.highestRatePerSecond).toBeGreaterThan(280);
    expect(suite.search.highestRatePerSecond).toBeLessThanOrEqual(300);
    // One look at the speed comes first, and is no part of the result.
    expect(world.requests).toHaveLength(Number(suite.measurements.length) + 1);
    expect(suite.measurements[0].case).toEqual({ ratePerSecond: 50 });
    expect(world.requests[1]).toMatchObject({ percentiles: [99] });
  });
});

describe('bench against a reference', () => {
  /** A comparison by rounds as the library gives it, with a change of `percent`. */
  async function against(line: string[], percent: number, extra: object = {}) {
    const { compareDocuments } = await import('../../../../lib/bench/compare/compare-documents');
    const { sampleResult } = await import('../../../bench-documents');
    const world = fakeBench();
    const seen: Record<string, unknown>[] = [];
    const benchAgainst = async (request: Record<string, unknown>) => {
      seen.push(request);
      const result = sampleResult();
      for (const side of ['a', 'b'])
        (request['onRound'] as (round: object) => void)({ round: 1, rounds: 7, side, result });
      const comparison = compareDocuments(result, result, {});
      const [one] = comparison.cases;
      const metrics = one!.metrics.map((metric) =>
        metric.name === 'p50'
          ? { ...metric, changePercent: percent, verdict: percent > 5 ? 'slower' : 'no difference seen' }
          : metric,
      );
      return { ...comparison, method: 'interleaved', rounds: 7, cases: [{ ...one!, metrics }] };
    };
    const api = { ...world.api, benchAgainst: benchAgainst as never };
    const ended = await runFake(['bench', 'm.onnx', ...line], { api, ...extra });
    return { ...ended, world, request: seen[0] };
  }

  it('measures one case in turn with the reference, and shows the comparison', async () => {
    const { code, stdout, stderr, request, world } = await against(
      ['--against', './other', '--rounds', '5', '--batch', '2'],
      0,
    );
    expect(code).toBe(0);
    expect(request).toMatchObject({
      target: { kind: 'module', specifier: './other' },
      rounds: 5,
      measurement: {
        model: 'm.onnx',
        load: { concurrency: 1 },
        batch: 2,
        sessionOptions: { device: 'auto' },
      },
    });
    // The times of stages are decided in the process that measures.
    expect((request!['measurement'] as { sessionOptions: object }).sessionOptions).not.toHaveProperty(
      'stageTimes',
    );
    expect(world.closed).toHaveLength(1);
    expect(stderr).toContain('round 1 of 7: reference 7.');
    expect(stdout).toMatch(/no difference seen {2}b against a|against/);
    expect(stdout).toMatch(/p50 +[\d.]+ +[\d.]+ +ms/);
  });

  it('takes another model of this package as the reference', async () => {
    const { request, world } = await against(['--against-model', 'old.onnx'], 0);
    expect(request).toMatchObject({
      target: { kind: 'self' },
      againstModel: 'old.onnx',
      againstFeeds: { x: {} },
    });
    expect(world.opened.map(([model]) => model)).toEqual(['m.onnx', 'old.onnx']);
  });

  it('ends with 1 where a condition holds, and writes reports', async () => {
    const report = join(folder, 'against.md');
    const slow = await against(['--against', 'self', '--fail-if', 'p50>+5%', '-o', report], 9);
    expect(slow.code).toBe(1);
    expect(slow.stdout).toMatch(/holds +p50>\+5%/);
    expect(await readFile(report, 'utf8')).toContain('**fails**');
    const same = await against(['--against', 'self', '--fail-if', 'p50>+5%'], 1);
    expect(same.code).toBe(0);
    expect(same.stdout).toMatch(/passes +p50>\+5%/);
  });

  it.each([
    ['--against self --batch 1,2', /--against takes one case/],
    ['--against self --latency-limit p99=1ms', /--latency-limit searches/],
    ['--against self --input-sets 2', /one set of inputs/],
    ['--against command:', /--against: Expected self/],
    ['--against self --trace t.json', /--against measures in processes of their own/],
    ['--against self -o table.csv', /no form as \.csv/],
    ['--against self --fail-if p99', /--fail-if: Expected a metric/],
    ['--against self --rounds 1', /--rounds expects a whole number from 3/],
  ])('%s is wrong usage', async (line, message) => {
    const { code, stderr } = await against(line.split(' '), 0);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('results of bench as files', () => {
  it('writes each file in the format of its ending', async () => {
    const path = (name: string) => join(folder, `all.${name}`);
    const files = ['json', 'html', 'csv', 'md', 'xml'].flatMap((ending) => ['-o', path(ending)]);
    const { code, stderr } = await runFake(['bench', 'm.onnx', '--shapes', 'x:1x3', ...files], fakeBench());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const read = (ending: string) => readFile(path(ending), 'utf8');
    expect(JSON.parse(await read('json'))).toMatchObject({ kind: 'measurement', model: 'm.onnx' });
    expect(await read('html')).toMatch(/^<!doctype html>/i);
    expect(await read('csv')).toMatch(/^label,model,/);
    expect(await read('md')).toMatch(/^### m\.onnx on cpu \(onnxruntime\)\n\n\| Case \|/);
    expect(await read('xml')).toMatch(/^<\?xml/);
  });

  it('counts an unstable measurement as a failed test where it must be stable', async () => {
    const path = join(folder, 'unstable.xml');
    const world = () => fakeBench(() => ({ stable: false, unstableReason: 'no' }));
    await runFake(['bench', 'm.onnx', '-o', path], world());
    expect(await readFile(path, 'utf8')).toContain('failures="0"');
    await runFake(['bench', 'm.onnx', '--require-stable', '-o', path], world());
    expect(await readFile(path, 'utf8')).toContain('failures="1"');
  });

  it('writes each call as a Chrome trace', async () => {
    const path = join(folder, 'trace.json');
    const world = fakeBench(({ callLog }) => {
      callLog!.add(0, 1, 3, 0);
      return {};
    });
    await runFake(['bench', 'm.onnx', '--trace', path], world);
    const { traceEvents } = JSON.parse(await readFile(path, 'utf8'));
    expect(traceEvents).toContainEqual(expect.objectContaining({ name: 'call', ph: 'X', dur: 2000 }));
  });

  it('looks whether it can write before it measures', async () => {
    const world = fakeBench();
    const { code, stderr } = await runFake(
      ['bench', 'm.onnx', '-o', join(folder, 'absent', 'a.json')],
      world,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot write .*a\.json[\s\S]*ERR_TRT_LOAD_FILE/);
    expect(world.requests).toEqual([]);
  });

  it.each([
    ['a folder', (path: string) => mkdir(path), /cannot write .*: it is a folder/],
    [
      'a file that is read-only',
      (path: string) => writeFile(path, 'kept', { mode: 0o444 }),
      /cannot write .*: it is there and read-only/,
    ],
  ])('refuses %s before it measures', async (name, make, message) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.json`);
    await make(path);
    const world = fakeBench();
    const { code, stderr } = await runFake(['bench', 'm.onnx', '-o', path], world);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(world.requests).toEqual([]);
  });

  it('prints the result and writes the other files where one cannot be written', async () => {
    const good = join(folder, 'good.json');
    const bad = join(folder, 'taken.csv');
    const world = fakeBench(async () => {
      await mkdir(bad);
      return {};
    });
    const { code, stdout, stderr } = await runFake(['bench', 'm.onnx', '-o', bad, '-o', good], world);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_TRT_LOAD_FILE');
    expect(stdout).toContain('throughput');
    expect(JSON.parse(await readFile(good, 'utf8'))).toMatchObject({ kind: 'measurement' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('keeps what was there where the result cannot be made', async () => {
    const path = join(folder, 'kept.csv');
    await writeFile(path, 'before');
    const world = fakeBench(() => ({ latencyMs: null as never }));
    await runFake(['bench', 'm.onnx', '--json', '-o', path], world);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it('writes through a link, and leaves it a link', async () => {
    const [real, link] = [join(folder, 'real.json'), join(folder, 'link.json')];
    await writeFile(real, 'before');
    await symlink(real, link);
    await runFake(['bench', 'm.onnx', '-o', link], fakeBench());
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(real, 'utf8'))).toMatchObject({ kind: 'measurement' });
  });

  it.each([
    ['bench m.onnx -o report.pdf', /ends with \.json, \.html, \.csv, \.md, \.xml, but got 'report.pdf'/],
    ['bench m.onnx --trace t.txt', /--trace expects a file that ends with \.json, but got 't\.txt'/],
    ['bench m.onnx -o a.json -o a.json', /a\.json is written twice/],
  ])('%s is wrong usage', async (line, message) => expect(await wrongUsage(line)).toMatch(message));
});

describe('inputs of bench', () => {
  it('hands over all sets', async () => {
    for (const name of ['1.npy', '2.npy'])
      await writeNpy(join(folder, name), {
        type: 'float32',
        dims: [1, 3],
        data: new Float32Array(3).fill(Number(name[0])),
      });
    const world = fakeBench();
    await runFake(['bench', 'm.onnx', '--input', `x=@${folder}`], world);
    expect(world.requests[0]!.feeds).toHaveLength(2);
    expect(world.requests[0]!.moreSettings).toMatchObject({ inputs: { x: `@${folder}` }, inputSets: 2 });
  });

  it('calls a generator module for each set, with the batch', async () => {
    const path = join(folder, 'inputs.mjs');
    const body = 'new Float32Array(3 * batch).fill(index)';
    await writeFile(
      path,
      `export default ({ index, batch }) => ({ x: { data: ${body}, dims: [batch, 3] } })`,
    );
    const world = fakeBench();
    const { code } = await runFake(
      ['bench', 'm.onnx', '--input-module', path, '--input-sets', '2', '--batch', '2'],
      world,
    );
    expect(code).toBe(0);
    expect(world.requests[0]!.feeds).toMatchObject([{ x: { dims: [2, 3] } }, { x: { dims: [2, 3] } }]);
  });

  it('says for each case that its batch does not fit the data', async () => {
    const path = join(folder, 'two.npy');
    await writeNpy(path, { type: 'float32', dims: [2, 3], data: new Float32Array(6) });
    const { code, stdout } = await runFake(
      ['bench', 'm.onnx', '--batch', '2,4', '--input', `x=@${path}`],
      fakeBench(),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/failed {2}batch 4: Input 'x' has shape \[4, 3\] with --batch 4, which \[2, 3\]/);
  });
});
