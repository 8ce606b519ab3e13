// SPDX-License-Identifier: Apache-2.0
// The demo is the first thing that a new user runs: it must work as a whole, as a process of its own, from dist.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '../..');

function runDemo(
  args: string[] = [],
): Promise<{ code: number | null; lines: string[]; text: string; talk: string }> {
  const child = spawn(process.execPath, ['examples/digits/demo.mjs', ...args], { cwd: root });
  let text = '';
  let talk = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (talk += part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text, talk, lines: text.trimEnd().split('\n') }));
  });
}

describe('the digits demo', { timeout: 120_000 }, () => {
  it('builds an engine, runs the test split and measures, in plain text where there is no terminal', async () => {
    const { code, lines, text, talk } = await runDemo();
    expect(talk).toBe('');
    expect(code).toBe(0);
    expect(text).toMatch(/input +images +float32 \[batch, 1, 8, 8\]/);
    expect(text).toMatch(/output +logits +float32 \[batch, 10\]/);
    expect(text).toMatch(/profile 0 +images +min 1x1x8x8, opt 32x1x8x8, max 450x1x8x8/);
    expect(text).toMatch(/built by the real TensorRT-RTX \d+\.\d+\S* builder on this CPU/);
    expect(text).toContain('accuracy: 98.44 % (443 of 450)');
    expect(text.match(/^ +(1|8|32)( +[\d.,]+){6}$/gm)).toHaveLength(3);
    expect(text).toMatch(/It was not run: engines run on GPUs alone/);
    expect(lines.length).toBeLessThan(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    // eslint-disable-next-line no-control-regex -- escape sequences must not be there
    expect(text).not.toMatch(/\u001b/);
  });

  it('says what to do without TensorRT, runs the CPU part, and fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trtn-demo-'));
    try {
      const { code, text } = await runDemo(['--library-path', folder]);
      expect(code).toBe(1);
      expect(text).toMatch(/not built: .*\[ERR_TRT_LOAD_TENSORRT_NOT_FOUND\]/);
      expect(text).toContain('pip install');
      expect(text).toContain('accuracy: 98.44 % (443 of 450)');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
