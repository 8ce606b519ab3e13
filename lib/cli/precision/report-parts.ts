// SPDX-License-Identifier: Apache-2.0
// What the results of `cast` and `quantize` share.

import type { OutputScore } from '../../compress/output-judge';
import type { CommandContext } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatCount } from '../values/format';

/** How near outputs are to those of the source. */
export function formatScore({ sqnrDb, cosine, top1Agreement, answers }: OutputScore): string {
  const share = `${(100 * top1Agreement).toFixed(2)} % of ${formatCount(answers)}`;
  return `${sqnrDb.toFixed(1)} dB, cosine ${cosine.toFixed(5)}, same answer for ${share}`;
}

/** Kept nodes that are listed without `--verbose`. */
const MOST_LISTED = 8;

/** The nodes that stayed as they were, each with its reason. */
export function formatKept(
  kept: readonly (readonly [node: string, reason: string])[],
  { terminal, isVerbose }: CommandContext,
): string[] {
  if (kept.length === 0) return [];
  const { dim } = terminal.style;
  const rows = kept.map(([node, reason]) => [printable(node), printable(reason)] as const);
  const listed = isVerbose ? rows : rows.slice(0, MOST_LISTED);
  const more = rows.length - listed.length;
  return [
    '',
    'Kept in floating point',
    ...indent(formatFacts(listed, dim)),
    ...(more > 0 ? indent([dim(`and ${more} more; --verbose lists them`)]) : []),
  ];
}
