// SPDX-License-Identifier: Apache-2.0
// Gradients that are written as ONNX nodes, computed by ONNX Runtime: the same as PyTorch's, and the same as the slope of
// the loss itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeGradientModel, type GradientModel } from '../../lib/compress/gradient/gradient-model';
import { assertOnnxModel, loadModel } from '../../lib/onnx';
import { createSession, type Feeds } from '../../lib/index';
import { makeModel, type AttributeSpec, type TensorSpec } from '../onnx-builder';

interface InputSpec {
  readonly dims: readonly number[];
  readonly seed?: number;
  readonly positive?: boolean;
  readonly fixed?: boolean;
  readonly ints?: readonly number[];
  readonly floats?: readonly number[];
  readonly bools?: readonly number[];
}

interface Case {
  readonly op: string;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly inputs: readonly (InputSpec | null)[];
  readonly output: { readonly dims: readonly number[]; readonly values: readonly number[] };
  readonly gradients: readonly (readonly number[])[];
}

const { cases, cotangentSeed } = JSON.parse(
  readFileSync(join(__dirname, '../references/gradients/gradients.json'), 'utf8'),
) as { cases: Case[]; cotangentSeed: number };

/** Smallest share of the largest gradient that counts as different: FP32 against double. */
const TOLERANCE = 2e-5;

/** The numbers of scripts/references/gradients.py. */
function made({
  dims,
  seed = 0,
  positive = false,
}: Pick<InputSpec, 'dims' | 'seed' | 'positive'>): Float32Array {
  const count = dims.reduce((product, dim) => product * dim, 1);
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = (((state >>> 16) % 1024) - 512) / 256 + 1 / 1024;
    return positive ? Math.abs(value) + 0.5 : value;
  });
}

const nameOf = (index: number): string => `x${index}`;

function constantOf(name: string, { ints, floats, bools, dims }: InputSpec): TensorSpec {
  if (ints !== undefined) return { name, type: 'INT64', dims, data: [...ints] };
  return bools === undefined ? { name, dims, data: floats! } : { name, type: 'BOOL', dims, data: [...bools] };
}

/** One node between its inputs and `y`. */
function nodeModel({ op, attributes, inputs, output }: Case, opset: number, isDynamic: boolean): Uint8Array {
  const { batchStatistics: _, ...own } = attributes;
  const real = inputs.flatMap((spec, index) => (spec?.seed === undefined ? [] : [{ spec, index }]));
  const isState = (spec: InputSpec) => spec.fixed === true;
  return makeModel({
    opset,
    inputs: real
      .filter(({ spec }) => !isState(spec))
      .map(({ spec, index }) => ({
        name: nameOf(index),
        dims: spec.dims.map((dim, axis) => (isDynamic ? `d${index}_${axis}` : dim)),
      })),
    outputs: [{ name: 'y', dims: isDynamic ? output.dims.map((_, axis) => `y${axis}`) : output.dims }],
    nodes: [
      {
        op,
        inputs: inputs.map((spec, index) => (spec === null ? '' : nameOf(index))),
        outputs: ['y'],
        attributes: own,
      },
    ],
    initializers: inputs.flatMap((spec, index) => {
      if (spec === null) return [];
      if (spec.seed === undefined) return [constantOf(nameOf(index), spec)];
      return isState(spec) ? [{ name: nameOf(index), dims: spec.dims, data: made(spec) }] : [];
    }),
  });
}

/** The sum of `y` times given numbers, and its gradients. */
async function gradientModelOf(one: Case, isDynamic = false): Promise<GradientModel> {
  const opset = one.op === 'Gelu' ? 20 : one.op === 'AveragePool' ? 19 : 18;
  const model = await loadModel(nodeModel(one, opset, isDynamic));
  const names = trained(one).map(({ index }) => nameOf(index));
  return makeGradientModel(model, {
    parameters: [],
    inputs: names,
    batchStatistics: 'batchStatistics' in one.attributes,
    writeLoss: (write) => {
      const product = write.node('Mul', ['y', 'cotangent']);
      const dims = one.output.dims.map((dimValue) => ({ dimValue }));
      return {
        loss: write.node('ReduceSum', [product], { keepdims: 0 }),
        inputs: [{ name: 'cotangent', type: { tensorType: { elemType: 1, shape: { dim: dims } } } }],
        parts: { y: 'y' },
        parameters: [],
      };
    },
  });
}

function trained({ inputs }: Case): { spec: InputSpec; index: number }[] {
  return inputs.flatMap((spec, index) =>
    spec?.seed === undefined || spec.fixed === true ? [] : [{ spec, index }],
  );
}

function feedsOf(one: Case): Record<string, { data: Float32Array; dims: readonly number[] }> {
  const inputs = trained(one).map(
    ({ spec, index }) => [nameOf(index), { data: made(spec), dims: spec.dims }] as const,
  );
  const { dims } = one.output;
  return { ...Object.fromEntries(inputs), cotangent: { data: made({ dims, seed: cotangentSeed }), dims } };
}

/** @returns the largest difference, as a share of the largest number */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [most, largest] = [0, 1e-3];
  for (let i = 0; i < expected.length; i++) {
    most = Math.max(most, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return most / largest;
}

async function withSession<T>(
  made: GradientModel,
  use: (run: (feeds: Feeds) => Promise<Record<string, Float32Array>>) => Promise<T>,
): Promise<T> {
  const session = await createSession(made.model.toBytes(), { device: 'cpu', intraOpNumThreads: 1 });
  const wanted = new Set(session.inputs.map(({ name }) => name));
  try {
    return await use(async (feeds) => {
      const used = Object.entries(feeds).filter(([name]) => wanted.has(name));
      const outputs = await session.run(Object.fromEntries(used));
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
      );
    });
  } finally {
    await session.close();
  }
}

describe.each(cases.map((one, index) => ({ ...one, index })))('$op, case $index', (one) => {
  test("has PyTorch's gradients, and the slope of its loss", async () => {
    const model = await gradientModelOf(one);
    assertOnnxModel(model.model);
    await withSession(model, async (run) => {
      const feeds = feedsOf(one);
      const outputs = await run(feeds);
      expect(difference(outputs[model.parts.get('y')!]!, one.output.values)).toBeLessThan(TOLERANCE);
      for (const [at, { index }] of trained(one).entries()) {
        const gradient = outputs[model.gradients.get(nameOf(index))!]!;
        expect(difference(gradient, one.gradients[at]!), nameOf(index)).toBeLessThan(TOLERANCE);
      }
      await expectSlope(one, outputs, { model, run });
    });
  });
});

/** Without sizes these rules have nothing to go by, and say so. */
const NEED_SIZES = (one: Case): boolean =>
  one.attributes['group'] !== undefined && one.attributes['group'] !== 1;

describe.each(cases.map((one, index) => ({ ...one, index })))('$op of unknown sizes, case $index', (one) => {
  test("has PyTorch's gradients, or says what it lacks", async () => {
    if (NEED_SIZES(one)) {
      await expect(gradientModelOf(one, true)).rejects.toMatchObject({
        code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      });
      return;
    }
    const model = await gradientModelOf(one, true);
    await withSession(model, async (run) => {
      const outputs = await run(feedsOf(one));
      for (const [at, { index }] of trained(one).entries()) {
        const gradient = outputs[model.gradients.get(nameOf(index))!]!;
        expect(difference(gradient, one.gradients[at]!), nameOf(index)).toBeLessThan(TOLERANCE);
      }
    });
  });
});

/** Central differences along one direction in all inputs at once; the sum is taken in double. */
async function expectSlope(
  one: Case,
  outputs: Record<string, Float32Array>,
  { model, run }: { model: GradientModel; run: (feeds: Feeds) => Promise<Record<string, Float32Array>> },
): Promise<void> {
  // Small enough to cross no border of a piecewise function: the numbers keep 1/1024 away from them.
  const step = 1 / 2048;
  const feeds = feedsOf(one);
  const direction = trained(one).map(({ spec, index }) => made({ dims: spec.dims, seed: 31 * index + 5 }));
  const lossAt = async (sign: number): Promise<number> => {
    const moved = trained(one).map(({ index }, at) => {
      const { data, dims } = feeds[nameOf(index)]!;
      const values = data.map((value, place) => value + (sign * step * direction[at]![place]!) / 2);
      return [nameOf(index), { data: values, dims }] as const;
    });
    const y = (await run({ ...feeds, ...Object.fromEntries(moved) }))[model.parts.get('y')!]!;
    return y.reduce((sum, value, place) => sum + value * feeds['cotangent']!.data[place]!, 0);
  };
  const slope = ((await lossAt(1)) - (await lossAt(-1))) / step;
  const terms = trained(one).map(({ index }, at) => {
    const gradient = outputs[model.gradients.get(nameOf(index))!]!;
    return gradient.map((value, place) => value * direction[at]![place]!);
  });
  const expected = terms.flatMap((list) => [...list]).reduce((sum, term) => sum + term, 0);
  const scale = terms.flatMap((list) => [...list]).reduce((sum, term) => sum + Math.abs(term), 1);
  // FP32 outputs of some units, rounded at 6e-8 each and divided by the step.
  expect(Math.abs(slope - expected) / scale).toBeLessThan(2e-3);
}
