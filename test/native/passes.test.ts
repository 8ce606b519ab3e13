// SPDX-License-Identifier: Apache-2.0
// Each pass on a model that has what it looks for: ONNX Runtime computes the same before and after, a second pass finds
// nothing, and TensorRT-RTX builds what is left.
import { describe, expect, it } from 'vitest';
import { buildEngine, createSession, type BuildOptions, type Feeds } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { eliminateTransposes } from '../../lib/onnx/passes/eliminate-transposes';
import { foldBatchNormalization } from '../../lib/onnx/passes/fold-batch-normalization';
import { foldConstants } from '../../lib/onnx/passes/fold-constants';
import { fuseLayerNormalization } from '../../lib/onnx/passes/fuse-layer-normalization';
import { inlineBranches } from '../../lib/onnx/passes/inline-branches';
import { inlineFunctions } from '../../lib/onnx/passes/inline-functions';
import { raiseOpset } from '../../lib/onnx/passes/raise-opset';
import { removeDeadNodes } from '../../lib/onnx/passes/remove-dead-nodes';
import { removeIdentities } from '../../lib/onnx/passes/remove-identities';
import { simplifyModel } from '../../lib/onnx/passes/simplify-model';
import { splitSharedWeights } from '../../lib/onnx/passes/split-shared-weights';
import { branchModel } from '../onnx-models';
import {
  channelsLastModel,
  decomposedModel,
  foldableModel,
  functionModel,
  knownBranchModel,
  normalizedChainModel,
  sharedWeightsModel,
} from '../pass-models';
import { attentionModel, loopModel, noise, normalizedModel, residualModel } from '../precision-models';

async function run(
  model: Uint8Array,
  feeds: Feeds,
): Promise<Record<string, { dims: readonly number[]; data: unknown }>> {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** Outputs are equal up to `tolerance` of their largest value. */
async function expectSame(
  before: Uint8Array,
  after: Uint8Array,
  feeds: Feeds,
  tolerance: number,
): Promise<void> {
  const [expected, actual] = [await run(before, feeds), await run(after, feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(dims);
    const [a, b] = [data, actual[name]!.data] as [Float32Array, Float32Array];
    const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
    expect(error, name).toBeLessThanOrEqual(tolerance * largest);
  }
}

const input = (...dims: number[]): Feeds => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { x: { data: noise(count, 1, count), dims } };
};
const batch: BuildOptions = { dynamicAxes: { batch: [1, 2, 4] } };

interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  /** Returns how much it changed. */
  readonly pass: (model: OnnxModel) => number;
  readonly changes: number;
  readonly feeds: Feeds;
  readonly tolerance: number;
  readonly options?: BuildOptions;
}

const fold = ({ graph }: OnnxModel) => foldConstants(graph);
const fuse = (model: OnnxModel) => fuseLayerNormalization(model, { raise: true });
const CASES: readonly Case[] = [
  {
    name: 'folded constants',
    model: foldableModel(),
    pass: fold,
    changes: 8,
    feeds: input(3, 2, 4),
    tolerance: 0,
    options: batch,
  },
  {
    name: 'removed identities',
    model: foldableModel(),
    pass: ({ graph }) => removeIdentities(graph),
    changes: 3,
    feeds: input(3, 2, 4),
    tolerance: 0,
    options: batch,
  },
  {
    name: 'removed dead nodes',
    model: foldableModel(),
    pass: ({ graph }) =>
      Object.values(removeDeadNodes(graph)).reduce((sum: number, count) => sum + (count as number), 0),
    changes: 3,
    feeds: input(3, 2, 4),
    tolerance: 0,
    options: batch,
  },
  {
    name: 'eliminated transposes',
    model: channelsLastModel(),
    pass: ({ graph }) => eliminateTransposes(graph),
    changes: 4,
    feeds: input(2, 8, 8, 3),
    tolerance: 1e-6,
    options: batch,
  },
  {
    name: 'folded normalisations',
    model: normalizedChainModel(),
    pass: ({ graph }) => foldBatchNormalization(graph, ranksOf),
    changes: 5,
    feeds: input(3, 8, 4, 4),
    tolerance: 1e-5,
    options: batch,
  },
  ...(['Pow', 'Mul'] as const).flatMap((square) =>
    (['Div', 'Reciprocal'] as const).map((quotient) => ({
      name: `a fused layer normalisation with ${square} and ${quotient}`,
      model: decomposedModel({ square, quotient, opset: square === 'Pow' ? 17 : 13 }),
      pass: fuse,
      changes: 1,
      feeds: input(2, 4, 16),
      tolerance: 1e-5,
      options: batch,
    })),
  ),
  {
    name: 'a fused layer normalisation without gamma and beta',
    model: decomposedModel({ parameters: false }),
    pass: fuse,
    changes: 1,
    feeds: input(2, 4, 16),
    tolerance: 1e-5,
    options: batch,
  },
  {
    name: 'split weights',
    model: sharedWeightsModel(),
    pass: ({ graph }) => splitSharedWeights(graph),
    changes: 3,
    feeds: input(2, 8),
    tolerance: 0,
  },
  {
    name: 'an inlined branch',
    model: knownBranchModel(),
    pass: ({ graph }) => foldConstants(graph) + inlineBranches(graph),
    changes: 2,
    feeds: { ...input(4), flag: { data: Uint8Array.of(1), dims: [] } },
    tolerance: 0,
  },
  {
    name: 'inlined functions',
    model: functionModel(),
    pass: (model) => inlineFunctions(model).inlined,
    changes: 4,
    feeds: input(4),
    tolerance: 0,
  },
];

/** Products of the chain have two axes, which nothing declares. */
function ranksOf(name: string): readonly undefined[] | undefined {
  return /^[qr]\d$/.test(name) ? [undefined, undefined] : undefined;
}

const build = { runtime: 'tensorrt-rtx', isolation: 'thread', optimizationLevel: 0 } as const;

describe.each(CASES)('$name', ({ model, pass, changes, feeds, tolerance, options }) => {
  it('compute the same, once and for all, and build', async () => {
    const changed = await loadModel(model);
    expect(pass(changed)).toBe(changes);
    const bytes = changed.toBytes();
    await expectSame(model, bytes, feeds, tolerance);
    expect(pass(changed)).toBe(0);
    expect(changed.toBytes()).toEqual(bytes);
    const engine = await buildEngine(bytes, { ...build, ...options });
    expect(engine.bytes).toBeGreaterThan(0);
  });
});

const images: Feeds = { images: { data: noise(2 * 768, 1, 7), dims: [2, 3, 16, 16] } };
const attention: Feeds = {
  ...input(2, 8, 32),
  mask: { data: new Float32Array(16).fill(1), dims: [2, 1, 8] },
};
const SIMPLIFIED: readonly (readonly [string, Uint8Array, Feeds, BuildOptions, number])[] = [
  ['constants', foldableModel(), input(3, 2, 4), batch, 3],
  ['channels last', channelsLastModel(), input(2, 8, 8, 3), batch, 8],
  ['normalisations', normalizedChainModel(), input(3, 8, 4, 4), batch, 10],
  ['a layer normalisation', decomposedModel({ opset: 11 }), input(2, 4, 16), batch, 6],
  ['a known branch', knownBranchModel(), { ...input(4), flag: { data: Uint8Array.of(0), dims: [] } }, {}, 4],
  ['functions', functionModel(), input(4), {}, 4],
  ['a residual network', residualModel(), images, batch, 10],
  ['convolutions and normalisations', normalizedModel(), images, batch, 5],
  ['attention', attentionModel(), attention, batch, 19],
  ['a branch', branchModel(), { x: Float32Array.of(1, -2), flag: Uint8Array.of(1) }, {}, 1],
  ['a loop', loopModel(), { x: { data: noise(32, 1, 4), dims: [2, 16] } }, {}, 1],
];

describe.each(SIMPLIFIED)('a simplified model of %s', (...[, model, feeds, options, nodes]) => {
  it('computes the same, has its inputs and outputs, and builds', async () => {
    const simple = await loadModel(model);
    const borders = () => [simple.graph.input, simple.graph.output].map((values) => structuredClone(values));
    const before = borders();
    simplifyModel(simple);
    const bytes = simple.toBytes();
    expect(borders()).toEqual(before);
    expect(simple.graph.node).toHaveLength(nodes);
    await expectSame(model, bytes, feeds, 1e-5);
    expect(Object.values(simplifyModel(simple)).every((count) => count === 0)).toBe(true);
    expect(simple.toBytes()).toEqual(bytes);
    const engine = await buildEngine(bytes, { ...build, ...options });
    expect(engine.bytes).toBeGreaterThan(0);
  });
});

describe('a raised opset', () => {
  it.each([
    ['attention', attentionModel(), attention],
    ['a residual network', residualModel(11), images],
    ['a layer normalisation', decomposedModel({ opset: 11 }), input(2, 4, 16)],
  ] as const)('computes the same on %s at each opset', async (_, model, feeds) => {
    for (const opset of [13, 18, 21, 22, 23]) {
      const raised = await loadModel(model);
      expect(raiseOpset(raised, opset)).toBeUndefined();
      await expectSame(model, raised.toBytes(), feeds, 0);
    }
  });
});
