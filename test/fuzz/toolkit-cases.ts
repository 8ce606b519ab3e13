// SPDX-License-Identifier: Apache-2.0
// The graph toolkit's promise: whatever a model says, each pass does its work or throws a TensorRTError, soon, and
// without much memory. What cannot be reached by damage, sizes and depths, is in toolkit-extremes.ts.

import { TensorRTError } from '../../lib/errors';
import {
  castModel,
  checkOnnxModel,
  exposeTensors,
  extractModel,
  inferShapes,
  loadModel,
  printModel,
  raiseOpset,
  simplifyModel,
  type OnnxModel,
} from '../../lib/onnx';
import { describeCase, makeCase } from './cases';
import type { ReaderReport, ReaderRun } from './reader-cases';

/** Far above what any case takes; a hang is caught by whoever watches the process. */
const SLOWEST_MS = 5_000;

type Step = readonly [what: string, run: (model: OnnxModel) => unknown];

/** Each gets a model of its own. */
const STEPS: readonly Step[] = [
  ['check', checkOnnxModel],
  ['infer', (model) => inferShapes(model)],
  ['simplify', (model) => checkOnnxModel(simplified(model))],
  ['simplify again', (model) => simplifyModel(simplified(model))],
  ['cast to fp16', (model) => castModel(model, { to: 'fp16' })],
  ['cast to bf16', (model) => castModel(simplified(model), { to: 'bf16', keepIo: false })],
  ['raise', (model) => raiseOpset(model, 21)],
  ['print', (model) => printModel(model, { weights: 'summary' })],
  ['extract', extractMiddle],
  ['expose', (model) => exposeTensors(model, madeNames(model))],
  ['write', async (model) => loadModel(simplified(model).toBytes())],
];

function simplified(model: OnnxModel): OnnxModel {
  simplifyModel(model, { splitSharedWeights: true });
  return model;
}

function madeNames({ graph }: OnnxModel): string[] {
  return graph.node.flatMap(({ output }) => output).filter((name) => name !== '');
}

function extractMiddle(model: OnnxModel): OnnxModel {
  const names = madeNames(model);
  const [first, last] = [names[Math.floor(names.length / 3)], names.at(-1)];
  return extractModel(model, { inputs: first === undefined ? [] : [first], outputs: [last ?? ''] });
}

/** Runs the toolkit over damaged models. */
export async function runToolkitCases(run: Omit<ReaderRun, 'scratchFile'>): Promise<ReaderReport> {
  const outcomes: Record<string, number> = {};
  const failures: string[] = [];
  for (let index = run.firstCase; index < run.firstCase + run.cases; index++) {
    run.onCase?.(index);
    const one = makeCase(run.seeds, run.runSeed, index);
    const note = (outcome: string) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
    const problems = await tryToolkit(one.bytes, note);
    failures.push(...problems.map((problem) => `${describeCase(one)}: ${problem}`));
  }
  return { outcomes, failures };
}

/** All steps on one model. @returns broken promises, in words */
export async function tryToolkit(bytes: Uint8Array, note: (outcome: string) => void): Promise<string[]> {
  const problems: string[] = [];
  const attempt = async <T>(what: string, run: () => T | Promise<T>): Promise<T | undefined> => {
    const started = performance.now();
    try {
      const result = await run();
      note(`${what} ok`);
      return result;
    } catch (error) {
      note(`${what} ${error instanceof TensorRTError ? error.code : 'failed'}`);
      if (!(error instanceof TensorRTError))
        problems.push(`${what}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      return undefined;
    } finally {
      const ms = performance.now() - started;
      if (ms > SLOWEST_MS) problems.push(`${what}: took ${Math.round(ms)} ms`);
    }
  };
  const model = await attempt('load', () => loadModel(bytes));
  if (model === undefined) return problems;
  for (const [what, step] of STEPS) await attempt(what, () => step(model.clone()));
  return problems;
}
