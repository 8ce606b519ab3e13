// SPDX-License-Identifier: Apache-2.0
// A sample of the coverage benchmark: the same models build here as through the official Python API, to the same
// bytes. How to read a failure: `differing` names models that one side alone builds, `otherBytes` engines that differ.
// All models: npm run bench:onnx-coverage.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missingPeers } from '../../benchmarks/harness/paths.mjs';

const root = join(__dirname, '../..');
const SAMPLE = 40;
const reason = missingPeers();
if (reason !== null) console.warn(`coverage-sample: skipped, the Python peers are not installed: ${reason}`);

interface Summary {
  sets: Record<string, Record<string, number>>;
  differing: string[];
  otherBytes: string[];
}

it.skipIf(reason !== null)(
  `builds the same of ${SAMPLE} models as the official Python API, to the same bytes`,
  { timeout: 300_000 },
  async () => {
    const script = 'benchmarks/onnx-coverage/coverage.mjs';
    const child = spawn(process.execPath, [script, '--sample', String(SAMPLE), '--seed', '1', '--json'], {
      cwd: root,
    });
    let text = '';
    let talk = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (talk += part));
    await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    expect(text, talk).not.toBe('');
    const { sets, differing, otherBytes } = JSON.parse(text) as Summary;
    expect({ differing, otherBytes }).toEqual({ differing: [], otherBytes: [] });
    expect(sets['all']).toMatchObject({ models: SAMPLE, lostOurs: 0, lostTheirs: 0 });
    // The sample must show something: models of every set, some that build, some that do not.
    expect(Object.keys(sets).sort()).toEqual([
      'all',
      'light',
      'node',
      'pytorch-converted',
      'pytorch-operator',
      'simple',
    ]);
    expect(sets['all']!['builtOurs']).toBeGreaterThan(10);
    expect(sets['all']!['builtOurs']).toBeLessThan(SAMPLE);
  },
);
