// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { isPlainObject } from '../option-checks';
import { optionTypeError } from './upstream-error';

const ON_HOST = ['cpu', 'cpu-pinned'];
const ELSEWHERE = ['none', 'texture', 'gpu-buffer', 'ml-tensor'];

/**
 * Checks `preferredOutputLocation`: one place, or places by output. Outputs come to the CPU.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_RUN_UNSUPPORTED`
 */
export function checkOutputLocation(value: unknown): void {
  if (typeof value === 'string') return checkPlace('preferredOutputLocation', value);
  if (!isPlainObject(value)) throw optionTypeError('preferredOutputLocation', 'an object or a valid string');
  for (const [name, place] of Object.entries(value as object)) {
    checkPlace(`preferredOutputLocation["${name}"]`, place);
  }
}

/**
 * Checks that the places are those of outputs.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`
 */
export function checkLocatedOutputs(value: unknown, outputs: readonly string[]): void {
  if (typeof value !== 'object' || value === null) return;
  const unknown = Object.keys(value).find((name) => !outputs.includes(name));
  if (unknown !== undefined)
    throw optionTypeError(
      `preferredOutputLocation: "${unknown}" is not a valid output name. It`,
      outputs.join(' or '),
    );
}

function checkPlace(option: string, place: unknown): void {
  if (ON_HOST.includes(place as string)) return;
  if (!ELSEWHERE.includes(place as string)) throw optionTypeError(option, 'a valid string');
  throw new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    `${option} is '${String(place)}', but outputs come to the CPU alone.`,
    {
      hint: "Leave it out or pass 'cpu'. Sessions of createSession() keep outputs in the memory of a GPU with `deviceOutputs`.",
      details: { option, received: place },
    },
  );
}
