// SPDX-License-Identifier: Apache-2.0
import type { ProfileSpec } from '../builder/profile-spec';
import { TensorRTError } from '../errors';

const BOUNDS = ['min', 'opt', 'max'] as const;

/**
 * Reads ONNX Runtime's notation of optimisation profiles: `trt_profile_min_shapes: 'ids:1x1,mask:1x1'`, and so for `opt`
 * and `max`. An input that comes several times has several profiles.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function parseProfiles(options: Readonly<Record<string, unknown>>): ProfileSpec[] {
  const [min, opt, max] = BOUNDS.map((bound) => parseShapes(nameOf(bound), options[nameOf(bound)]));
  const profiles: Record<string, { min: number[]; opt: number[]; max: number[] }>[] = [];
  for (const [input, smallest] of min!) {
    smallest.forEach((shape, index) => {
      const best = opt!.get(input)?.[index];
      const largest = max!.get(input)?.[index];
      if (!best || !largest) throw incomplete(input);
      (profiles[index] ??= {})[input] = { min: shape, opt: best, max: largest };
    });
  }
  checkSame(min!, opt!);
  checkSame(min!, max!);
  return profiles;
}

function nameOf(bound: (typeof BOUNDS)[number]): string {
  return `trt_profile_${bound}_shapes`;
}

/** Shapes by input; input names may have colons themselves. */
function parseShapes(option: string, value: unknown): Map<string, number[][]> {
  const shapes = new Map<string, number[][]>();
  if (typeof value !== 'string') throw notation(option, value);
  for (const part of value.split(',')) {
    const [, input, dims] = /^\s*(.+):(\d+(?:x\d+)*)\s*$/.exec(part) ?? [];
    if (input === undefined || dims === undefined) throw notation(option, value);
    shapes.set(input, [...(shapes.get(input) ?? []), dims.split('x').map(Number)]);
  }
  return shapes;
}

function checkSame(min: Map<string, number[][]>, other: Map<string, number[][]>): void {
  for (const [input, shapes] of other) if (min.get(input)?.length !== shapes.length) throw incomplete(input);
}

function incomplete(input: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The options trt_profile_min_shapes, trt_profile_opt_shapes and trt_profile_max_shapes must name the same inputs equally often, but "${input}" is not in all of them.`,
    { details: { input } },
  );
}

function notation(option: string, value: unknown): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "${option}" must be shapes such as 'ids:1x128,mask:1x128', not ${JSON.stringify(value) ?? 'undefined'}.`,
    { details: { option, received: value } },
  );
}
