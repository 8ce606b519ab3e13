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
  /** Whether what could not be decided fails. */
  readonly requireDecided?: boolean;
  /** Whether Ctrl-C ended it early: the rounds until then are compared. */
  readonly isInterrupted?: boolean;
}

/**
 * Checks the conditions, writes the files and makes the result: it ends with 1 where a condition holds, or a
 * side failed. A condition that
 * cannot be checked is an error, and the comparison is shown and written all the same: it may have taken long.
 */
export async function finishComparison(
  {
    comparison: found,
    document,
    conditions,
    files,
    requireDecided = false,
    isInterrupted = false,
  }: ComparisonFacts,
  context: CommandContext,
): Promise<CommandResult> {
  const { outcomes, error } = check(found, conditions);
  const comparison = outcomes.length === 0 ? found : { ...found, conditions: outcomes };
  const failures = await writeOutputs(files, { document, comparison, outcomes });
  // With --json the error of a condition is in the document.
  const told = [...failures, ...(error === undefined || context.isJson ? [] : [error])];
  for (const failure of told)
    context.terminal.writeTalk(`${formatFailure(failure, context.terminal, context.isVerbose).join('\n')}\n`);
  const isFailed =
    failures.length > 0 ||
    comparison.failures !== undefined ||
    outcomes.some(({ holds }) => holds) ||
    (requireDecided && isUndecided(comparison));
  const code = error === undefined ? (isFailed ? EXIT.failed : EXIT.done) : exitCodeOf(error);
  return {
    json: {
      ...comparison,
      ...(error === undefined ? {} : failureDocument(error)),
    },
    lines: () => formatComparison(comparison, outcomes, context.terminal),
    exitCode: isInterrupted ? EXIT.interrupted : code,
  };
}

function isUndecided({ cases, conditions = [] }: Comparison): boolean {
  return (
    cases.some(({ verdict }) => verdict === 'not judged') || conditions.some(({ isDecided }) => !isDecided)
  );
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
