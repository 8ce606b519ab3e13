// SPDX-License-Identifier: Apache-2.0
import type { Comparison, Condition, ConditionOutcome } from '../../bench/compare/comparison';
import { checkConditions } from '../../bench/compare/conditions';
import type { BenchDocument } from '../../bench/result';
import type { CommandContext, CommandResult } from '../command';
import { EXIT, exitCodeOf, failureDocument, formatFailure } from '../failure';
import { formatComparison } from './comparison-view';
import { writeOutputs, type OutputFile } from './write-outputs';

/** A comparison and what is done with it. */
export interface ComparisonFacts {
  readonly comparison: Comparison;
  /** Its second side, where it is there as a whole: what reports draw. */
  readonly document?: BenchDocument | undefined;
  readonly conditions: readonly Condition[];
  readonly files: readonly OutputFile[];
  /** Whether Ctrl-C ended it early: the rounds until then are compared. */
  readonly isInterrupted?: boolean;
}

/**
 * Checks the conditions, writes the files and makes the result: it ends with 1 where a condition holds. A condition that
 * cannot be checked is an error, and the comparison is shown and written all the same: it may have taken long.
 */
export async function finishComparison(
  { comparison, document, conditions, files, isInterrupted = false }: ComparisonFacts,
  context: CommandContext,
): Promise<CommandResult> {
  const { outcomes, error } = check(comparison, conditions);
  const failures = await writeOutputs(files, { document, comparison, outcomes });
  // With --json the error of a condition is in the document.
  const told = [...failures, ...(error === undefined || context.isJson ? [] : [error])];
  for (const failure of told)
    context.terminal.writeTalk(`${formatFailure(failure, context.terminal, context.isVerbose).join('\n')}\n`);
  const isFailed = failures.length > 0 || outcomes.some(({ holds }) => holds);
  const code = error === undefined ? (isFailed ? EXIT.failed : EXIT.done) : exitCodeOf(error);
  return {
    json: {
      ...comparison,
      ...(outcomes.length === 0 ? {} : { conditions: outcomes }),
      ...(error === undefined ? {} : failureDocument(error)),
    },
    lines: () => formatComparison(comparison, outcomes, context.terminal),
    exitCode: isInterrupted ? EXIT.interrupted : code,
  };
}

interface Checked {
  readonly outcomes: readonly ConditionOutcome[];
  readonly error?: unknown;
}

function check(comparison: Comparison, conditions: readonly Condition[]): Checked {
  try {
    return { outcomes: checkConditions(comparison, conditions) };
  } catch (error) {
    return { outcomes: [], error };
  }
}
