// SPDX-License-Identifier: Apache-2.0
// What `run` and `bench` say about sessions and their inputs.

import type { Session } from '../runtime/session';
import { usageError } from './args/usage-error';
import type { CommandContext } from './command';
import type { MadeFeeds } from './inputs/make-feeds';
import { printable } from './terminal/text-width';

/** A device as sessions take it. */
export type DeviceName = 'auto' | 'cpu' | `cuda:${number}`;

/**
 * Reads a device name; `cuda` and `gpu` alone are refused with the form to write.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseDevice(text: string, option: string): DeviceName {
  if (text === 'auto' || text === 'cpu' || /^cuda:\d+$/.test(text)) return text as DeviceName;
  throw usageError(
    `${option} expects auto, cpu or cuda:N, but got '${text}'.`,
    `The first GPU is ${option} cuda:0.`,
  );
}

const BACKENDS: Readonly<Record<string, string>> = { onnxruntime: 'ONNX Runtime', tensorrt: 'TensorRT' };

/** `on cpu with ONNX Runtime`. */
export function whereItRan({ device, backend }: Pick<Session, 'device' | 'backend'>): string {
  return `on ${device} with ${BACKENDS[backend] ?? backend}`;
}

/** Says which dimensions were decided without being asked. */
export function describeAssumptions(
  made: MadeFeeds,
  isFromProfile: boolean,
  { terminal, isJson }: CommandContext,
): void {
  if (isJson) return;
  const { dim } = terminal.talkStyle;
  if (made.assumed.length === 0) return;
  const shapes = made.assumed.map((name) => `${name}:${made.shapes[name]!.join('x')}`).join(',');
  const origin = isFromProfile ? "from the engine's profile" : 'as 1';
  terminal.writeTalk(`${dim(`dynamic dimensions taken ${origin}: --shapes ${shapes}`)}\n`);
}

/** Why the model did not run where one might expect, for results. */
export function formatFallback({ fallbackReason }: Pick<Session, 'fallbackReason'>): string[] {
  return fallbackReason === null ? [] : [printable(fallbackReason)];
}
