// SPDX-License-Identifier: Apache-2.0
// What is not a model, or a broken one: each with its code, and with the kind of file where it can be told.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../lib/errors';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel, type GraphSpec } from '../../onnx-builder';
import * as models from '../../onnx-models';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-bad-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function failure(source: unknown): Promise<TensorRTError> {
  const error: unknown = await readModelInfo(source as string).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TensorRTError);
  return error as TensorRTError;
}

const text = (value: string) => new TextEncoder().encode(value);
const identity = models.identityModel();

describe('files that are no ONNX model', () => {
  const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 102442450\n';
  const SAFETENSORS = [...new Uint8Array(new BigUint64Array([64n]).buffer), ...text('{"__metadata__":{}}')];
  it.each<[kind: string, bytes: Uint8Array]>([
    ['git-lfs-pointer', text(LFS)],
    ['text', text('input,output\n1,2\n')],
    ['json', text('{"model": "resnet50"}')],
    ['json', text('[1, 2, 3]')],
    ['html', text('\n<!DOCTYPE html><html><head><title>Not Found</title>')],
    ['xml', text('<?xml version="1.0"?><net/>')],
    ['png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
    ['jpeg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16)],
    ['zip', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0)],
    ['gzip', gzipSync(identity)],
    ['elf', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0)],
    ['tensorrt-plan', Uint8Array.of(0x66, 0x74, 0x72, 0x74, 0, 0, 0, 0, 1, 2, 3, 4)],
    ['tensorrt-plan', Uint8Array.of(0x76, 0x74, 0x72, 0x74, 0, 0, 0, 0, 1, 2, 3, 4)],
    ['safetensors', Uint8Array.from(SAFETENSORS)],
    ['tflite', Uint8Array.of(0x1c, 0, 0, 0, ...text('TFL3'))],
    ['zeros', new Uint8Array(4096)],
    ['unknown', Uint8Array.from({ length: 4096 }, (_, index) => (index * 2654435761) >>> 13)],
  ])('says that it is %s', async (kind, bytes) => {
    const error = await failure(bytes);
    expect(error.code).toBe('ERR_TRT_ONNX_NOT_ONNX');
    expect(error.details['kind']).toBe(kind);
  });

  it('tells how to get the file behind an LFS pointer, and its path', async () => {
    const path = join(folder, 'lfs.onnx');
    await writeFile(path, LFS);
    const error = await failure(path);
    expect(error.hint).toContain('git lfs pull');
    expect(error.message).toContain(path);
  });

  it('sends engines to loadEngine', async () => {
    expect((await failure(text('ftrt0000'))).hint).toContain('loadEngine');
  });

  it('reports an empty file and empty bytes', async () => {
    const path = join(folder, 'empty.onnx');
    await writeFile(path, '');
    expect((await failure(path)).code).toBe('ERR_TRT_ONNX_EMPTY');
    expect((await failure(new Uint8Array(0))).code).toBe('ERR_TRT_ONNX_EMPTY');
  });

  it('reports a missing file, also below a file', async () => {
    expect((await failure(join(folder, 'nowhere.onnx'))).code).toBe('ERR_TRT_ONNX_FILE_NOT_FOUND');
    await writeFile(join(folder, 'file'), 'x');
    expect((await failure(join(folder, 'file', 'model.onnx'))).code).toBe('ERR_TRT_ONNX_FILE_NOT_FOUND');
  });

  it('reports a directory, a device and an impossible path', async () => {
    await mkdir(join(folder, 'directory.onnx'));
    const directory = await failure(join(folder, 'directory.onnx'));
    expect([directory.code, directory.details['kind']]).toEqual([
      'ERR_TRT_ONNX_FILE_UNREADABLE',
      'directory',
    ]);
    expect((await failure('/dev/zero')).code).toBe('ERR_TRT_ONNX_FILE_UNREADABLE');
    expect((await failure('model\0.onnx')).code).toBe('ERR_TRT_ONNX_FILE_UNREADABLE');
  });

  it.each([[null], [undefined], [7], [[1, 2]], [new ArrayBuffer(4)]])(
    'refuses %s as a source',
    async (source) => {
      expect((await failure(source)).code).toBe('ERR_TRT_ARG_TYPE');
    },
  );
});

describe('protobuf messages that are no model', () => {
  const writer = () => new BinaryWriter();
  const fields = {
    'no graph': writer()
      .tag(1, WireType.Varint)
      .int64(8)
      .tag(8, WireType.LengthDelimited)
      .bytes(Uint8Array.of(16, 17)),
    'no opset': writer()
      .tag(1, WireType.Varint)
      .int64(8)
      .tag(7, WireType.LengthDelimited)
      .bytes(Uint8Array.of()),
    'no IR version': writer().tag(7, WireType.LengthDelimited).bytes(Uint8Array.of()),
  };
  it.each(Object.entries(fields))('names what is missing: %s', async (what, message) => {
    const error = await failure(message.finish());
    expect(error.code).toBe('ERR_TRT_ONNX_NOT_ONNX');
    expect(error.message).toContain(what);
  });

  it('lets models without opset pass that are older than opsets', async () => {
    const model = makeModel({ irVersion: 2, opset: {}, outputs: [{ name: 'y', dims: [1] }] });
    expect((await readModelInfo(model)).opsets).toEqual({});
  });
});

describe('broken models', () => {
  it('calls every cut of a model truncated, or not ONNX while nothing of it is there yet', async () => {
    const model = models.convModel();
    const codes = new Set<string>();
    // The last 4 bytes are the opset: without it the file is well-formed but no model.
    for (let length = 2; length < model.length - 4; length++)
      codes.add((await failure(model.subarray(0, length))).code);
    expect([...codes].sort()).toEqual(['ERR_TRT_ONNX_NOT_ONNX', 'ERR_TRT_ONNX_TRUNCATED']);
    const half = await failure(model.subarray(0, model.length >> 1));
    expect(half.code).toBe('ERR_TRT_ONNX_TRUNCATED');
    expect(half.message).toMatch(/cut off: field 7 has \d+ bytes, \d+ are left/);
  });

  it('reports a field that overruns its message as broken', async () => {
    const model = models.addModel();
    const at = Buffer.from(model).indexOf('Add') - 1; // the length of the operator's name
    const broken = model.slice();
    broken[at] = 200;
    broken[at + 1] = 1;
    expect((await failure(broken)).code).toBe('ERR_TRT_ONNX_INVALID');
  });

  it('refuses lengths beyond any file', async () => {
    const length = Array<number>(9).fill(0xff).concat(0x01);
    const error = await failure(Uint8Array.of(0x08, 8, 0x3a, ...length));
    expect(['ERR_TRT_ONNX_TRUNCATED', 'ERR_TRT_ONNX_INVALID']).toContain(error.code);
  });

  it('refuses a negative length, which once made it walk in circles', async () => {
    const minusTen = [0xf6, ...Array<number>(8).fill(0xff), 0x01];
    const error = await failure(Uint8Array.of(0x08, 8, 0x3a, ...minusTen, 0x42, 2, 16, 17));
    expect(error.code).toBe('ERR_TRT_ONNX_INVALID');
    expect(error.message).toContain('negative length');
  });

  it('reports dims that are cut off in their list', async () => {
    const model = makeModel({
      outputs: [{ name: 'y', dims: [1] }],
      initializers: [{ name: 'w', dims: [1] }],
    });
    const broken = model.slice();
    const dims = Buffer.from(model).indexOf(Uint8Array.of(0x0a, 1, 1, 0x10, 1));
    broken[dims + 2] = 0x81;
    expect((await failure(broken)).code).toBe('ERR_TRT_ONNX_INVALID');
  });

  it('refuses nesting without end', async () => {
    let graph: GraphSpec = { outputs: [{ name: 'y', dims: [1] }] };
    for (let depth = 0; depth < 60; depth++) {
      const body = graph;
      graph = { nodes: [{ op: 'Loop', inputs: [], outputs: [], attributes: { body: { graph: body } } }] };
    }
    const error = await failure(makeModel(graph));
    expect(error.code).toBe('ERR_TRT_ONNX_INVALID');
    expect(error.message).toContain('nested deeper');
  });

  it.each<[string, GraphSpec, string]>([
    ['no outputs', { inputs: [{ name: 'x', dims: [1] }] }, 'no outputs'],
    ['no operator type', { nodes: [{ op: '', inputs: [], outputs: [] }] }, 'no operator type'],
    ['an input without a name', { inputs: [{ name: '', dims: [1] }] }, 'no name'],
    ['two inputs of one name', { inputs: [{ name: 'x' }, { name: 'x' }] }, 'two inputs'],
    [
      'two node outputs of one name',
      {
        nodes: [
          { op: 'Relu', inputs: [], outputs: ['a'] },
          { op: 'Relu', inputs: [], outputs: ['a'] },
        ],
      },
      'two node outputs have the name "a"',
    ],
    [
      'two initializers of one name',
      {
        initializers: [
          { name: 'w', dims: [1] },
          { name: 'w', dims: [1] },
        ],
      },
      'two initializers',
    ],
    [
      'a weight with too few bytes',
      { initializers: [{ name: 'w', dims: [8], data: [1] }] },
      'needs 32 bytes and has 4',
    ],
    [
      'a weight with negative dims',
      { initializers: [{ name: 'w', dims: [-4], data: [] }] },
      'impossible dims [-4]',
    ],
    [
      'a weight larger than memory',
      { initializers: [{ name: 'w', dims: [2 ** 40, 2 ** 40], data: [] }] },
      'impossible dims',
    ],
    ['a weight of 65 dimensions', { initializers: [{ name: 'w', dims: Array<number>(65).fill(1) }] }, '64'],
    [
      'external data without a file name',
      { initializers: [{ name: 'w', dims: [1], external: { location: '' } }] },
      'no valid place',
    ],
    [
      'external data with a negative offset',
      { initializers: [{ name: 'w', dims: [1], external: { location: 'w.bin', offset: -8 } }] },
      'no valid place',
    ],
    [
      'external data shorter than its tensor',
      { initializers: [{ name: 'w', dims: [4], external: { location: 'w.bin', length: 8 } }] },
      'needs 16 bytes, its external data has 8',
    ],
    ['a name of a megabyte', { name: 'x'.repeat(1 << 20) }, 'at most 65536 make sense'],
  ])('refuses %s', async (what, graph, message) => {
    const outputs = what === 'no outputs' ? [] : [{ name: 'y', dims: [1] }];
    const error = await failure(makeModel({ outputs, ...graph }));
    expect(error.code).toBe('ERR_TRT_ONNX_INVALID');
    expect(error.message).toContain(message);
  });
});
