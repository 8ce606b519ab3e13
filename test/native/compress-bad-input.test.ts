// SPDX-License-Identifier: Apache-2.0
// Graphs that are hard to get right. Their weights are planted: each operation finds what costs nothing to lose, so that
// ONNX Runtime has to compute the same before and after; or it says why it has nothing to do.
import { describe, expect, test } from 'vitest';
import { sessionRunner } from '../../lib/index';
import { checkOnnxModel } from '../../lib/onnx/check/check-onnx-model';
import { makeModel, type ModelSpec } from '../onnx-builder';
import { ON_ONE_THREAD } from '../trained-networks';
import type { CaseFeeds, GraphCase } from '../unit/compress/bad-input/graph-case';
import { GraphSketch } from '../unit/compress/bad-input/graph-sketch';
import { LAYER_CASES } from '../unit/compress/bad-input/layer-cases';
import { OPERATION_NAMES, OPERATIONS, type Compressed } from '../unit/compress/bad-input/operations';
import type { Operation } from '../unit/compress/bad-input/planted-weights';
import { SHARING_CASES } from '../unit/compress/bad-input/sharing-cases';
import { STRUCTURE_CASES } from '../unit/compress/bad-input/structure-cases';

const runner = sessionRunner(ON_ONE_THREAD);

const CASES = [...LAYER_CASES, ...SHARING_CASES, ...STRUCTURE_CASES].map((one) => [one.name, one] as const);

/** Runs that outputs are compared on, and that weights are fitted to. */
const COMPARED_RUNS = 2;
const FITTED_RUNS = 8;
/** Relative; what FP32 loses when sums are taken in another order. */
const TOLERANCE = 1e-4;

async function compress(
  one: GraphCase,
  operation: Operation,
  hasData: boolean,
): Promise<{ source: Uint8Array; result: Compressed }> {
  const graph = new GraphSketch(operation);
  const more = (one.draw(graph) ?? {}) as Partial<ModelSpec>;
  const source = makeModel(graph.spec(more));
  const data = hasData ? { calibration: one.feeds(FITTED_RUNS), runner } : {};
  return { source, result: await OPERATIONS[operation](source, data) };
}

async function outputsOf(model: Uint8Array, feeds: readonly CaseFeeds[]) {
  const outputs = [];
  for await (const one of runner(model, feeds)) outputs.push(one);
  return outputs;
}

/** Holds a result against its source. */
async function expectSame(
  source: Uint8Array,
  { model }: Compressed,
  feeds: readonly CaseFeeds[],
): Promise<void> {
  expect(checkOnnxModel(model).filter(({ severity }) => severity === 'error')).toEqual([]);
  const [expected, actual] = [await outputsOf(source, feeds), await outputsOf(model.toBytes(), feeds)];
  for (const [run, outputs] of expected.entries())
    for (const [name, { data, dims }] of Object.entries(outputs)) {
      const found = actual[run]![name]!;
      expect(found.dims, name).toEqual(dims);
      if (typeof data[0] === 'string') expect(found.data).toEqual(data);
      else expect(distance(data as Float32Array, found.data as Float32Array), name).toBeLessThan(TOLERANCE);
    }
}

function distance(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let [error, energy] = [0, 1e-30];
  for (let at = 0; at < expected.length; at++) {
    error += (Number(expected[at]) - Number(actual[at])) ** 2;
    energy += Number(expected[at]) ** 2;
  }
  return Math.sqrt(error / energy);
}

async function checkCase(one: GraphCase, operation: Operation, hasData: boolean): Promise<void> {
  const reason = one.nothing?.[operation];
  if (reason !== undefined) {
    const work = compress(one, operation, hasData);
    await expect(work).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      message: expect.stringMatching(reason) as string,
    });
    return;
  }
  const { source, result } = await compress(one, operation, hasData);
  expect(result.report.changed.length).toBeGreaterThan(0);
  const kept = new Map(result.report.kept.map(({ node, reason: why }) => [node, why]));
  for (const [node, why] of Object.entries(one.kept?.[operation] ?? {}))
    expect(`${node}: ${kept.get(node) ?? 'not kept'}`).toMatch(why);
  await expectSame(source, result, one.feeds(COMPARED_RUNS));
}

describe.each(OPERATION_NAMES)('%s keeps what a model computes', (operation) => {
  test.each(CASES)('%s', async (_, one) => {
    await checkCase(one, operation, false);
    if (one.hasData) await checkCase(one, operation, true);
  });
});
