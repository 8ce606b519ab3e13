// SPDX-License-Identifier: Apache-2.0
// The readers' promise: whatever the bytes are, a result or a TensorRTError of the reader's own codes, soon, and
// without much memory.

import { writeFileSync } from 'node:fs';
import { checkPrecision } from '../../lib/builder/precision-checks';
import { checkModel } from '../../lib/builder/model-checks';
import { resolveProfiles } from '../../lib/builder/profiles';
import { TensorRTError } from '../../lib/errors';
import type { ModelInfo } from '../../lib/onnx';
import { checkExternalBytes, readModelInfo } from '../../lib/onnx/reader';
import { readPlanHeader } from '../../lib/runtime/plan-header';
import { describeCase, makeCase, type FuzzCase } from './cases';
import type { Seed } from './seeds';

/** Far above what any case takes (some milliseconds); a hang is caught by whoever watches the process. */
const SLOWEST_MS = 5_000;
/** Every how many cases the bytes are read from a file too. */
const FILE_EVERY = 8;

/** What a run does. */
export interface ReaderRun {
  readonly seeds: readonly Seed[];
  readonly runSeed: number;
  readonly firstCase: number;
  readonly cases: number;
  /** A file that may be overwritten. */
  readonly scratchFile: string;
  /** Called before each case. */
  readonly onCase?: (index: number) => void;
}

/** What a run found. */
export interface ReaderReport {
  /** How often each outcome came: `ok`, or a code. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Broken promises, in words. */
  readonly failures: readonly string[];
}

/** Runs the readers over damaged files. */
export async function runReaderCases(run: ReaderRun): Promise<ReaderReport> {
  const outcomes: Record<string, number> = {};
  const failures: string[] = [];
  const note = (outcome: string) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
  for (let index = run.firstCase; index < run.firstCase + run.cases; index++) {
    run.onCase?.(index);
    const one = makeCase(run.seeds, run.runSeed, index);
    const started = performance.now();
    const problems = await tryReaders(one, run.scratchFile, note);
    const ms = performance.now() - started;
    if (ms > SLOWEST_MS) problems.push(`took ${Math.round(ms)} ms`);
    failures.push(...problems.map((problem) => `${describeCase(one)}: ${problem}`));
  }
  return { outcomes, failures };
}

async function tryReaders(
  one: FuzzCase,
  scratchFile: string,
  note: (outcome: string) => void,
): Promise<string[]> {
  const problems: string[] = [];
  const attempt = async <T>(what: string, codes: RegExp, read: () => T | Promise<T>) => {
    try {
      const result = await read();
      note(`${what} ok`);
      return result;
    } catch (error) {
      const code = error instanceof TensorRTError ? error.code : '';
      note(`${what} ${code}`);
      if (!codes.test(code))
        problems.push(`${what}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      return undefined;
    }
  };
  const info = await attempt('model', /^ERR_TRT_ONNX_/, () => readModelInfo(one.bytes));
  await attempt('plan', /^ERR_TRT_LOAD_/, () => readPlanHeader(one.bytes));
  if (info !== undefined) await tryChecks(info, attempt);
  if (one.index % FILE_EVERY === 0) {
    writeFileSync(scratchFile, one.bytes);
    const fromFile = await attempt('file', /^ERR_TRT_ONNX_/, () => readModelInfo(scratchFile));
    if ((info === undefined) !== (fromFile === undefined))
      problems.push('file and bytes are judged differently');
  }
  return problems;
}

type Attempt = <T>(what: string, codes: RegExp, read: () => T | Promise<T>) => Promise<T | undefined>;

/** What a model says is used by the checks before a build: they keep the same promise. */
async function tryChecks(info: ModelInfo, attempt: Attempt): Promise<void> {
  await attempt('checks', /^ERR_TRT_ONNX_/, () => checkModel(info, { family: 'tensorrt-rtx' }));
  await attempt('external data', /^ERR_TRT_ONNX_EXTERNAL/, () => checkExternalBytes(info, {}));
  await attempt('profiles', /^ERR_TRT_ARG_PROFILE_/, () => resolveProfiles(info, {}));
  await attempt('precision', /^ERR_TRT_BUILD_PRECISION/, () => checkPrecision(info, 'fp16'));
}
