// SPDX-License-Identifier: Apache-2.0
import { propose } from '../../builder/profile-suggestion';
import type { ModelInfo } from '../../onnx';
import { shellWord } from '../values/shell-word';

const BOUNDS = ['min', 'opt', 'max'] as const;

/** What of a model decides about its profiles. */
export type DynamicModel = Pick<ModelInfo, 'inputs' | 'symbols' | 'shapeInputs'>;

/**
 * The options of `build` that a model with dynamic inputs needs, with plausible numbers in them: its symbols as
 * `--dynamic-axes`, inputs with unnamed dimensions by shapes, shape tensors by values. Empty for a model whose shapes
 * are fixed.
 */
export function suggestProfileOptions(model: DynamicModel): string[] {
  const unnamed = model.inputs.filter((input) => input.dims.includes(-1));
  const ofValues = model.inputs.filter((input) => model.shapeInputs.includes(input.name));
  // Inputs that need whole shapes have their symbols in those.
  const named = model.inputs.filter((input) => !unnamed.includes(input));
  const axes = model.symbols.filter((symbol) => named.some((input) => input.dims.includes(symbol)));
  return [
    ...axes.map((symbol) => `--dynamic-axes ${shellWord(`${symbol}=${propose(symbol).join(',')}`)}`),
    ...rangeOptions(
      'shapes',
      unnamed.map(({ name, dims }) => ({ name, ranges: dims.map(propose) })),
    ),
    ...rangeOptions(
      'values',
      ofValues.map(({ name, dims }) => ({ name, ranges: valueRanges(dims) })),
    ),
  ];
}

interface NamedRanges {
  readonly name: string;
  readonly ranges: readonly (readonly [number, number, number])[];
}

function rangeOptions(of: 'shapes' | 'values', inputs: readonly NamedRanges[]): string[] {
  if (inputs.length === 0) return [];
  return BOUNDS.map((bound, index) => {
    const lists = inputs.map(
      ({ name, ranges }) => `${nameOf(name)}:${ranges.map((range) => range[index]!).join('x') || 'scalar'}`,
    );
    return `--${bound}-${of} ${shellWord(lists.join(','))}`;
  });
}

/** One range per element of a shape tensor. */
function valueRanges(dims: readonly (number | string)[]): NamedRanges['ranges'] {
  const count = Number(dims[0] ?? 1);
  return Array.from({ length: count > 0 ? count : 1 }, () => propose(-1));
}

/** As the shape options want names with special characters. */
function nameOf(name: string): string {
  return /[:,]/.test(name) ? `'${name}'` : name;
}
