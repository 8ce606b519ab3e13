// SPDX-License-Identifier: Apache-2.0
// The batch: the leading dimension that the model leaves open and its inputs share.

import type { EngineProfile } from '../../runtime/manifest';
import type { Dimension, TensorInfo } from '../../tensor/tensor-info';
import { usageError } from '../args/usage-error';
import { formatDims } from '../values/format';

/** Whether the model leaves a dimension open. */
export function isOpen(dim: number | string | undefined): boolean {
  return dim !== undefined && (typeof dim !== 'number' || dim < 0);
}

/** Names of the inputs with an open leading dimension; those without, such as a scalar, are no part of the batch. */
export function batchInputs(inputs: readonly TensorInfo[]): readonly TensorInfo[] {
  return inputs.filter(({ dims, isShapeTensor }) => isShapeTensor !== true && isOpen(dims[0]));
}

/**
 * The inputs with the batch in place of the dimension that they share. Where that is a symbol, it is replaced wherever it
 * stands.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` where the model has no such dimension, or a fixed one of another size.
 */
export function withBatch(inputs: readonly TensorInfo[], batch: number): readonly TensorInfo[] {
  const open = batchInputs(inputs);
  if (open.length === 0) {
    checkFixedBatch(inputs, batch);
    return inputs;
  }
  const symbols = new Set<Dimension>(
    open.map(({ dims }) => dims[0]!).filter((dim) => typeof dim === 'string'),
  );
  if (symbols.size > 1) {
    throw usageError(
      `--batch needs one leading dimension that all inputs share, but they have ${[...symbols].join(', ')}.`,
      `Give the shapes themselves: --shapes ${open.map(({ name, dims }) => `${name}:${dims.join('x')}`).join(',')} with numbers.`,
      { symbols: [...symbols] },
    );
  }
  return inputs.map((input) => ({
    ...input,
    dims: input.dims.map((dim, index) =>
      symbols.has(dim) || (index === 0 && open.includes(input)) ? batch : dim,
    ),
  }));
}

function checkFixedBatch(inputs: readonly TensorInfo[], batch: number): void {
  const others = inputs.filter(({ dims }) => dims.length > 0 && dims[0] !== batch);
  const [first] = others;
  if (first === undefined && inputs.some(({ dims }) => dims.length > 0)) return;
  const shapes = inputs.map(({ name, dims }) => `${name} ${formatDims(dims)}`).join(', ');
  throw usageError(
    `--batch ${batch} does not fit this model: the shapes of its inputs are fixed (${shapes}).`,
    first === undefined
      ? 'Leave --batch out.'
      : `Leave --batch out, or export the model with a dynamic leading dimension.`,
    { batch, inputs: inputs.map(({ name, dims }) => ({ name, dims })) },
  );
}

/**
 * The profile that inputs of a batch are made for: the chosen one, else the first that takes the batch.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` where none takes it.
 */
export function profileForBatch(
  { inputs, profiles }: { inputs: readonly TensorInfo[]; profiles: readonly EngineProfile[] | undefined },
  chosen: number | undefined,
  batch: number | undefined,
): EngineProfile | undefined {
  if (profiles === undefined || batch === undefined) return profiles?.[chosen ?? 0];
  const names = batchInputs(inputs).map(({ name }) => name);
  const candidates = chosen === undefined ? profiles : profiles.slice(chosen, chosen + 1);
  const found = candidates.find((profile) => names.every((name) => takes(profile, name, batch)));
  if (found !== undefined || names.length === 0 || candidates.length === 0) return found ?? candidates[0];
  const ranges = candidates.map((profile) => names.map((name) => describeRange(profile, name)).join(', '));
  throw usageError(
    `--batch ${batch} is outside of the engine's profiles: ${ranges.join('; ')}.`,
    'Take a batch within, or build the engine with a profile that has it.',
    { batch, ranges },
  );
}

function takes(profile: EngineProfile, name: string, batch: number): boolean {
  const range = leadingRange(profile, name);
  return range === undefined || (batch >= range[0] && batch <= range[1]);
}

function describeRange(profile: EngineProfile, name: string): string {
  const [low, high] = leadingRange(profile, name) ?? [1, 1];
  return `'${name}' takes ${low === high ? low : `${low} to ${high}`}`;
}

function leadingRange(profile: EngineProfile, name: string): [number, number] | undefined {
  const range = profile[name];
  if (range === undefined || 'values' in range) return undefined;
  return [range.min[0]!, range.max[0]!];
}
