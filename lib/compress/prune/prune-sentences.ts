// SPDX-License-Identifier: Apache-2.0
// What people are told of a pruned model.

import type { OutputScore } from '../output-judge';
import { TWO_OF_FOUR_GAINS, ZEROS_GAIN_NOTHING } from '../report/describe-gains';
import type { PruneReport } from './prune-report';
import type { PrunePattern } from './support-pattern';

/** What TensorRT makes of zeros. */
export function describeGains(pattern: PrunePattern): string[] {
  return [...(pattern === '2:4' ? TWO_OF_FOUR_GAINS : ZEROS_GAIN_NOTHING)];
}

/** Below it a network's answers usually change. */
const LEAST_DB = 20;

/** What the reader should know. */
export function listWarnings(
  { changed, reconstructed, pattern }: Pick<PruneReport, 'changed' | 'reconstructed' | 'pattern'>,
  {
    notes,
    score,
    sparsity = 0,
  }: { notes: ReadonlyMap<string, string>; score: OutputScore | undefined; sparsity?: number | undefined },
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
  const empty = changed.filter(({ share }) => share === 1).map(({ node }) => node);
  if (empty.length > 0)
    warnings.push(
      `All weights of these layers are zero, so what they read has no effect: ${listNames(empty)}. Ask for fewer zeros, or exclude them.`,
    );
  const coarse = changed.filter(({ share }) => share < sparsity / 2).map(({ node }) => node);
  if (typeof pattern === 'object' && coarse.length > 0)
    warnings.push(
      `Blocks are too large for what these layers may lose, so less than half of it is zero: ${listNames(coarse)}. Ask for smaller blocks.`,
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
