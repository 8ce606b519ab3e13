// SPDX-License-Identifier: Apache-2.0
// Which optimisation profiles take the shapes of a call. TensorRT says no more than that a dimension is not satisfied;
// here every dimension that does not fit is named, against the profile that comes nearest.

import type { NativeDims, NativeInput, NativeInputRange } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { TensorInfo } from '../tensor/tensor-info';
import type { EngineProfile, EngineRange } from './manifest';

/** The profiles of an engine. */
export interface ProfileTable {
  readonly inputs: readonly TensorInfo[];
  /** [profile][input] */
  readonly profiles: readonly (readonly NativeInputRange[])[];
  /** The one that the session uses for all calls; undefined: any. */
  readonly only?: number | undefined;
}

/** A dimension, or a value of a shape tensor, that lies outside. */
interface Violation {
  readonly input: string;
  readonly kind: 'dim' | 'value';
  readonly index: number;
  readonly received: number;
  readonly min: number;
  readonly max: number;
}

/** Profiles by input name, in the form of `Engine.profiles`: without the inputs that are fixed. */
export function toEngineProfiles({ inputs, profiles }: ProfileTable): EngineProfile[] {
  const isOpen = ({ isValues, min, max }: NativeInputRange): boolean =>
    isValues || min.some((value, index) => value !== max[index]);
  const converted = profiles.map((ranges) => {
    const profile: Record<string, EngineRange> = {};
    ranges.forEach((range, index) => {
      const { isValues, min, opt, max } = range;
      if (isOpen(range))
        profile[inputs[index]!.name] = isValues ? { values: { min, opt, max } } : { min, opt, max };
    });
    return profile;
  });
  return converted.some((profile) => Object.keys(profile).length > 0) ? converted : [];
}

/**
 * Checks that one profile takes all inputs of a call.
 *
 * @param dims - Dims of the inputs that the engine leaves open; null for the others.
 * @param values - The inputs themselves: those of shape tensors have ranges too.
 * @throws {TensorRTError} `ERR_TRT_RUN_PROFILE`
 */
export function checkProfiles(
  table: ProfileTable,
  dims: NativeDims,
  values: readonly (NativeInput | null)[],
): void {
  const { profiles, only } = table;
  if (profiles.length === 0) return;
  if (only !== undefined) {
    if (profiles[only] && !fits(profiles[only], dims, values)) throw misfit(table, dims, values);
    return;
  }
  for (const ranges of profiles) if (fits(ranges, dims, values)) return;
  throw misfit(table, dims, values);
}

function fits(
  ranges: readonly NativeInputRange[],
  dims: NativeDims,
  values: readonly (NativeInput | null)[],
): boolean {
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    const given = range.isValues ? valuesOf(values[index]) : dims?.[index];
    if (!given) continue;
    for (let i = 0; i < range.min.length; i++) {
      const value = Number(given[i]);
      if (value < range.min[i]! || value > range.max[i]!) return false;
    }
  }
  return true;
}

function valuesOf(input: NativeInput | null | undefined): ArrayLike<number | bigint> | undefined {
  return input && ArrayBuffer.isView(input) ? input : undefined;
}

function misfit(
  table: ProfileTable,
  dims: NativeDims,
  values: readonly (NativeInput | null)[],
): TensorRTError {
  const { inputs, profiles, only } = table;
  const candidates = profiles
    .map((_, profile) => ({ profile, violations: violationsOf(table, profile, { dims, values }) }))
    .filter(({ profile }) => only === undefined || profile === only);
  const nearest = candidates.reduce((a, b) => (isNearer(b.violations, a.violations) ? b : a));
  const wrong = inputs.flatMap((info, index) => {
    const violations = nearest.violations.filter(({ input }) => input === info.name);
    if (violations.length === 0) return [];
    const range = profiles[nearest.profile]![index]!;
    const given = range.isValues ? [...Array.from(valuesOf(values[index])!, Number)] : dims![index]!;
    const what = `${range.isValues ? ' with the values' : ''} [${given.join(', ')}]`;
    return [{ text: `Input "${info.name}"${what}`, allowed: formatRange(range), violations }];
  });
  const fitsNo =
    only === undefined ? 'fits no optimisation profile' : `does not fit the session's profile ${only}`;
  const which =
    candidates.length > 1
      ? `of ${candidates.length} the nearest, profile ${nearest.profile},`
      : `profile ${nearest.profile}`;
  const message = wrong
    .map(
      ({ text, allowed, violations }) =>
        `${text} ${fitsNo}: ${which} allows ${allowed}: ${violations.map(describe).join(', ')}.`,
    )
    .join(' ');
  return new TensorRTError('ERR_TRT_RUN_PROFILE', message, {
    hint: `Pass shapes inside the profile, or build the engine with profiles: [${formatProfile(table, nearest)}].`,
    details: { nearest: nearest.profile, violations: nearest.violations, profiles: toEngineProfiles(table) },
  });
}

/** Fewer violations are nearer; of as many those that miss their range by less. */
function isNearer(a: readonly Violation[], b: readonly Violation[]): boolean {
  return a.length === b.length ? excess(a) < excess(b) : a.length < b.length;
}

function excess(violations: readonly Violation[]): number {
  return violations.reduce((sum, { received, min, max }) => {
    const bound = received < min ? min : max;
    // By ratio, as profiles are chosen; zeros and negative values have none.
    return sum + Math.abs(received > 0 && bound > 0 ? Math.log(received / bound) : received - bound);
  }, 0);
}

function violationsOf(
  { inputs, profiles }: ProfileTable,
  profile: number,
  { dims, values }: { dims: NativeDims; values: readonly (NativeInput | null)[] },
): Violation[] {
  return profiles[profile]!.flatMap(({ isValues, min, max }, index) => {
    const given = isValues ? valuesOf(values[index]) : dims?.[index];
    if (!given) return [];
    const kind = isValues ? 'value' : 'dim';
    return min.flatMap((low, i) => {
      const received = Number(given[i]);
      const isInside = received >= low && received <= max[i]!;
      return isInside
        ? []
        : [{ input: inputs[index]!.name, kind, index: i, received, min: low, max: max[i]! } as const];
    });
  });
}

function describe({ kind, index, received, min }: Violation): string {
  const side = received < min ? 'below' : 'above';
  return `${kind} ${index} = ${received} is ${side} it`;
}

/** `1..8 x 3 x 800..1333`. */
function formatRange({ min, max }: NativeInputRange): string {
  return min.map((low, index) => (low === max[index] ? String(low) : `${low}..${max[index]!}`)).join(' x ');
}

/** The nearest profile, widened by what came. */
function formatProfile(
  table: ProfileTable,
  nearest: { profile: number; violations: readonly Violation[] },
): string {
  const widened = table.profiles[nearest.profile]!.map((range, index) => {
    const { name } = table.inputs[index]!;
    const min = [...range.min];
    const max = [...range.max];
    for (const violation of nearest.violations) {
      if (violation.input !== name) continue;
      min[violation.index] = Math.min(min[violation.index]!, violation.received);
      max[violation.index] = Math.max(max[violation.index]!, violation.received);
    }
    return { ...range, min, max };
  });
  const [profile] = toEngineProfiles({ inputs: table.inputs, profiles: [widened] });
  return JSON.stringify(profile ?? {});
}
