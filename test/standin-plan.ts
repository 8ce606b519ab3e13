// SPDX-License-Identifier: Apache-2.0
// Plans that the stand-in of TensorRT (test/standin/tensorrt) runs: a true header, which lib/runtime/plan-header.ts
// reads, and text with one statement a line, which is explained in test/standin/tensorrt/plan.h.

import type { Family } from '../lib/binding/contract';

/** An input or output. */
export interface PlanTensor {
  readonly name: string;
  /** `'float32'` if not said. */
  readonly type?: string;
  /** -1 where it is dynamic; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** A shape tensor: its values are read from host memory. */
  readonly host?: boolean;
}

/** What a profile allows of an input. */
export interface PlanRange {
  readonly min: readonly number[];
  readonly opt: readonly number[];
  readonly max: readonly number[];
}

/** One profile: dimensions of the inputs, and values of those that are shape tensors. */
export interface PlanProfile {
  readonly dims: Readonly<Record<string, PlanRange>>;
  readonly values?: Readonly<Record<string, PlanRange>>;
}

/** What {@link makePlan} writes. */
export interface PlanDescription {
  readonly name: string;
  readonly inputs: readonly PlanTensor[];
  readonly outputs: readonly PlanTensor[];
  /** Fixed dims need none. */
  readonly profiles?: readonly PlanProfile[];
  /** `'scale x y w'`; the functions are those of test/standin/tensorrt/layers.h. */
  readonly layers: readonly string[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly debug?: readonly string[];
  /** `getInferLibVersion()` that the stand-in must have to deserialise; the header's version if not said. */
  readonly deserializeVersion?: number;
  /** The device's compute capability must be this: `90`. */
  readonly capability?: number;
  readonly plugins?: readonly { readonly name: string; readonly version: string }[];
  /** Activation memory for the largest shapes; 4096 if not said. */
  readonly memoryBytes?: number;
  readonly streamableBytes?: number;
  readonly auxStreams?: number;
  /** Time that an inference takes on the device. */
  readonly durationUs?: number;
  readonly refittable?: boolean;
  readonly notCapturable?: boolean;
  readonly versionCompatible?: boolean;
}

/** Versions of the stand-ins: of the library, and as a plan's header has it. */
export const STANDIN_VERSIONS: Readonly<Record<Family, readonly [number, number, number, number]>> = {
  'tensorrt-10': [10, 15, 1, 29],
  'tensorrt-11': [11, 2, 1, 6],
  'tensorrt-rtx': [1, 7, 1, 116],
};

/**
 * Writes a plan for the stand-in of a family.
 *
 * @param version - For the header: another one makes a plan of another version of TensorRT.
 */
export function makePlan(
  family: Family,
  description: PlanDescription,
  version: readonly number[] = STANDIN_VERSIONS[family],
): Uint8Array {
  const isRtx = family === 'tensorrt-rtx';
  const header = Buffer.alloc(isRtx ? 64 : 28);
  const body = Buffer.from(`${planLines(description).join('\n')}\n`);
  header.write(isRtx ? 'vtrt' : 'ftrt', 0, 'latin1');
  header.writeBigUInt64LE(BigInt(header.length + body.length), isRtx ? 16 : 8);
  header.set(version, 24);
  // A copy of its own: what `concat` gives may lie in a pool.
  return new Uint8Array(Buffer.concat([header, body]));
}

function planLines(plan: PlanDescription): string[] {
  return [
    `name ${plan.name}`,
    ...numbers(plan),
    ...flags(plan),
    ...(plan.plugins ?? []).map(({ name, version }) => `plugin ${name} ${version}`),
    ...plan.inputs.map((tensor) => `input ${tensorText(tensor)}`),
    ...plan.outputs.map((tensor) => `output ${tensorText(tensor)}`),
    ...(plan.profiles ?? []).flatMap(profileLines),
    ...Object.entries(plan.weights ?? {}).map(([name, values]) => `weight ${name} ${values.join(',')}`),
    ...plan.layers.map((layer) => `layer ${layer}`),
    ...(plan.debug ?? []).map((tensor) => `debug ${tensor}`),
  ];
}

function numbers(plan: PlanDescription): string[] {
  const values: Readonly<Record<string, number | undefined>> = {
    version: plan.deserializeVersion,
    capability: plan.capability,
    'memory-bytes': plan.memoryBytes,
    'streamable-bytes': plan.streamableBytes,
    'aux-streams': plan.auxStreams,
    'duration-us': plan.durationUs,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
}

function flags(plan: PlanDescription): string[] {
  const names: string[] = [];
  if (plan.refittable) names.push('refittable');
  if (plan.notCapturable) names.push('not-capturable');
  if (plan.versionCompatible) names.push('version-compatible');
  return names;
}

function tensorText({ name, type = 'float32', dims, host }: PlanTensor): string {
  return `${name} ${type} ${list(dims)}${host ? ' host' : ''}`;
}

function profileLines({ dims, values = {} }: PlanProfile): string[] {
  const ranges = Object.entries(dims).map(([name, range]) => rangeText(name, range));
  return [
    `profile ${ranges.join(' ')}`,
    ...Object.entries(values).map(([name, range]) => `values ${rangeText(name, range)}`),
  ];
}

function rangeText(name: string, { min, opt, max }: PlanRange): string {
  return [name, list(min), list(opt), list(max)].join(' ');
}

function list(values: readonly number[]): string {
  return values.length === 0 ? 'scalar' : values.join(',');
}

/** x [4] → x * 2 → y [4]; the factor is the weight `w`. */
export const SCALE: PlanDescription = {
  name: 'scale',
  inputs: [{ name: 'x', dims: [4] }],
  outputs: [{ name: 'y', dims: [4] }],
  weights: { w: [2] },
  layers: ['scale x y w'],
};

const BATCH: PlanRange = { min: [1, 4], opt: [4, 4], max: [8, 4] };

/** a, b [n, 4] with n = 1..8 (opt 4) → a + b → y. */
export const ADD: PlanDescription = {
  name: 'add',
  inputs: [
    { name: 'a', dims: [-1, 4] },
    { name: 'b', dims: [-1, 4] },
  ],
  outputs: [{ name: 'y', dims: [-1, 4] }],
  profiles: [{ dims: { a: BATCH, b: BATCH } }],
  layers: ['add a b y'],
};

/** x [n, 4] with n = 1..8 → matmul with ones 4x3 → h → h * 0.5 → y [n, 3]. */
export const MLP: PlanDescription = {
  name: 'mlp',
  inputs: [{ name: 'x', dims: [-1, 4] }],
  outputs: [{ name: 'y', dims: [-1, 3] }],
  profiles: [{ dims: { x: BATCH } }],
  weights: { w: new Array<number>(12).fill(1), s: [0.5] },
  layers: ['matmul x w 4x3 h', 'scale h y s'],
};

/** x [n, 4] → x * 2 → y; profile 0 is for n = 1..4 (opt 2), profile 1 for n = 4..16 (opt 8). */
export const TWO_PROFILES: PlanDescription = {
  name: 'batches',
  inputs: [{ name: 'x', dims: [-1, 4] }],
  outputs: [{ name: 'y', dims: [-1, 4] }],
  profiles: [
    { dims: { x: { min: [1, 4], opt: [2, 4], max: [4, 4] } } },
    { dims: { x: { min: [4, 4], opt: [8, 4], max: [16, 4] } } },
  ],
  weights: { w: [2] },
  layers: ['scale x y w'],
};

/** x [2, 6] → the three largest of each row: values [2, 3] and indices (int64) [2, 3]. */
export const TOP_K: PlanDescription = {
  name: 'topk',
  inputs: [{ name: 'x', dims: [2, 6] }],
  outputs: [
    { name: 'values', dims: [2, 3] },
    { name: 'indices', type: 'int64', dims: [2, 3] },
  ],
  layers: ['topk x values indices 3'],
};

/** x [2, 3] → where it is not zero → y (int64) [2, n], whose size only a run tells. */
export const NON_ZERO: PlanDescription = {
  name: 'nonzero',
  inputs: [{ name: 'x', dims: [2, 3] }],
  outputs: [{ name: 'y', type: 'int64', dims: [2, -1] }],
  layers: ['nonzero x y'],
};

/** x [2, 6] → reshaped to the values of `shape` (int64 [2], 1..12) → y. */
export const RESHAPE: PlanDescription = {
  name: 'reshape',
  inputs: [
    { name: 'x', dims: [2, 6] },
    { name: 'shape', type: 'int64', dims: [2], host: true },
  ],
  outputs: [{ name: 'y', dims: [-1, -1] }],
  profiles: [
    {
      dims: { x: { min: [2, 6], opt: [2, 6], max: [2, 6] }, shape: { min: [2], opt: [2], max: [2] } },
      values: { shape: { min: [1, 1], opt: [4, 3], max: [12, 12] } },
    },
  ],
  layers: ['reshape x shape y'],
};

/** {@link SCALE}, refittable. */
export const REFITTABLE: PlanDescription = { ...SCALE, name: 'refittable', refittable: true };

/** x [4] → x * 2 → h → h * 3 → y [4]; h and y are marked for debugging. */
export const DEBUG: PlanDescription = {
  name: 'debug',
  inputs: [{ name: 'x', dims: [4] }],
  outputs: [{ name: 'y', dims: [4] }],
  weights: { w: [2], v: [3] },
  layers: ['scale x h w', 'scale h y v'],
  debug: ['h', 'y'],
};

/** {@link SCALE}, which takes 20 ms on the device. */
export const SLOW: PlanDescription = { ...SCALE, name: 'slow', durationUs: 20_000 };

/** x [4] → three scales side by side, two of them on auxiliary streams → their sum (x * 9) → y [4]. */
export const AUX_STREAMS: PlanDescription = {
  name: 'aux',
  inputs: [{ name: 'x', dims: [4] }],
  outputs: [{ name: 'y', dims: [4] }],
  auxStreams: 2,
  weights: { w: [2], v: [3], u: [4] },
  layers: ['scale x p w', 'scale x q v', 'scale x r u', 'add p q s', 'add s r y'],
};

/** Needs the plugin that the library of test/standin/tensorrt/plugin.cc provides. */
export const PLUGIN: PlanDescription = {
  ...SCALE,
  name: 'plugin',
  plugins: [{ name: 'StandinScale', version: '1' }],
};
