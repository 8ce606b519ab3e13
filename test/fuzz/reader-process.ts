// SPDX-License-Identifier: Apache-2.0
// Started by scripts/fuzz.mjs. Prints its report as JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceCase, readArguments } from './case-feed';
import { runReaderCases } from './reader-cases';
import { readerSeeds } from './seeds';

/** Node itself takes about 60 MiB. */
const MOST_MEMORY_MIB = 400;

async function main(): Promise<void> {
  const { root, ...range } = readArguments();
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const scratchFile = join(folder, 'case.onnx');
  try {
    const report = await runReaderCases({
      ...range,
      seeds: readerSeeds(root),
      scratchFile,
      onCase: announceCase,
    });
    const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    const memory = peakMiB > MOST_MEMORY_MIB ? [`the process took ${peakMiB} MiB`] : [];
    console.log(JSON.stringify({ ...report, failures: [...report.failures, ...memory], peakMiB }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

void main();
