// SPDX-License-Identifier: Apache-2.0
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeTensor, readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { convModel } from '../../../onnx-models';
import { noise } from '../../../precision-models';
import { rejection, temporaryFolder } from '../../../temporary-folder';

const LARGE = noise(3 * 2 ** 20, 1, 8);

/** A model whose weights are in a file of 12 MB beside it. */
async function savedModel(folder = temporaryFolder()): Promise<string> {
  const { message } = await loadModel(convModel());
  message.graph.initializer.push(makeTensor('large', 'FLOAT', [3, 1024, 1024], LARGE));
  const path = join(folder, 'm.onnx');
  await new OnnxModel(message, true).save(path);
  return path;
}

const contents = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name !== 'sub')
      .map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );

describe('saving a model', () => {
  it('copies weights of files and writes those of the memory', async () => {
    const model = await loadModel(await savedModel());
    model.graph.initializer.push(makeTensor('new', 'FLOAT', [300], noise(300, 1, 1)));
    const folder = temporaryFolder();
    await model.save(join(folder, 'copy.onnx'));
    expect(readdirSync(folder).sort()).toEqual(['copy.onnx', 'copy.onnx.data']);
    const { graph } = await loadModel(join(folder, 'copy.onnx'));
    const valuesOf = (name: string) => readFloats(graph.initializer.find((one) => one.name === name)!);
    expect(Buffer.from(valuesOf('large').buffer).equals(Buffer.from(LARGE.buffer))).toBe(true);
    expect(valuesOf('new')).toEqual(noise(300, 1, 1));
  });

  it('writes weights that tensors share once', async () => {
    const model = await loadModel(await savedModel());
    const large = model.graph.initializer.at(-1)!;
    model.graph.initializer.push({ ...large, name: 'same' });
    const folder = temporaryFolder();
    await model.save(join(folder, 'm.onnx'));
    expect(readFileSync(join(folder, 'm.onnx.data'))).toHaveLength(4096 * 2 + LARGE.byteLength);
  });

  it('leaves what was there and nothing else when weights cannot be read in the middle', async () => {
    const folder = temporaryFolder();
    await savedModel(folder);
    const before = contents(folder);
    const model = await loadModel(await savedModel());
    const last = model.graph.initializer.at(-1)!;
    model.graph.initializer.push({
      ...last,
      name: 'broken',
      rawData: {
        length: 2 ** 24,
        read: () => {
          throw Object.assign(new Error('input/output error'), { code: 'EIO' });
        },
      },
    });
    const error = await rejection(model.save(join(folder, 'm.onnx')));
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE', details: { systemCode: 'EIO' } });
    expect(contents(folder)).toEqual(before);
  });

  it('takes the data back when the model cannot get its name', async () => {
    const folder = temporaryFolder();
    const model = await loadModel(await savedModel());
    mkdirSync(join(folder, 'm.onnx/inner'), { recursive: true });
    const error = await rejection(model.save(join(folder, 'm.onnx')));
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE' });
    expect(error.message).toMatch(/m\.onnx" cannot be written: it is a folder \(EISDIR\)/);
    expect(readdirSync(folder)).toEqual(['m.onnx']);
    writeFileSync(join(folder, 'm.onnx.data'), 'of somebody else');
    await rejection(model.save(join(folder, 'm.onnx')));
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    expect(readFileSync(join(folder, 'm.onnx.data'), 'utf8')).toBe('of somebody else');
  });

  it('names the reason of the system', async () => {
    const model = await loadModel(convModel());
    const folder = temporaryFolder();
    const missing = await rejection(model.save(join(folder, 'none/m.onnx')));
    expect(missing).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE', details: { systemCode: 'ENOENT' } });
    expect(missing.message).toMatch(/its folder does not exist \(ENOENT\)/);
    writeFileSync(join(folder, 'file'), '');
    const notFolder = await rejection(model.save(join(folder, 'file/m.onnx')));
    expect(notFolder.message).toMatch(/its folder is a file \(ENOTDIR\)/);
  });

  it('refuses to write over the files that the model comes from, whatever they are called', async () => {
    const path = await savedModel();
    const folder = join(path, '..');
    const model = await loadModel(path);
    symlinkSync(path, join(folder, 'soft.onnx'));
    linkSync(path, join(folder, 'hard.onnx'));
    linkSync(`${path}.data`, join(folder, 'other.onnx.data'));
    const before = contents(folder);
    const targets = ['m.onnx', './sub/../m.onnx', 'soft.onnx', 'hard.onnx', 'other.onnx', 'm.onnx.data'];
    mkdirSync(join(folder, 'sub'));
    for (const name of targets) {
      const error = await rejection(model.clone().save(`${folder}/${name}`));
      expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE' });
      expect(error.message).toMatch(/^The model comes from "/);
    }
    await expect(model.save(join(folder, 'new.onnx'))).resolves.toBeUndefined();
    expect(contents(join(folder))).toMatchObject(before);
  });
});
