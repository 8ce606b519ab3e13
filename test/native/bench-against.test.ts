// SPDX-License-Identifier: Apache-2.0
// Comparisons in fresh processes that really run. No time and no verdict is asserted: both are noise here.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  benchAgainst,
  parseAgainst,
  type AgainstRequest,
  type BenchResult,
  type Comparison,
  type Measurement,
  type Round,
} from '../../lib/bench/index';
import { sampleResult, sampleSweep } from '../bench-documents';
import { addModel, identityModel } from '../onnx-models';
import { rejection, temporaryFolder } from '../temporary-folder';

const ROUNDS = 3;
const DIST = join(__dirname, '../../dist');

let folder: string;
let measurement: Measurement;

beforeEach(() => {
  folder = temporaryFolder();
  const model = write('add.onnx', addModel());
  measurement = {
    model,
    feeds: { x: { type: 'float32', data: Float32Array.of(1, 2, 3, 4), dims: [4] } },
    sessionOptions: { device: 'cpu', intraOpNumThreads: 1 },
    warmUpMs: 10,
    durationMs: 100,
  };
});

/** A file of this test's own folder. */
function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Ran {
  readonly comparison: Comparison;
  readonly rounds: readonly Round[];
}

async function against(target: string, more: Partial<AgainstRequest> = {}): Promise<Ran> {
  const rounds: Round[] = [];
  const comparison = await benchAgainst({
    target: parseAgainst(target),
    measurement,
    rounds: ROUNDS,
    onRound: (round) => rounds.push(round),
    ...more,
  });
  return { comparison, rounds };
}

const resultsOf = ({ rounds }: Ran, side: Round['side']): BenchResult[] =>
  rounds.filter((round) => round.side === side).map(({ result }) => result);

/** What holds for each comparison of all rounds. */
function expectComplete({ comparison, rounds }: Ran): void {
  expect(rounds.map(({ round, side }) => `${round}${side}`)).toEqual(['1a', '1b', '2b', '2a', '3a', '3b']);
  expect(comparison).toMatchObject({ kind: 'comparison', method: 'interleaved', rounds: ROUNDS });
  const [only, ...others] = comparison.cases;
  expect(others).toEqual([]);
  expect(only!.verdict).not.toBe('not judged');
  expect(only!.inferences.a).toBeGreaterThanOrEqual(ROUNDS * 10);
  expect(only!.inferences.b).toBeGreaterThanOrEqual(ROUNDS * 10);
}

/** The process identifier that a process wrote down, once it has. */
async function pidOf(file: string): Promise<number> {
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (text !== '') return Number(text);
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Dead, but nobody has asked how it ended yet.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}

/** Waits until the process has gone; the time limit of the test ends it where it does not go. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}

describe('measuring in fresh processes', () => {
  it('has the load of the machine from before the first round in all rounds', async () => {
    const ran = await against('self', { measurement: { ...measurement, loadAverage: 0.125 } });
    const loads = ran.rounds.map(({ result }) => result.environment.loadAverage);
    expect(loads).toEqual(Array<number>(2 * ROUNDS).fill(0.125));
    expect(ran.rounds.flatMap(({ result }) => result.warnings.map(({ code }) => code))).not.toContain(
      'busy-machine',
    );
    const untold = await against('self');
    expect(new Set(untold.rounds.map(({ result }) => result.environment.loadAverage)).size).toBe(1);
  });

  it('runs this package against itself, each measurement in a process of its own', async () => {
    const ran = await against('self');
    expectComplete(ran);
    expect(ran.comparison.differences).toEqual([]);
    for (const result of [...resultsOf(ran, 'a'), ...resultsOf(ran, 'b')]) {
      expect(result).toMatchObject({ model: measurement.model, backend: 'onnxruntime', end: 'complete' });
      // Typed arrays of the inputs arrived as such: the session took them.
      expect(result.settings).toMatchObject({ calls: 'binding', durationMs: 100 });
    }
  });

  it('runs another model as the reference, with inputs of its own', async () => {
    const againstModel = write('other.onnx', identityModel([6]));
    const againstFeeds = { x: new Float32Array(6) };
    const own = { ...measurement, batch: 1 };
    const ran = await against('self', { measurement: own, againstModel, againstFeeds, rounds: 1 });
    expect(ran.rounds.map(({ result }) => result.model)).toEqual([againstModel, measurement.model]);
    expect(ran.comparison.differences).toEqual([]);
    expect(ran.comparison.noted.map(({ what }) => what)).toContain('model');
  });

  it('runs onnxruntime-node, by this harness and with the same settings', async () => {
    const ran = await against('onnxruntime-node');
    expectComplete(ran);
    expect(ran.comparison.a.backend).toBe('onnxruntime-node');
    expect(ran.comparison.a.versions).toHaveProperty('onnxruntime-node');
    expect(ran.comparison.b.backend).toBe('onnxruntime');
    const [peer] = resultsOf(ran, 'a');
    expect(peer!.settings).toMatchObject({ durationMs: 100, warmUpMs: 10, stageTimes: false });
    // Nor are stage times taken on our side, which costs some time of a call.
    expect(resultsOf(ran, 'b')[0]).not.toHaveProperty('computeMs');
  });

  it('runs a module that exports createSession: another version of this package', async () => {
    write('package.json', JSON.stringify({ name: 'base-version', version: '0.0.7' }));
    const path = write('base.cjs', `exports.createSession = require(${JSON.stringify(DIST)}).createSession;`);
    const ran = await against(path, { rounds: 1 });
    expect(ran.comparison.cases[0]!.verdict).toBe('not judged');
    expect(ran.comparison.a).toMatchObject({ backend: 'onnxruntime', versions: { 'base-version': '0.0.7' } });
  });

  it('runs a command that prints a document of bench', async () => {
    const printed = write('printed.json', JSON.stringify(sampleResult()));
    const request = { compare: { force: true } };
    const ran = await against(`command:echo measuring >&2; cat '${printed}'`, request);
    expectComplete(ran);
    expect(ran.comparison.a.model).toBe(sampleResult().model);
    expect(ran.comparison.differences).toContainEqual(expect.objectContaining({ what: 'model' }));
  });

  it('gives the error of a model that cannot be opened', async () => {
    const model = write('broken.onnx', 'no model');
    const error = await rejection(against('self', { measurement: { ...measurement, model } }));
    expect(error.code).toBe('ERR_TRT_RUN_MODEL');
  });
});

describe('references that cannot be measured', () => {
  it('are refused before anything runs where there is no such module', async () => {
    const error = await rejection(against('no-such-package-at-all'));
    expect(error).toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      details: { specifier: 'no-such-package-at-all' },
    });
  });

  it.each([
    ['a module of Node.js', () => 'node:path', /node:path exports .*basename/],
    ['a module without a model', () => write('empty.cjs', ''), /exports nothing/],
    [
      'a module with a session but no tensors',
      () => write('half.mjs', 'export class InferenceSession {}'),
      /half/,
    ],
  ])('are refused where it is %s', async (_, target, message) => {
    const error = await rejection(against(target()));
    expect(error.code).toBe('ERR_TRT_ARG_VALUE');
    expect(error.message).toMatch(
      /Expected a module that exports createSession or InferenceSession and Tensor/,
    );
    expect(error.message).toMatch(message);
  });

  it('give the error of a module that fails when it is loaded', async () => {
    const path = write('thrown.cjs', "throw Object.assign(new Error('no such GPU here'), { code: 'EGPU' });");
    const error = await rejection(against(path));
    expect(error).toMatchObject({ code: 'ERR_TRT_BENCH_RESULT', details: { code: 'EGPU' } });
    expect(error.message).toContain('no such GPU here');
  });

  it('give the last words of a process that ends without a result', async () => {
    const path = write('gone.cjs', "console.error('out of luck'); process.exit(7);");
    const error = await rejection(against(path));
    expect(error).toMatchObject({
      code: 'ERR_TRT_BENCH_RESULT',
      details: { exitCode: 7, signal: null, stderr: 'out of luck' },
    });
    expect(error.message).toMatch(/exit code 7 and without a result: out of luck/);
  });

  it('are commands that print something else than one measurement', async () => {
    const several = write('several.json', JSON.stringify(sampleSweep()));
    for (const [line, message] of [
      ['echo 12 ms', /output of "echo 12 ms"/],
      [`cat '${several}'`, /Expected one measurement/],
    ] as const) {
      const error = await rejection(against(`command:${line}`));
      expect(error.code).toBe('ERR_TRT_BENCH_RESULT');
      expect(error.message).toMatch(message);
    }
  });

  it('are commands that end with another status, and the end of what they said is kept', async () => {
    const long = `for i in $(seq 2000); do echo "line $i" >&2; done; exit 3`;
    const error = await rejection(against(`command:${long}`));
    expect(error).toMatchObject({ code: 'ERR_TRT_BENCH_RESULT', details: { command: long } });
    expect(error.message).toMatch(/ended with 3: line 2000$/);
    const { stderr } = error.details as { stderr: string };
    expect(stderr.length).toBeLessThanOrEqual(4000);
    expect(stderr.split('\n').at(-1)).toBe('line 2000');
  });
});

describe('the signal', () => {
  it('ends the measuring process, and nothing is left of it', async () => {
    const pidFile = join(folder, 'pid');
    const path = write(
      'told.cjs',
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
       exports.createSession = require(${JSON.stringify(DIST)}).createSession;`,
    );
    const stop = new AbortController();
    const running = rejection(
      against(path, { measurement: { ...measurement, durationMs: 600_000 }, signal: stop.signal }),
    );
    const pid = await pidOf(pidFile);
    expect(isAlive(pid)).toBe(true);
    stop.abort();
    expect(await running).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    await gone(pid);
  });

  it('ends a command and all that it started', async () => {
    const pidFile = join(folder, 'pid');
    const stop = new AbortController();
    const line = `command:(sleep 600 & echo $! > '${pidFile}'; wait) | cat`;
    const running = rejection(against(line, { signal: stop.signal }));
    const pid = await pidOf(pidFile);
    expect(isAlive(pid)).toBe(true);
    stop.abort();
    expect(await running).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    await gone(pid);
  });

  it('keeps the rounds that are complete', async () => {
    const stop = new AbortController();
    let seen = 0;
    const { comparison } = await against('self', {
      signal: stop.signal,
      onRound: () => ++seen === 2 && stop.abort(),
    });
    expect(comparison.rounds).toBe(1);
    expect(comparison.warnings[0]).toContain('Interrupted after 1 of 3 rounds');
  });
});
