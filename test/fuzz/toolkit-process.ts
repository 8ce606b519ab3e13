// SPDX-License-Identifier: Apache-2.0
// Started by scripts/fuzz.mjs. Prints its report as JSON.
import { announceCase, readArguments } from './case-feed';
import { toolkitSeeds } from './seeds';
import { runToolkitCases } from './toolkit-cases';

/** Node itself takes about 60 MiB. */
const MOST_MEMORY_MIB = 900;

async function main(): Promise<void> {
  const range = readArguments();
  const report = await runToolkitCases({ ...range, seeds: toolkitSeeds(), onCase: announceCase });
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const memory = peakMiB > MOST_MEMORY_MIB ? [`the process took ${peakMiB} MiB`] : [];
  console.log(JSON.stringify({ ...report, failures: [...report.failures, ...memory], peakMiB }));
}

void main();
