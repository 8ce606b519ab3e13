// SPDX-License-Identifier: Apache-2.0
// Writing a model on a disk that is really full: a tiny file system in memory. Mounting it needs root.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { loadModel, OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { makeTensor } from '../../lib/onnx/graph/tensor-values';
import { convModel } from '../onnx-models';
import { rejection, temporaryFolder } from '../temporary-folder';

it('keeps the old model and its weights when the disk is full', async (context) => {
  const disk = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`a tmpfs cannot be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}`);
  }
  onTestFinished(() => void execFileSync('umount', [disk]));
  const files = ['m.onnx', 'm.onnx.data'];
  for (const name of files) writeFileSync(join(disk, name), `old ${name}`);
  const { message } = await loadModel(convModel());
  message.graph.initializer.push(makeTensor('large', 'FLOAT', [50_000], new Float32Array(50_000)));
  for (const external of [true, false]) {
    const error = await rejection(new OnnxModel(message, external).save(join(disk, 'm.onnx')));
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE', details: { systemCode: 'ENOSPC' } });
    expect(error.message).toMatch(/the disk is full \(ENOSPC\)/);
    expect(readdirSync(disk).sort()).toEqual(files);
    for (const name of files) expect(readFileSync(join(disk, name), 'utf8')).toBe(`old ${name}`);
  }
});
