// SPDX-License-Identifier: Apache-2.0
// Profiles are checked here, against the model and dimension by dimension: TensorRT's own messages come late and name
// one mistake at a time.

import type { NativeProfileRange } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { OnnxValueInfo } from '../onnx';
import { didYouMean } from '../text/nearest-name';
import { profileFromAxes, type DynamicAxes } from './dynamic-axes';
import { checkShapes, checkValues, type RangeContext } from './profile-ranges';
import { BOUNDS, isShapeInput, type ProfiledModel, type ProfileSpec, type ShapeRange } from './profile-spec';
import { isDynamic, suggestionText } from './profile-suggestion';

export type { InputRange, ProfileSpec, ShapeRange, ValuesRange } from './profile-spec';

/** Where ranges may come from. Inputs that a profile leaves out take theirs from `dynamicAxes`. */
export interface ProfileOptions {
  readonly profiles?: readonly ProfileSpec[];
  readonly dynamicAxes?: DynamicAxes;
}

/**
 * Checks profiles against a model's inputs and brings them into the form that native code takes.
 *
 * @returns One list of ranges per profile; none for a model whose inputs are fixed.
 * @throws {TensorRTError} ERR_TRT_ARG_PROFILE_MISSING, _INPUT, _RANK, _DIMENSION, _RANGE or _VALUES, each with a table
 * of everything that is wrong; ERR_TRT_ARG_TYPE, ERR_TRT_ARG_UNKNOWN_OPTION for things that are no profile
 */
export function resolveProfiles(model: ProfiledModel, options: ProfileOptions): NativeProfileRange[][] {
  const { profiles, dynamicAxes } = options;
  if (profiles !== undefined && !Array.isArray(profiles)) throw typeError('`profiles`', 'an array', profiles);
  const specs: readonly ProfileSpec[] =
    profiles === undefined || profiles.length === 0 ? (dynamicAxes === undefined ? [] : [{}]) : profiles;
  const needed = model.inputs.filter((input) => needsRange(model, input));
  if (specs.length === 0) {
    if (needed.length > 0) throw missing(model, needed, undefined);
    return [];
  }
  return specs
    .map((spec, index) => resolveProfile(model, completed(model, spec, index, dynamicAxes), index))
    .filter((ranges) => ranges.length > 0);
}

function needsRange(model: ProfiledModel, input: OnnxValueInfo): boolean {
  return input.dims.some(isDynamic) || isShapeInput(model, input.name);
}

function completed(
  model: ProfiledModel,
  spec: unknown,
  index: number,
  axes: DynamicAxes | undefined,
): ProfileSpec {
  if (!isRecord(spec)) throw typeError(`Profile ${index}`, 'an object of ranges by input name', spec);
  if (axes === undefined) return spec as ProfileSpec;
  if (!isRecord(axes)) throw typeError('`dynamicAxes`', 'an object of ranges by dimension name', axes);
  return { ...profileFromAxes(model, axes, new Set(Object.keys(spec))), ...(spec as ProfileSpec) };
}

function resolveProfile(model: ProfiledModel, spec: ProfileSpec, index: number): NativeProfileRange[] {
  for (const name of Object.keys(spec)) checkName(model, name, index);
  const absent = model.inputs.filter((input) => needsRange(model, input) && !Object.hasOwn(spec, input.name));
  if (absent.length > 0) throw missing(model, absent, index);
  return model.inputs
    .filter((input) => Object.hasOwn(spec, input.name))
    .flatMap((input) => {
      const range = resolveRange(model, input, spec[input.name], index);
      // A fixed input is checked and then left out: it would change nothing.
      return range.isValues || !input.hasShape || input.dims.some(isDynamic) ? [range] : [];
    });
}

function checkName(model: ProfiledModel, name: string, index: number): void {
  const names = model.inputs.map((input) => input.name);
  if (names.includes(name)) return;
  const isInitializer = model.initializers.some((tensor) => tensor.name === name);
  const why = isInitializer
    ? 'which is an initializer (a constant) of the model'
    : 'which the model does not have';
  const known = names.map((one) => `"${one}"`).join(', ') || 'none';
  throw new TensorRTError(
    'ERR_TRT_ARG_PROFILE_INPUT',
    `Profile ${index} names the input "${name}", ${why}; its inputs are ${known}.${didYouMean(name, names)}`,
    { details: { profile: index, input: name, inputs: names } },
  );
}

function resolveRange(
  model: ProfiledModel,
  input: OnnxValueInfo,
  given: unknown,
  profile: number,
): NativeProfileRange {
  const context: RangeContext = { input, profile };
  if (isRecord(given) && Object.hasOwn(given, 'values')) {
    checkKeys(context, given, ['values']);
    const range = toRange({ ...context, isValues: true }, given['values']);
    checkValues(context, range);
    return native(input.name, true, range);
  }
  if (isShapeInput(model, input.name)) throw valuesMissing(model, context);
  const range = toRange(context, given);
  checkShapes(context, range);
  return native(input.name, false, range);
}

function native(input: string, isValues: boolean, { min, opt, max }: ShapeRange): NativeProfileRange {
  return { input, isValues, min: [...min], opt: [...opt], max: [...max] };
}

function toRange(context: RangeContext & { isValues?: boolean }, given: unknown): ShapeRange {
  if (isNumberList(given)) return { min: given, opt: given, max: given };
  const where = label(context);
  if (!isRecord(given)) throw typeError(where, 'an array of numbers or { min, opt, max }', given);
  checkKeys(context, given, context.isValues === true ? BOUNDS : [...BOUNDS, 'values']);
  for (const bound of BOUNDS) {
    if (!isNumberList(given[bound]))
      throw typeError(`${where}: ${bound}`, 'an array of numbers', given[bound]);
  }
  return given as unknown as ShapeRange;
}

function checkKeys(context: RangeContext, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_UNKNOWN_OPTION',
    `${label(context)} has "${unknown}"; it may have ${known.join(', ')}.${didYouMean(unknown, known)}`,
    { details: { profile: context.profile, input: context.input.name, key: unknown } },
  );
}

function missing(
  model: ProfiledModel,
  inputs: readonly OnnxValueInfo[],
  index: number | undefined,
): TensorRTError {
  const list = inputs.map(({ name, dims }) => {
    const isShape = isShapeInput(model, name);
    return `"${name}" [${dims.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}]${isShape ? ' (its values)' : ''}`;
  });
  const what =
    index === undefined
      ? 'The model has dynamic inputs and no profile says their range'
      : `Profile ${index} leaves out`;
  return new TensorRTError('ERR_TRT_ARG_PROFILE_MISSING', `${what}: ${list.join(', ')}.`, {
    hint: suggestionText(model),
    details: { profile: index ?? null, inputs: inputs.map((input) => input.name) },
  });
}

function valuesMissing(model: ProfiledModel, context: RangeContext): TensorRTError {
  const message = `${label(context)}: the values of this input decide about shapes, so its range is one of values, not of dims.`;
  return new TensorRTError('ERR_TRT_ARG_PROFILE_VALUES', message, {
    hint: suggestionText(model),
    details: { profile: context.profile, input: context.input.name },
  });
}

function label({ profile, input }: RangeContext): string {
  return `Profile ${profile}, input "${input.name}"`;
}

function typeError(where: string, expected: string, given: unknown): TensorRTError {
  const received =
    given === null ? 'null' : Array.isArray(given) ? 'an array of something else' : typeof given;
  return new TensorRTError('ERR_TRT_ARG_TYPE', `${where} must be ${expected}, not ${received}.`, {
    details: { expected, received },
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumberList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
