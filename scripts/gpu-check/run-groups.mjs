// SPDX-License-Identifier: Apache-2.0
// Runs the checks of a group in a child process. What a native library does to that process is then the result of
// one check: the child is started again for the rest.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resultOf } from './check.mjs';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));
/** Time for loading the package and for ending after the last check. */
const START_MS = 60_000;
const END_MS = 30_000;
/** How much of what a child printed is kept. */
const KEPT_OUTPUT = 16_384;

/** @typedef {ReturnType<typeof resultOf>} Result */

/**
 * Makes the planned checks of one group. Never rejects.
 *
 * @param {{id: string, check: import('./check.mjs').Check, library: object | null}[]} planned
 * @param {object} settings what the child needs besides
 * @param {(result: Result) => unknown} onResult called as each check ends
 * @param {{child?: string}} [replaced] by tests
 * @returns {Promise<{results: Result[], environment?: object}>}
 */
export async function runGroup(planned, settings, onResult, { child = CHILD } = {}) {
  const results = [];
  let environment;
  const add = (result) => {
    results.push(result);
    onResult(result);
  };
  let waiting = planned;
  while (waiting.length > 0) {
    const run = await runChild(child, waiting, settings, add);
    environment ??= run.environment;
    const done = new Set(results.map(({ id }) => id));
    const rest = waiting.filter(({ id }) => !done.has(id));
    add(...endOf(run, rest, waiting[0]));
    // The check that was running has its result now; a child that got nowhere would get nowhere again.
    waiting = run.current === undefined ? [] : rest.filter(({ id }) => id !== run.current);
    if (run.current === undefined) for (const one of rest) add(resultOf(one, 'failed', run.reason, run.kept));
  }
  return { results, environment };
}

/** The result that the end of a child stands for: of the check that it died in, or of ending itself. */
function endOf(run, rest, first) {
  const current = rest.find(({ id }) => id === run.current);
  if (current) return [{ ...resultOf(current, 'failed', run.reason, run.kept), durationMs: run.currentMs }];
  const group = first.id.split('.')[0];
  const ends = {
    id: `${group}.process-ends`,
    check: { title: 'the process of these checks ends by itself' },
  };
  const isGood = run.reason === null && rest.length === 0;
  return [
    resultOf(
      ends,
      isGood ? 'passed' : 'failed',
      isGood ? null : (run.reason ?? 'checks were left out'),
      run.kept,
    ),
  ];
}

/** Runs one child until it ends, is too slow, or crashes. */
function runChild(child, planned, settings, onResult) {
  return new Promise((resolve) => {
    const limits = new Map(planned.map(({ id, check }) => [id, check.limitSeconds * 1000]));
    const worker = fork(child, [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Memory is compared after a collection of garbage.
      execArgv: [...process.execArgv, '--expose-gc'],
      env: settings.env ?? process.env,
    });
    const state = { current: undefined, since: Date.now(), timedOut: null, environment: undefined };
    const output = keepOutput(worker);
    let timer;
    const allow = (milliseconds, what) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        state.timedOut = `${what} took more than ${milliseconds / 1000} s`;
        worker.kill('SIGKILL');
      }, milliseconds);
    };
    allow(START_MS, 'the start of the process');
    worker.on('message', (message) => {
      if (message.kind === 'environment') state.environment = message.environment;
      if (message.kind === 'started') {
        Object.assign(state, { current: message.id, since: Date.now() });
        allow(limits.get(message.id) ?? START_MS, 'the check');
      }
      if (message.kind === 'finished') {
        state.current = undefined;
        onResult(withOutput(message.result, output));
        allow(END_MS, 'the end of the process');
      }
    });
    worker.once('error', (error) => (state.timedOut = `the process cannot be started: ${error.message}`));
    worker.once('close', (code, signal) => {
      clearTimeout(timer);
      const end = signal === null ? (code === 0 ? null : `exit code ${code}`) : `signal ${signal}`;
      const crash = end === null ? null : `the process ended by ${end}`;
      const early = state.current === undefined ? null : 'the process ended during the check';
      const reason = state.timedOut ?? crash ?? early;
      const { current, since, environment } = state;
      resolve({ current, currentMs: Date.now() - since, reason, environment, kept: output.take() });
    });
    // A child that dies at once has no channel; 'close' tells the story.
    const ids = planned.map(({ id, library }) => ({ id, library }));
    worker.send({ checks: ids, settings: { ...settings, env: undefined } }, () => undefined);
  });
}

function keepOutput(worker) {
  const kept = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    worker[name].setEncoding('utf8');
    worker[name].on('data', (text) => (kept[name] = (kept[name] + text).slice(-KEPT_OUTPUT)));
  }
  return {
    /** What was printed since the last time, without what is empty. */
    take() {
      const printed = Object.entries(kept).filter(([, text]) => text !== '');
      Object.assign(kept, { stdout: '', stderr: '' });
      return Object.fromEntries(printed);
    },
  };
}

function withOutput(result, output) {
  return { ...result, details: { ...result.details, ...output.take() } };
}
