// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM at different moments of commands that make another model from one: the compiled program in a child
// process, on a real network. What has the name of the result is whole, no drafts stay, and a search goes on.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { readNpy, writeNpy } from '../../lib/tensor/npy';
import { temporaryFolder } from '../temporary-folder';
import { networkPath } from '../trained-networks';

const MAIN = resolve(__dirname, '../../dist/cli/main.js');
const MINUTES = 5 * 60_000;
const NETWORK = networkPath('mlp');

/** The calibration data as the command takes it, in a folder of its own. */
async function calibrationFile(): Promise<string> {
  const path = join(temporaryFolder(), 'calibration.npy');
  const read = await readNpy(join(NETWORK, '../clusters-calibration.npy'));
  const floats = Float32Array.from(read.data as ArrayLike<number>);
  await writeNpy(path, { type: 'float32', dims: read.dims, data: floats });
  return path;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in a folder and sends a signal when its talk has `at`. */
function run(
  args: readonly string[],
  { cwd, at, kill = 'SIGINT' }: { cwd: string; at?: string; kill?: NodeJS.Signals },
): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...process.env, DEBUG: undefined },
    });
    let [stdout, stderr, isSent] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (isSent || at === undefined || !stderr.includes(at)) return;
      isSent = true;
      child.kill(kill);
    });
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
}

async function folderWithModel(): Promise<string> {
  const folder = temporaryFolder();
  await copyFile(NETWORK, join(folder, 'm.onnx'));
  return folder;
}

describe('a search', () => {
  it(
    'ends with 130 and nothing written but its state, from which the same command goes on',
    async () => {
      const cwd = await folderWithModel();
      const line = [
        'compress',
        'm.onnx',
        '-o',
        'out.onnx',
        '--calibration',
        await calibrationFile(),
        '--max-drop',
        '5%',
      ];
      const steps = ['--steps', 'cluster,fp16', '--trials', '4', '--state', 'search.json'];
      const stopped = await run([...line, ...steps], { cwd, at: 'trying fp16' });
      expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' });
      expect(stopped.stderr).toContain('the same command goes on from there');
      expect(readdirSync(cwd).sort()).toEqual(['m.onnx', 'search.json']);
      const state = JSON.parse(readFileSync(join(cwd, 'search.json'), 'utf8')) as { trials: unknown[] };
      expect(state.trials.length).toBeGreaterThan(0);

      const resumed = await run([...line, ...steps], { cwd });
      expect(resumed.stderr).not.toContain('trying unchanged');
      expect(resumed.stderr).not.toContain('measuring layer');
      expect(resumed).toMatchObject({ code: 0 });
      const fresh = await folderWithModel();
      const whole = await run([...line, ...steps], { cwd: fresh });
      expect(whole).toMatchObject({ code: 0 });
      expect(await readFile(join(cwd, 'out.onnx'))).toEqual(await readFile(join(fresh, 'out.onnx')));
    },
    MINUTES,
  );
});

describe('prune', () => {
  const LINE = ['prune', 'm.onnx', '-o', 'out.onnx', '--sparsity', '50%'];

  it.each([
    ['SIGINT', 'pruning '],
    ['SIGTERM', 'measuring the outputs'],
  ] as const)(
    'ends with 130 and nothing written at %s while it says "%s"',
    async (kill, at) => {
      const cwd = await folderWithModel();
      const ended = await run([...LINE, '--calibration', await calibrationFile()], { cwd, at, kill });
      expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' });
      expect(readdirSync(cwd)).toEqual(['m.onnx']);
    },
    MINUTES,
  );

  it(
    'leaves the whole model where it is stopped while it measures',
    async () => {
      const cwd = await folderWithModel();
      const ended = await run([...LINE, '--latency', '--calibration', await calibrationFile()], {
        cwd,
        at: 'measuring latency',
      });
      expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' });
      expect(ended.stderr).toContain('out.onnx is written');
      expect(readdirSync(cwd).sort()).toEqual(['m.onnx', 'out.onnx']);
      expect((await loadModel(join(cwd, 'out.onnx'))).graph.node.length).toBeGreaterThan(0);
    },
    MINUTES,
  );

  it(
    'replaces an older result as a whole or not at all',
    async () => {
      const cwd = await folderWithModel();
      await writeFile(join(cwd, 'out.onnx'), 'older');
      const ended = await run([...LINE, '--calibration', await calibrationFile()], { cwd, at: 'pruning ' });
      expect(ended.code).toBe(130);
      expect(readFileSync(join(cwd, 'out.onnx'), 'utf8')).toBe('older');
      expect(existsSync(join(cwd, 'out.onnx.data'))).toBe(false);
    },
    MINUTES,
  );
});
