// SPDX-License-Identifier: Apache-2.0
// What a check is, how a list of checks is chosen, and how one is run.
import { describeError, toPlain } from './plain.mjs';

/** Seconds that one check may take unless it says otherwise. */
const DEFAULT_LIMIT_SECONDS = 120;

/** Thrown by a check that cannot say anything here. */
export class SkippedCheck extends Error {}

/**
 * @typedef {object} Check
 * @property {string} name unique in its group
 * @property {string} title what holds if it passes
 * @property {(t: import('./check-context.mjs').CheckContext) => Promise<void>} run throws if it does not hold
 * @property {boolean} perFamily once for each TensorRT family of the host
 * @property {number} limitSeconds
 * @property {readonly string[]} [families] the only families that have what is checked
 */

/** A check that runs once for each TensorRT family. @returns {Check} */
export function familyCheck(name, title, run, options = {}) {
  return { limitSeconds: DEFAULT_LIMIT_SECONDS, ...options, name, title, run, perFamily: true };
}

/** A check that runs once. @returns {Check} */
export function hostCheck(name, title, run, options = {}) {
  return { limitSeconds: DEFAULT_LIMIT_SECONDS, ...options, name, title, run, perFamily: false };
}

/**
 * The checks of a group that are to be made, in order. Without any family, those that need one are listed once.
 *
 * @param {{name: string, checks: Check[]}} group
 * @param {{family: string}[]} libraries
 * @returns {{id: string, check: Check, library: {family: string} | null}[]}
 */
export function planChecks(group, libraries) {
  return group.checks.flatMap((check) => {
    const id = `${group.name}.${check.name}`;
    if (!check.perFamily) return [{ id, check, library: null }];
    const fitting = libraries.filter(({ family }) => check.families?.includes(family) ?? true);
    if (libraries.length === 0) return [{ id, check, library: null }];
    return fitting.map((library) => ({ id: `${id}@${library.family}`, check, library }));
  });
}

/** Whether `--only` names this check: its group, its id, or its id without the family. */
export function isSelected(id, only) {
  if (only.length === 0) return true;
  const withoutFamily = id.split('@')[0];
  const group = withoutFamily.split('.')[0];
  return only.some((wanted) => [id, withoutFamily, group].includes(wanted));
}

/**
 * A result of a check that was not made, or did not come to its end.
 *
 * @param {{id: string, check: {title: string}}} planned
 * @param {string} status
 * @param {string | null} reason
 * @param {Record<string, any>} [details]
 */
export function resultOf({ id, check }, status, reason, details = {}) {
  return { id, group: id.split('.')[0], title: check.title, status, reason, details, durationMs: 0 };
}

/**
 * Makes one check. Never rejects: whatever goes wrong is its result.
 *
 * @param {{id: string, check: Check}} planned
 * @param {import('./check-context.mjs').CheckContext} context
 */
export async function runCheck(planned, context) {
  const started = performance.now();
  let outcome = { status: 'passed', reason: null };
  try {
    await planned.check.run(context);
  } catch (error) {
    outcome = outcomeOf(error);
  }
  const closing = await context.close();
  if (closing !== null && outcome.status === 'passed')
    outcome = { status: 'failed', reason: `closing failed: ${describeError(closing).message}` };
  return {
    ...resultOf(planned, outcome.status, outcome.reason),
    details: toPlain({ ...context.details, ...(outcome.error ? { error: outcome.error } : {}) }),
    durationMs: Math.round(performance.now() - started),
  };
}

function outcomeOf(error) {
  if (error instanceof SkippedCheck) return { status: 'skipped', reason: error.message };
  const described = describeError(error);
  const code = described.code ? `${described.code}: ` : '';
  return { status: 'failed', reason: `${code}${described.message}`, error: described };
}
