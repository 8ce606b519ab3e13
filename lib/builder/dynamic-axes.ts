// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { didYouMean } from '../text/nearest-name';
import type { ProfiledModel, ProfileSpec, ShapeRange } from './profile-spec';
import { isDynamic, suggestionText } from './profile-suggestion';

/** Ranges by the names of dynamic dimensions: `[min, opt, max]`, or one number for all three. */
export type DynamicAxes = Readonly<Record<string, readonly [min: number, opt: number, max: number] | number>>;

/**
 * Turns ranges by dimension name into a profile: every input whose dynamic dimensions are all named gets its shapes.
 *
 * @param elsewhere Inputs that the caller has ranges for already; their dimensions need no name.
 * @throws {TensorRTError} ERR_TRT_ARG_PROFILE_INPUT for a name that the model does not have;
 * ERR_TRT_ARG_PROFILE_RANGE for a range that is none; ERR_TRT_ARG_PROFILE_MISSING for a symbol without a range and for
 * dimensions without a name, which can be set by `profiles` alone
 */
export function profileFromAxes(
  model: ProfiledModel,
  axes: DynamicAxes,
  elsewhere: ReadonlySet<string> = new Set(),
): ProfileSpec {
  checkSymbols(model, axes);
  const ranges = new Map(Object.entries(axes).map(([symbol, range]) => [symbol, checkRange(symbol, range)]));
  const wanted = model.inputs.filter((input) => !elsewhere.has(input.name) && input.dims.some(isDynamic));
  checkComplete(model, wanted, ranges);
  return Object.fromEntries(wanted.map((input) => [input.name, shapesOf(input.dims, ranges)]));
}

function checkSymbols(model: ProfiledModel, axes: DynamicAxes): void {
  for (const symbol of Object.keys(axes)) {
    if (model.symbols.includes(symbol)) continue;
    const known = model.symbols.map((name) => `"${name}"`).join(', ');
    const isFixed = !model.inputs.some((input) => input.dims.some(isDynamic));
    const unnamed = isFixed ? "the model's shapes are all fixed" : 'its dynamic dimensions have no names';
    const have = known === '' ? unnamed : `it has ${known}`;
    throw new TensorRTError(
      'ERR_TRT_ARG_PROFILE_INPUT',
      `\`dynamicAxes\` names "${symbol}", which is no dynamic dimension of the model: ${have}.${didYouMean(symbol, model.symbols)}`,
      {
        hint: isFixed
          ? 'Leave `dynamicAxes` out, or export the model with a dynamic dimension.'
          : known === ''
            ? suggestionText(model)
            : "Use the names of the model's dynamic dimensions.",
        details: { symbol, symbols: model.symbols },
      },
    );
  }
}

function checkRange(symbol: string, range: unknown): readonly number[] {
  const list: unknown = typeof range === 'number' ? [range, range, range] : range;
  const isList = Array.isArray(list) && list.length === 3;
  if (isList && list.every((value) => Number.isSafeInteger(value)) && isOrdered(list as number[]))
    return list as number[];
  throw new TensorRTError(
    'ERR_TRT_ARG_PROFILE_RANGE',
    `\`dynamicAxes\` "${symbol}" must be a whole number or [min, opt, max] with 0 <= min <= opt <= max and max > 0, not ${JSON.stringify(range)}.`,
    { details: { symbol, received: range } },
  );
}

function isOrdered([min, opt, max]: number[]): boolean {
  return min! >= 0 && min! <= opt! && opt! <= max! && max! > 0;
}

function checkComplete(
  model: ProfiledModel,
  inputs: ProfiledModel['inputs'],
  ranges: ReadonlyMap<string, readonly number[]>,
): void {
  const symbols = new Set<string>();
  const unnamed: string[] = [];
  for (const { name, dims } of inputs) {
    dims.forEach((dim, axis) => {
      if (typeof dim === 'string' && !ranges.has(dim)) symbols.add(dim);
      else if (typeof dim === 'number' && dim < 0) unnamed.push(`dimension ${axis} of "${name}"`);
    });
  }
  if (symbols.size === 0 && unnamed.length === 0) return;
  const parts: string[] = [];
  if (symbols.size > 0)
    parts.push(`gives no range for ${[...symbols].map((name) => `"${name}"`).join(', ')}`);
  if (unnamed.length > 0)
    parts.push(`cannot set ${unnamed.join(', ')}, which has no name; use \`profiles\` for it`);
  throw new TensorRTError('ERR_TRT_ARG_PROFILE_MISSING', `\`dynamicAxes\` ${parts.join(', and ')}.`, {
    hint: suggestionText(model),
    details: { missing: [...symbols], unnamed },
  });
}

function shapesOf(
  dims: readonly (number | string)[],
  ranges: ReadonlyMap<string, readonly number[]>,
): ShapeRange {
  const pick = (index: number) =>
    dims.map((dim) => (typeof dim === 'string' ? ranges.get(dim)![index]! : dim));
  return { min: pick(0), opt: pick(1), max: pick(2) };
}
