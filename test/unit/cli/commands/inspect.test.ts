// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suggestProfileOptions } from '../../../../lib/cli/inspect/suggest-profiles';
import { TensorRTError } from '../../../../lib/errors';
import { readModelInfo } from '../../../../lib/onnx';
import { convModel, dynamicModel, identityModel } from '../../../onnx-models';
import { manifestFor } from '../../../plan-samples';
import { runFake } from '../fake-cli';

let folder = '';
const file = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-inspect-'));
});
afterAll(() => rm(folder, { recursive: true }));

const api = { readModelInfo: (path: string) => readModelInfo(path) };

/** The first bytes of a TensorRT 10.16 plan. */
function planBytes(): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.write('ftrt', 'latin1');
  bytes.set([10, 16, 0, 1], 24);
  return bytes;
}

describe('inspect of an ONNX model', () => {
  it('tells inputs, operators, size and the options that a build needs', async () => {
    const { code, stdout } = await runFake(['inspect', await file('conv.onnx', convModel('batch'))], { api });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Inputs\n {2}images {2}float32 {2}\[batch, 1, 8, 8\]/);
    expect(stdout).toMatch(/Outputs\n {2}logits {2}float32 {2}\[batch, 10\]/);
    expect(stdout).toMatch(/Operators {2}6 nodes\n {2}Conv +2\n/);
    expect(stdout).toMatch(/tensorrt-node build .*conv\.onnx --dynamic-axes batch=1,8,32\n$/);
    expect(stdout).toContain('nothing is known that TensorRT would refuse');
  });

  it('is one JSON document with --json', async () => {
    const { stdout, stderr } = await runFake(['inspect', '--json', await file('fixed.onnx', convModel())], {
      api,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'onnx',
      inputs: [{ name: 'images', type: 'float32', dims: [1, 1, 8, 8] }],
      nodes: { count: 6, operators: { '': { Conv: 2, Gemm: 1 } } },
      problems: [],
      suggestedOptions: [],
    });
  });

  it('prints the graph with --graph, and ranges of weights with --verbose', async () => {
    const path = await file('graph.onnx', convModel());
    const { code, stdout } = await runFake(['inspect', path, '--graph'], { api });
    expect(code).toBe(0);
    expect(stdout).toContain('\nr1: float32 [1, 8, 8, 8] = Relu(c1)  # relu1\n');
    expect(stdout).not.toContain('-0.5 to 0.4');
    const verbose = await runFake(['inspect', path, '--graph', '--verbose'], { api });
    expect(verbose.stdout).toContain('288 bytes, -0.5 to 0.423077');
    const { graph } = JSON.parse((await runFake(['inspect', path, '--graph', '--json'], { api })).stdout);
    expect(graph).toContain('input images: float32 [1, 1, 8, 8]');
  });

  it('has no graph to print of an engine', async () => {
    const path = await file('some.engine', planBytes());
    const { code, stderr } = await runFake(['inspect', path, '--graph'], { api });
    expect(code).toBe(2);
    expect(stderr).toContain('--graph is for ONNX models');
  });

  it('says what TensorRT would refuse, once for all families', async () => {
    const path = await file('double.onnx', identityModel([4], 'DOUBLE'));
    const { code, stdout } = await runFake(['inspect', path], { api });
    expect(code).toBe(0);
    expect(stdout).toMatch(/TensorRT would refuse this model\n {2}- .*DOUBLE/);
    const { problems } = JSON.parse((await runFake(['inspect', '--json', path], { api })).stdout);
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
        families: ['tensorrt-rtx', 'tensorrt-11', 'tensorrt-10'],
      }),
    ]);
  });

  it('leaves it to the reader to name what a file is', async () => {
    const { code, stderr } = await runFake(
      ['inspect', await file('photo.onnx', Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1'))],
      { api },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/a PNG image/);
    expect((await runFake(['inspect', join(folder, 'absent.onnx')], { api })).stderr).toContain(
      'ERR_TRT_ONNX_FILE_NOT_FOUND',
    );
  });

  it('does not wait for a pipe', async () => {
    const path = join(folder, 'pipe.onnx');
    execFileSync('mkfifo', [path]);
    const { code, stderr } = await runFake(['inspect', path], { api });
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_TRT_ONNX_FILE_UNREADABLE');
  });

  it('suggests a command that a shell takes as it is, without control characters', async () => {
    const path = await file('my $model.onnx', convModel('ba\u001btch'));
    const { stdout } = await runFake(['inspect', path], { api });
    expect(stdout).toContain(`tensorrt-node build '${path}' --dynamic-axes "ba\ufffdtch=`);
    expect(stdout).not.toContain('\u001b');
  });

  it('shows no control characters of a name', async () => {
    const bytes = Buffer.from(identityModel());
    const name = bytes.indexOf('Identity');
    bytes[name] = 0x1b;
    expect((await runFake(['inspect', await file('evil.onnx', bytes)], { api })).stdout).not.toContain(
      '\u001b',
    );
  });
});

describe('suggestProfileOptions', () => {
  const suggest = (inputs: unknown[], symbols: string[] = [], shapeInputs: string[] = []) =>
    suggestProfileOptions({ inputs, symbols, shapeInputs } as never);

  it('takes symbols by name, with ranges that suit their names', async () => {
    expect(suggestProfileOptions(await readModelInfo(dynamicModel()))).toEqual([
      '--dynamic-axes batch=1,8,32',
      '--dynamic-axes height=64,224,512',
      '--dynamic-axes width=64,224,512',
    ]);
  });

  it('writes whole shapes where a dimension has no name, quoted where need be', () => {
    expect(suggest([{ name: 'Input:0', dims: ['batch', 3, -1] }], ['batch'])).toEqual([
      `--min-shapes "'Input:0':1x3x1"`,
      `--opt-shapes "'Input:0':8x3x8"`,
      `--max-shapes "'Input:0':32x3x32"`,
    ]);
  });

  it('takes symbols by name beside that for inputs that have nothing else', () => {
    const inputs = [
      { name: 'a', dims: ['batch', -1] },
      { name: 'b', dims: ['batch'] },
    ];
    expect(suggest(inputs, ['batch'])[0]).toBe('--dynamic-axes batch=1,8,32');
  });

  it('asks for values of shape tensors', () => {
    expect(suggest([{ name: 'size', dims: [2] }], [], ['size'])).toEqual([
      '--min-values size:1x1',
      '--opt-values size:8x8',
      '--max-values size:32x32',
    ]);
  });
});

describe('inspect of an engine', () => {
  const report = { tensorrt: [], cuda: { reason: 'no driver' } };
  const probe = () => Promise.resolve(report as never);

  it('tells who built it and why it does not run here', async () => {
    const path = await file('a.engine', planBytes());
    const engine = { probe, loadEngine: () => Promise.resolve({} as never) };
    const { code, stdout } = await runFake(['inspect', path], { api: engine });
    expect(code).toBe(0);
    expect(stdout).toMatch(/built with +TensorRT 10\.16\.0\.1/);
    expect(stdout).toMatch(/manifest +none/);
    expect(stdout).toMatch(
      /Does not run here\n {2}- TensorRT 10 is not installed here\.\n {2}- No usable GPU here: no driver/,
    );
    expect(JSON.parse((await runFake(['inspect', '--json', path], { api: engine })).stdout)).toMatchObject({
      kind: 'plan',
      family: 'tensorrt-10',
      version: '10.16.0.1',
      bytes: 64,
      runsHere: false,
      manifest: null,
    });
  });

  it('shows the verdict of the loader', async () => {
    const error = new TensorRTError('ERR_TRT_LOAD_PLAN_VERSION', 'built with 10.16, installed is 10.9');
    const { stdout } = await runFake(['inspect', await file('b.engine', planBytes())], {
      api: { probe, loadEngine: () => Promise.reject(error) },
    });
    expect(stdout).toMatch(/Does not run here\n {2}- built with 10\.16, installed is 10\.9\n/);
  });

  it('reports a manifest that is broken without giving up', async () => {
    const path = await file('c.engine', planBytes());
    await file('c.engine.json', '{"formatVersion": 1}');
    const { code, stdout } = await runFake(['inspect', '--json', path], {
      api: { probe, loadEngine: () => Promise.resolve({} as never) },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).reasons).toEqual([
      expect.objectContaining({ code: 'ERR_TRT_LOAD_MANIFEST_INVALID' }),
    ]);
  });

  it('shows no control characters of its manifest and of the verdict', async () => {
    const evil = '\u001b[2J';
    const path = await file('evil.engine', planBytes());
    const manifest = manifestFor(planBytes(), {
      createdBy: evil,
      gpu: { name: evil, computeCapability: 89 },
      options: { [evil]: evil },
      precision: { [evil]: 1 },
      warnings: [evil],
    });
    await file('evil.engine.json', JSON.stringify(manifest));
    const error = new TensorRTError('ERR_TRT_LOAD_PLAN_VERSION', evil);
    const engine = { probe, loadEngine: () => Promise.reject(error) };
    for (const name of [path, `${path}.json`]) {
      const { code, stdout } = await runFake(['inspect', name, '--verbose'], { api: engine });
      expect(code).toBe(0);
      expect(stdout).toContain('built by');
      expect(stdout).not.toContain('\u001b');
    }
  });

  it('fails for a truncated one', async () => {
    const { code, stderr } = await runFake(['inspect', await file('d.engine', planBytes().subarray(0, 20))]);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_TRT_LOAD_PLAN_TRUNCATED');
  });
});

describe('inspect of a manifest', () => {
  it('checks every field', async () => {
    const { code, stderr } = await runFake([
      'inspect',
      await file('e.json', '{"formatVersion": 1, "createdBy": 3}'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_TRT_LOAD_MANIFEST_INVALID');
  });
});
