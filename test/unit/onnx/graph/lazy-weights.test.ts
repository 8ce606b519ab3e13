// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileBytes } from '../../../../lib/onnx/graph/file-bytes';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeTensor, readFloats, tensorBytes } from '../../../../lib/onnx/graph/tensor-values';
import { withSource } from '../../../../lib/onnx/graph/with-source';
import { readModelInfo } from '../../../../lib/onnx';
import { makeModel } from '../../../onnx-builder';
import { externalModel } from '../../../onnx-models';
import { noise } from '../../../precision-models';
import { rejection, temporaryFolder } from '../../../temporary-folder';

const WEIGHTS = noise(2 * 4096, 1, 5);

/** Two weights of 16 KB in one file, and a model that reads them. */
function writeModel(folder = temporaryFolder()): string {
  const path = join(folder, 'm.onnx');
  const external = (offset: number) => ({ location: 'w.bin', offset, length: 16384 });
  const bytes = makeModel({
    inputs: [{ name: 'x', dims: [1, 64] }],
    outputs: [{ name: 'y', dims: [1, 64] }],
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'a'], outputs: ['h'] },
      { op: 'MatMul', name: 'second', inputs: ['h', 'b'], outputs: ['y'] },
    ],
    initializers: [
      { name: 'a', dims: [64, 64], external: external(0) },
      { name: 'b', dims: [64, 64], external: external(16384) },
    ],
  });
  writeFileSync(path, bytes);
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(WEIGHTS.buffer));
  return path;
}

describe('weights in files', () => {
  it('stay there until they are asked for, and are not kept then', async () => {
    const { graph } = await loadModel(writeModel());
    const tensor = graph.initializer[1]!;
    expect(tensor.rawData).toBeInstanceOf(FileBytes);
    expect(readFloats(tensor)).toEqual(WEIGHTS.slice(4096));
    expect(tensorBytes(tensor)).toHaveLength(16384);
    expect(tensor.rawData).toBeInstanceOf(FileBytes);
  });

  it('are shared by copies of the model', async () => {
    const model = await loadModel(writeModel());
    const copy = model.clone();
    expect(copy.graph.initializer[0]!.rawData).toBe(model.graph.initializer[0]!.rawData);
    expect(copy.origins).toEqual(model.origins);
  });

  it('are put into the bytes of the model when these are made', async () => {
    const model = await loadModel(writeModel());
    const again = await loadModel(model.toBytes());
    expect(readFloats(again.graph.initializer[0]!)).toEqual(WEIGHTS.slice(0, 4096));
    expect((await readModelInfo(model.toBytes())).externalFiles).toEqual([]);
  });

  it('are refused when the file is gone, cut off or another one', async () => {
    const code = 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING';
    const path = writeModel();
    const data = join(path, '../w.bin');
    const model = await loadModel(path);
    const read = () => readFloats(model.graph.initializer[1]!);
    renameSync(data, `${data}.away`);
    expect(read).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/"w\.bin".*ENOENT/) }),
    );
    renameSync(`${data}.away`, data);
    expect(read()).toHaveLength(4096);
    truncateSync(data, 20000);
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(/it was changed/) }));
    writeFileSync(data, new Uint8Array(WEIGHTS.buffer.byteLength + 1));
    expect(read).toThrow(expect.objectContaining({ code }));
  });

  it('are refused at once where they are missing, too short or outside of the folder', async () => {
    const folder = temporaryFolder();
    const attempt = async (bytes: Uint8Array) => {
      writeFileSync(join(folder, 'm.onnx'), bytes);
      return (await rejection(loadModel(join(folder, 'm.onnx'))))['code'];
    };
    expect(await attempt(externalModel('none.bin'))).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING');
    writeFileSync(join(folder, 'short.bin'), new Uint8Array(63));
    expect(await attempt(externalModel('short.bin'))).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING');
    const outside = join(temporaryFolder(), 'w.bin');
    writeFileSync(outside, new Uint8Array(64));
    symlinkSync(outside, join(folder, 'link.bin'));
    expect(await attempt(externalModel('link.bin'))).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE');
    expect(await attempt(externalModel('../w.bin'))).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE');
  });

  it('are found in functions too', async () => {
    const bytes = makeModel({
      opset: { '': 17, local: 1 },
      inputs: [{ name: 'x', dims: [4] }],
      outputs: [{ name: 'y', dims: [4] }],
      nodes: [{ op: 'Scale', domain: 'local', inputs: ['x'], outputs: ['y'] }],
      functions: [
        {
          name: 'Scale',
          domain: 'local',
          inputs: ['a'],
          outputs: ['b'],
          nodes: [
            {
              op: 'Constant',
              inputs: [],
              outputs: ['w'],
              attributes: { value: { tensor: { name: 'w', dims: [4], external: { location: 'w.bin' } } } },
            },
            { op: 'Mul', inputs: ['a', 'w'], outputs: ['b'] },
          ],
        },
      ],
    });
    const weights = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const model = await loadModel(bytes, { externalData: { 'w.bin': weights } });
    const again = await loadModel(model.toBytes());
    const [constant] = again.message.functions[0]!.node;
    expect([...readFloats(constant!.attribute[0]!.t!)]).toEqual([1, 2, 3, 4]);
  });
});

describe('a model for a runtime', () => {
  it('is bytes while it is small', async () => {
    const model = await loadModel(writeModel());
    expect(await model.toSource(temporaryFolder())).toEqual(model.toBytes());
  });

  it('is a path when it is large, and its weights are linked, not copied', async () => {
    const path = writeModel();
    const model = await loadModel(path);
    model.graph.initializer[0] = makeTensor('a', 'FLOAT', [64, 64], new Float32Array(4096).fill(7));
    const folder = temporaryFolder();
    expect(await model.toSource(folder, { bytes: 1000 })).toBe(join(folder, 'model.onnx'));
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'model.onnx.data', 'weights-0.bin']);
    expect(statSync(join(folder, 'weights-0.bin')).ino).toBe(statSync(join(path, '../w.bin')).ino);
    expect(statSync(join(folder, 'model.onnx.data')).size).toBe(16384);
    const { graph } = await loadModel(join(folder, 'model.onnx'));
    expect(new Set(readFloats(graph.initializer[0]!))).toEqual(new Set([7]));
    expect(readFloats(graph.initializer[1]!)).toEqual(WEIGHTS.slice(4096));
  });

  it('has its weights copied where they cannot be linked', async () => {
    const model = await loadModel(writeModel());
    const folder = temporaryFolder();
    // A name that is taken cannot be linked to, as on another file system.
    mkdirSync(join(folder, 'weights-0.bin'));
    const path = (await model.toSource(folder, { bytes: 1000 })) as string;
    expect(statSync(`${path}.data`).size).toBe(2 * 16384);
    const { graph } = await loadModel(path);
    expect(readFloats(graph.initializer[1]!)).toEqual(WEIGHTS.slice(4096));
  });

  it('leaves nothing behind when it was used, or when that failed', async () => {
    const model = await loadModel(writeModel());
    const folders: string[] = [];
    const toSource = model.toSource.bind(model);
    model.toSource = (folder) => {
      folders.push(folder);
      return toSource(folder, { bytes: 1000 });
    };
    const bytes = await withSource(model, (source) => readFile(source as string));
    expect(bytes.length).toBeGreaterThan(100);
    const failure = withSource(model, () => Promise.reject(new Error('no')));
    expect((await rejection(failure)).message).toBe('no');
    expect(folders).toHaveLength(2);
    for (const folder of folders) expect(() => statSync(folder)).toThrow(/ENOENT/);
  });
});
