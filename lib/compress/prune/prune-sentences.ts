// SPDX-License-Identifier: Apache-2.0
// What people are told of a pruned model.

import type { OutputScore } from '../output-judge';
import type { PruneReport } from './prune-report';
import type { PrunePattern } from './support-pattern';

/** What TensorRT makes of zeros. */
export function describeGains(pattern: PrunePattern): string[] {
  if (pattern === '2:4')
    return [
      'TensorRT has kernels for 2:4 on GPUs from Ampere on, for FP16, BF16 and INT8 mostly: build with sparseWeights: true (build --sparsity, the builder flag SPARSE_WEIGHTS), or the zeros are multiplied like other weights.',
      'It takes such a kernel only for layers where it is faster; measure with bench.',
      'The file is as large as before; zipped it is smaller. On the CPU nothing is faster.',
    ];
  return [
    'TensorRT gains nothing from these zeros: they are stored and multiplied like other weights, so latency, memory and the engine stay as they were.',
    'The file is as large as before; only zipped it is smaller. For speed prune by the pattern 2:4, or remove channels.',
  ];
}

/** Below it a network's answers usually change. */
const LEAST_DB = 20;

/** What the reader should know. */
export function listWarnings(
  { changed, reconstructed }: Pick<PruneReport, 'changed' | 'reconstructed'>,
  { notes, score }: { notes: ReadonlyMap<string, string>; score: OutputScore | undefined },
): string[] {
  const warnings: string[] = [];
  const named = (note: string) => [...notes].filter(([, one]) => one === note).map(([node]) => node);
  const add = (note: string, text: (names: string) => string) => {
    const nodes = named(note);
    if (nodes.length > 0) warnings.push(text(listNames(nodes)));
  };
  if (!reconstructed && changed.length > 0)
    warnings.push(
      'Weights were not fitted to data: accuracy falls much further than it has to. Pass calibration data.',
    );
  add(
    'few samples',
    (names) =>
      `The data has fewer samples than these layers have inputs, so they were held nearer to what they were: ${names}. More data makes them better.`,
  );
  add(
    'no inputs',
    (names) =>
      `What these layers read is constant on the data: they were pruned by magnitude and not fitted: ${names}.`,
  );
  add(
    'bias',
    (names) =>
      `The bias of these layers is computed or shared: they were pruned by magnitude and not fitted: ${names}.`,
  );
  if (score !== undefined && score.sqnrDb < LEAST_DB)
    warnings.push(
      `The outputs are ${score.sqnrDb.toFixed(1)} dB from the source's; below ${LEAST_DB} dB answers change. Measure the accuracy with evaluate, or ask for fewer zeros.`,
    );
  return warnings;
}

function listNames(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > some.length
    ? `${some.join(', ')} and ${names.length - some.length} more`
    : some.join(', ');
}
