// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { readModelInfo } from '../../../../lib/onnx';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel } from '../../../onnx-builder';
import { branchModel, convModel, externalModel, quantizedModel, stringModel } from '../../../onnx-models';
import { attentionModel } from '../../../precision-models';
import { rejection, temporaryFolder } from '../../../temporary-folder';

/** Fields of a message by number, as bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array>();
  while (reader.pos < bytes.length) {
    const [number, wireType] = reader.tag();
    fields.set(number, reader.skip(wireType, number));
  }
  return fields;
}

describe('a model', () => {
  it.each([
    ['convolutions', convModel()],
    ['branches', branchModel()],
    ['quantised', quantizedModel()],
    ['attention', attentionModel()],
    ['strings', stringModel()],
  ])('is the same after it was read and written: %s', async (_, bytes) => {
    const written = (await loadModel(bytes)).toBytes();
    const [before, after] = [await readModelInfo(bytes), await readModelInfo(written)];
    // Lists of dims may be packed or not.
    expect({ ...after, fileBytes: 0 }).toEqual({ ...before, producer: after.producer, fileBytes: 0 });
    expect(after.producer).toBe('onnx-builder');
    expect((await loadModel(written)).toBytes()).toEqual(written);
  });

  it('keeps fields that nobody knows, in the model and deep inside', async () => {
    const extra = new BinaryWriter().tag(999, WireType.LengthDelimited).string('vendor').finish();
    const model = await loadModel(Buffer.concat([convModel(), extra]));
    const unknown = { number: 888, wireType: WireType.Varint, data: Uint8Array.of(7) };
    model.graph.node[0]!.unknown = [unknown];
    model.graph.initializer[0]!.unknown = [unknown];
    const again = await loadModel(model.toBytes());
    expect(fieldsOf(model.toBytes()).get(999)).toEqual(Uint8Array.of(6, ...Buffer.from('vendor')));
    expect(again.graph.node[0]!.unknown).toEqual([unknown]);
    expect(again.graph.initializer[0]!.unknown).toEqual([unknown]);
  });

  it('merges a graph that comes in two parts, as protobuf does', async () => {
    const part = new BinaryWriter().tag(7, WireType.LengthDelimited).fork();
    part.tag(2, WireType.LengthDelimited).string('renamed').join();
    const { graph } = await loadModel(Buffer.concat([convModel(), part.finish()]));
    expect(graph.name).toBe('renamed');
    expect(graph.node).toHaveLength(6);
  });

  it('keeps whole numbers of 64 bits', async () => {
    const node = { op: 'Slice', inputs: ['x'], outputs: ['y'], attributes: { ends: [2 ** 53] } };
    const bytes = makeModel({ inputs: [{ name: 'x', dims: [2] }], outputs: [{ name: 'y' }], nodes: [node] });
    const model = await loadModel(bytes);
    model.graph.node[0]!.attribute[0]!.ints = [2n ** 63n - 1n, -(2n ** 63n)];
    const again = await loadModel(model.toBytes());
    expect(again.graph.node[0]!.attribute[0]!.ints).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  });

  it('is copied so that the copy changes alone', async () => {
    const model = await loadModel(convModel());
    const copy = model.clone();
    copy.graph.node.pop();
    copy.graph.node[0]!.name = 'other';
    copy.opset = 18;
    expect([model.graph.node.length, model.graph.node[0]!.name, model.opset]).toEqual([6, 'conv1', 17]);
  });

  it('is refused if it is none, with the errors of the reader', async () => {
    const code = async (bytes: Uint8Array) => (await rejection(loadModel(bytes))).code;
    expect(await code(new Uint8Array())).toBe('ERR_TRT_ONNX_EMPTY');
    expect(await code(convModel().subarray(0, 500))).toBe('ERR_TRT_ONNX_TRUNCATED');
    expect((await rejection(loadModel('/nowhere/m.onnx'))).code).toBe('ERR_TRT_ONNX_FILE_NOT_FOUND');
  });

  it('names the limit of 2 GB instead of writing what nobody can read', async () => {
    const model = await loadModel(convModel());
    model.graph.initializer[0]!.rawData = { length: 2 ** 31 } as Uint8Array;
    expect(() => model.toBytes()).toThrow(/less than 2 GB \(2147483647 bytes\)/);
    expect(() => model.toBytes()).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
  });
});

describe('external data', () => {
  const weights = new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => i).buffer);

  function externalFile(): string {
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, externalModel());
    return path;
  }

  it('is read from files and from memory', async () => {
    const path = externalFile();
    writeFileSync(join(path, '../weights.bin'), weights);
    for (const model of [
      await loadModel(path),
      await loadModel(externalModel(), { externalData: { 'weights.bin': weights } }),
    ]) {
      expect(model.hasExternalData).toBe(true);
      expect([...readFloats(model.graph.initializer[0]!)]).toEqual([...Array(16).keys()]);
      expect((await readModelInfo(model.toBytes())).externalFiles).toEqual([]);
    }
  });

  it('is written beside the model again, and nothing else is left in the folder', async () => {
    const path = externalFile();
    writeFileSync(join(path, '../weights.bin'), weights);
    const model = await loadModel(path);
    const large = Float32Array.from({ length: 1000 }, (_, i) => i);
    model.graph.initializer[0]!.dims = [10, 100];
    model.graph.initializer[0]!.rawData = new Uint8Array(large.buffer);
    const folder = temporaryFolder();
    await model.save(join(folder, 'out.onnx'));
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'out.onnx.data']);
    expect(model.graph.initializer[0]!.rawData).toHaveLength(4000);
    const again = await loadModel(join(folder, 'out.onnx'));
    expect(readFloats(again.graph.initializer[0]!)).toEqual(large);
  });

  it('stays out of the files of a model that had none', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    const model = await loadModel(convModel());
    await model.save(path);
    expect(existsSync(`${path}.data`)).toBe(false);
    expect(readFileSync(path).equals(model.toBytes())).toBe(true);
  });

  it('is refused where it is missing or outside of the folder', async () => {
    expect((await rejection(loadModel(externalFile()))).code).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING');
    expect((await rejection(loadModel(externalModel('../x')))).code).toBe(
      'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE',
    );
  });
});
