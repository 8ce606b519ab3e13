// SPDX-License-Identifier: Apache-2.0
// The engines of gpu:check as plans of TensorRT's stand-in, in a folder that `gpu:check --engines` takes: the checks
// then run where there is neither a GPU nor TensorRT.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WEIGHTS } from '../scripts/gpu-check/models.mjs';
import { fromHalf, toHalf } from '../scripts/gpu-check/numbers.mjs';
import type { Family } from '../lib/binding/contract';
import { formatManifest, MANIFEST_FORMAT_VERSION } from '../lib/runtime/manifest';
import {
  makePlan,
  STANDIN_VERSIONS,
  type PlanDescription,
  type PlanProfile,
  type PlanTensor,
} from './standin-plan';

/** Long enough that several runs are in flight at once, short enough for hundreds of them. */
const HEAVY_US = 2_000;

/** A tensor [batch, width]. */
const rows = (name: string, width: number, type = 'float32'): PlanTensor => ({
  name,
  type,
  dims: [-1, width],
});

/** A profile in which these inputs [batch, width] have the same batch. */
function batches(
  names: readonly string[],
  width: number,
  sizes: readonly [number, number, number],
): PlanProfile {
  const [min, opt, max] = sizes.map((size) => [size, width]) as [number[], number[], number[]];
  return { dims: Object.fromEntries(names.map((name) => [name, { min, opt, max }])) };
}

const weightsOf = (model: keyof typeof WEIGHTS, convert = (value: number): number => value) =>
  Object.fromEntries(WEIGHTS[model].map(({ name, data }) => [name, Array.from(data, convert)]));

const ADD: PlanDescription = {
  name: 'add',
  inputs: [rows('a', 16), rows('b', 16)],
  outputs: [rows('z', 16)],
  profiles: [batches(['a', 'b'], 16, [1, 4, 32])],
  layers: ['add a b z'],
};

const LINEAR: PlanDescription = {
  name: 'linear',
  inputs: [rows('x', 64)],
  outputs: [rows('y', 32)],
  profiles: [batches(['x'], 64, [1, 4, 32])],
  weights: weightsOf('linear'),
  layers: ['matmul x w 64x32 y'],
};

const MLP: PlanDescription = {
  name: 'mlp',
  inputs: [rows('x', 64)],
  outputs: [rows('y', 32)],
  profiles: [batches(['x'], 64, [1, 8, 64])],
  weights: weightsOf('mlp'),
  layers: ['matmul x w1 64x128 hidden', 'relu hidden active', 'matmul active w2 128x32 y'],
};

/** In half precision outside, and inside as its weights go. */
const MLP_FP16: PlanDescription = {
  ...MLP,
  name: 'mlp-fp16',
  inputs: [rows('x', 64, 'float16')],
  outputs: [rows('y', 32, 'float16')],
  weights: weightsOf('mlp', (value) => fromHalf(toHalf(value))),
  layers: [
    'cast x wide',
    'matmul wide w1 64x128 hidden',
    'relu hidden active',
    'matmul active w2 128x32 result',
    'cast result y',
  ],
};

const CONV: PlanDescription = {
  name: 'conv',
  inputs: [{ name: 'x', dims: [2, 3, 16, 16] }],
  outputs: [{ name: 'y', dims: [2, 8, 16, 16] }],
  weights: weightsOf('conv'),
  layers: ['conv x kernel 8x3x3 sum', 'relu sum y'],
};

const TOP_K: PlanDescription = {
  name: 'topk',
  inputs: [rows('x', 32)],
  outputs: [rows('values', 5), rows('indices', 5, 'int64')],
  profiles: [batches(['x'], 32, [1, 4, 16])],
  layers: ['topk x values indices 5'],
};

const RESHAPE: PlanDescription = {
  name: 'reshape',
  inputs: [
    { name: 'x', dims: [24] },
    { name: 'shape', type: 'int64', dims: [2], host: true },
  ],
  outputs: [{ name: 'y', dims: [-1, -1] }],
  profiles: [
    {
      dims: { x: { min: [24], opt: [24], max: [24] }, shape: { min: [2], opt: [2], max: [2] } },
      values: { shape: { min: [1, 1], opt: [4, 6], max: [24, 24] } },
    },
  ],
  layers: ['reshape x shape y'],
};

const NON_ZERO: PlanDescription = {
  name: 'nonzero',
  inputs: [rows('x', 16)],
  outputs: [{ name: 'places', type: 'int64', dims: [2, -1] }],
  profiles: [batches(['x'], 16, [1, 4, 16])],
  layers: ['nonzero x places'],
};

/** What counts of this model is how long it takes: 1024x1024 weights as text would take longer to read than to use. */
const HEAVY: PlanDescription = {
  name: 'heavy',
  inputs: [rows('x', 1024)],
  outputs: [rows('h8', 1024)],
  profiles: [batches(['x'], 1024, [1, 64, 512])],
  weights: { w: [2] },
  layers: ['scale x h w', 'relu h h8'],
  durationUs: HEAVY_US,
};

const PLANS: Readonly<Record<string, PlanDescription>> = {
  add: ADD,
  linear: LINEAR,
  mlp: MLP,
  'mlp-fp16': MLP_FP16,
  conv: CONV,
  topk: TOP_K,
  reshape: RESHAPE,
  nonzero: NON_ZERO,
  'add-profiles': {
    ...ADD,
    profiles: [batches(['a', 'b'], 16, [1, 2, 4]), batches(['a', 'b'], 16, [8, 16, 32])],
  },
  'linear-refit': { ...LINEAR, refittable: true },
  'mlp-detailed': MLP,
  heavy: HEAVY,
  'heavy-streaming': { ...HEAVY, streamableBytes: 32 * 2 ** 20 },
  'add-compatible': { ...ADD, versionCompatible: true },
};

/** Writes `<folder>/<family>/<name>.engine`; gives back the names. */
export function writeGpuCheckEngines(folder: string, family: Family): string[] {
  mkdirSync(join(folder, family), { recursive: true });
  for (const [name, description] of Object.entries(PLANS)) {
    const path = join(folder, family, `${name}.engine`);
    const plan = makePlan(family, description);
    writeFileSync(path, plan);
    // A plan brings code of its own: only a manifest of ours allows that to run.
    if (description.versionCompatible) writeFileSync(`${path}.json`, manifestText(family, plan));
  }
  return Object.keys(PLANS);
}

/** What the package's own build writes beside {@link ADD}, as far as loading looks at it. */
function manifestText(family: Family, plan: Uint8Array): string {
  const digest = { bytes: plan.length, sha256: createHash('sha256').update(plan).digest('hex') };
  const range = { min: [1, 16], opt: [4, 16], max: [32, 16] };
  const tensor = (name: string) => ({ name, type: 'float32' as const, dims: ['batch', 16] });
  return formatManifest({
    formatVersion: MANIFEST_FORMAT_VERSION,
    createdBy: 'test/gpu-check-engines.ts',
    family,
    version: STANDIN_VERSIONS[family].slice(0, 3).join('.'),
    computeCapabilities: [90],
    gpu: null,
    driver: null,
    options: { versionCompatible: true },
    model: { ...digest, externalFiles: [] },
    plan: digest,
    profiles: [{ a: range, b: range }],
    inputs: [tensor('a'), tensor('b')],
    outputs: [tensor('z')],
    precision: { float32: 1 },
    layers: 1,
    parseMs: 0,
    buildMs: 0,
    warnings: [],
  });
}
