// SPDX-License-Identifier: Apache-2.0
// A program of examples/ as a user starts it: a process of its own, from dist.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';

const ROOT = join(__dirname, '../..');

/** Runs a program that must succeed without complaints; the lines that it printed. */
export async function runExample(program: string, ...args: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [program, ...args], { cwd: ROOT });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => (written.stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (written.stderr += part));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  expect({ code, stderr: written.stderr }).toEqual({ code: 0, stderr: '' });
  const lines = written.stdout.trimEnd().split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  return lines;
}

/** Share of two boxes' union that is their intersection; boxes are [x1, y1, x2, y2]. */
export function overlap(a: readonly number[], b: readonly number[]): number {
  const length = (axis: 0 | 1): number => Math.min(a[axis + 2]!, b[axis + 2]!) - Math.max(a[axis]!, b[axis]!);
  if (length(0) <= 0 || length(1) <= 0) return 0;
  const area = (box: readonly number[]): number => (box[2]! - box[0]!) * (box[3]! - box[1]!);
  const shared = length(0) * length(1);
  return shared / (area(a) + area(b) - shared);
}
