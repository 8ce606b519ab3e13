// SPDX-License-Identifier: Apache-2.0
import type { ModelInfo } from '../onnx';

/** Shapes of an input: smallest, the one to optimise for, largest. */
export interface ShapeRange {
  /** Smallest. */
  readonly min: readonly number[];
  /** The one to optimise for. */
  readonly opt: readonly number[];
  /** Largest. */
  readonly max: readonly number[];
}

/** For an input whose values decide about shapes: its values, in place of its dims. */
export interface ValuesRange {
  /** Smallest, optimised-for and largest values, or one list for all three. */
  readonly values: ShapeRange | readonly number[];
}

/** What a profile says of one input. An array is min, opt and max at once. */
export type InputRange = ShapeRange | readonly number[] | ValuesRange;

/** One optimisation profile: ranges by input name. Inputs with fixed shapes need none. */
export type ProfileSpec = Readonly<Record<string, InputRange>>;

/** What profiles are checked against. */
export type ProfiledModel = Pick<ModelInfo, 'inputs' | 'shapeInputs' | 'initializers' | 'symbols'>;

const shapeInputSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** True for an input whose values, not its dims, need a range. A model from somewhere may have very many of them. */
export function isShapeInput({ shapeInputs }: Pick<ProfiledModel, 'shapeInputs'>, name: string): boolean {
  let names = shapeInputSets.get(shapeInputs);
  if (!names) shapeInputSets.set(shapeInputs, (names = new Set(shapeInputs)));
  return names.has(name);
}

/** The parts of a range in the order of their size. */
export const BOUNDS = ['min', 'opt', 'max'] as const;
