// SPDX-License-Identifier: Apache-2.0
// Optimisation profiles as trtexec's command line has them: --min-shapes, --opt-shapes, --max-shapes (or --shapes for
// all three) describe one profile, and --profile N begins the description of another.

import type { ProfileSpec } from '../../builder/profiles';
import type { Occurrence } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import type { NamedLists } from '../values/named-lists';

type Bound = 'min' | 'opt' | 'max';
type Range = Partial<Record<Bound, readonly number[]>>;

interface Description {
  readonly shapes: Map<string, Range>;
  readonly values: Map<string, Range>;
}

const ALL: readonly Bound[] = ['min', 'opt', 'max'];

/** Which bounds an option sets, and of what. */
const OPTIONS: Readonly<Record<string, { bounds: readonly Bound[]; of: 'shapes' | 'values' }>> = {
  shapes: { bounds: ALL, of: 'shapes' },
  minShapes: { bounds: ['min'], of: 'shapes' },
  optShapes: { bounds: ['opt'], of: 'shapes' },
  maxShapes: { bounds: ['max'], of: 'shapes' },
  values: { bounds: ALL, of: 'values' },
  minValues: { bounds: ['min'], of: 'values' },
  optValues: { bounds: ['opt'], of: 'values' },
  maxValues: { bounds: ['max'], of: 'values' },
};

/**
 * Collects the profiles that the options describe, in the order of their numbers.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` where an input lacks one of its three shapes, is given twice, or
 * profile numbers have gaps.
 */
export function collectProfiles(occurrences: readonly Occurrence[]): ProfileSpec[] {
  const descriptions = new Map<number, Description>();
  let current = 0;
  for (const { key, value } of occurrences) {
    if (key === 'profile') current = value as number;
    if (key === 'profile' || key in OPTIONS) {
      if (!descriptions.has(current)) descriptions.set(current, { shapes: new Map(), values: new Map() });
    }
    if (key in OPTIONS) add(descriptions.get(current)!, key, value as NamedLists);
  }
  const numbers = [...descriptions.keys()].sort((a, b) => a - b);
  const gap = numbers.findIndex((number, index) => number !== index);
  if (gap >= 0)
    throw usageError(
      `There is a --profile ${numbers[gap]} but no --profile ${gap}.`,
      'Count profiles from 0.',
    );
  return numbers.map((number) =>
    finish(descriptions.get(number)!, numbers.length > 1 ? ` of profile ${number}` : ''),
  );
}

function add(description: Description, key: string, lists: NamedLists): void {
  const { bounds, of } = OPTIONS[key]!;
  for (const [input, numbers] of Object.entries(lists)) {
    const range = description[of].get(input) ?? {};
    description[of].set(input, range);
    for (const bound of bounds) {
      if (range[bound] !== undefined) {
        throw usageError(
          `The ${bound} ${of} of input '${input}' are given twice in one profile.`,
          `Begin another profile with --profile N before its shapes.`,
        );
      }
      range[bound] = numbers;
    }
  }
}

function finish({ shapes, values }: Description, place: string): ProfileSpec {
  const profile: Record<string, unknown> = {};
  for (const [input, range] of shapes) profile[input] = complete(input, range, 'shapes', place);
  for (const [input, range] of values) {
    if (input in profile)
      throw usageError(
        `Input '${input}'${place} has both shapes and values.`,
        'A shape tensor needs its values only.',
      );
    profile[input] = { values: complete(input, range, 'values', place) };
  }
  return profile as ProfileSpec;
}

function complete(input: string, range: Range, of: 'shapes' | 'values', place: string): Required<Range> {
  const missing = ALL.filter((bound) => range[bound] === undefined);
  if (missing.length === 0) return range as Required<Range>;
  throw usageError(
    `Input '${input}'${place} lacks ${missing.map((bound) => `--${bound}-${of}`).join(' and ')}.`,
    `Give all of --min-${of}, --opt-${of} and --max-${of}, or --${of} for all three at once.`,
    { input, missing },
  );
}
