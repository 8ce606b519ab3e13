// SPDX-License-Identifier: Apache-2.0
// What the results of commands that compress share.

import type { CommandContext } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';

/** Nodes that are listed without `--verbose`. */
const MOST_LISTED = 8;

/** Nodes that stayed as they were, each with its reason. */
export function formatKeptWhole(
  title: string,
  kept: readonly { readonly node: string; readonly op: string; readonly reason: string }[],
  { terminal, isVerbose }: CommandContext,
): string[] {
  if (kept.length === 0) return [];
  const { dim } = terminal.style;
  const rows = kept.map(({ node, op, reason }) => [printable(node), printable(`${op}: ${reason}`)] as const);
  const listed = isVerbose ? rows : rows.slice(0, MOST_LISTED);
  const more = rows.length - listed.length;
  return [
    '',
    title,
    ...indent(formatFacts(listed, dim)),
    ...(more > 0 ? indent([dim(`and ${more} more; --verbose lists them`)]) : []),
  ];
}

/** A line for each warning. */
export function formatWarnings(warnings: readonly string[], { terminal }: CommandContext): string[] {
  return warnings.map((warning) => `${terminal.style.yellow('warning')}  ${printable(warning)}`);
}

/** Says each step as it begins, unless the result is for a program. */
export function sayStep({ terminal, isJson }: CommandContext): (step: string) => void {
  const { dim } = terminal.talkStyle;
  return (step) => {
    if (!isJson) terminal.writeTalk(`${dim(step)}\n`);
  };
}
