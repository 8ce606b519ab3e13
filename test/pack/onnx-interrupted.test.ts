// SPDX-License-Identifier: Apache-2.0
// A process that dies while it writes a model leaves the model that was there.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { convModel } from '../onnx-models';
import { temporaryFolder } from '../temporary-folder';

const root = join(__dirname, '..', '..');

/** Saves a model of which the last weight never comes; says so when all the others are written. */
const SAVE = `
  const { loadModel } = require('tensorrt-node/onnx');
  const [source, target, end] = process.argv.slice(1);
  loadModel(source).then((model) => {
    const read = () => {
      if (end === 'exit') process.exit(3);
      require('node:fs').writeSync(1, 'writing');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    const large = { ...model.graph.initializer[0], name: 'late', dims: [2 ** 20], rawData: { length: 2 ** 22, read } };
    model.graph.initializer.push(large);
    return model.save(target);
  });`;

function files(): { source: string; target: string; folder: string } {
  const source = join(temporaryFolder(), 'source.onnx');
  writeFileSync(source, convModel());
  const folder = temporaryFolder();
  const target = join(folder, 'm.onnx');
  writeFileSync(target, 'the old model');
  return { source, target, folder };
}

describe('a write that is interrupted', () => {
  it('leaves what was there when the process is killed', async () => {
    const { source, target } = files();
    const child = spawn(process.execPath, ['--eval', SAVE, source, target, 'kill'], { cwd: root });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readFileSync(target, 'utf8')).toBe('the old model');
  });

  it('leaves nothing else when the process ends by itself', () => {
    const { source, target, folder } = files();
    const run = () => execFileSync(process.execPath, ['--eval', SAVE, source, target, 'exit'], { cwd: root });
    expect(run).toThrow(expect.objectContaining({ status: 3 }));
    expect(readFileSync(target, 'utf8')).toBe('the old model');
    expect(readdirSync(folder)).toEqual(['m.onnx']);
  });
});
