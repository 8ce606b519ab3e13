// SPDX-License-Identifier: Apache-2.0
import type { TriedPath } from './locate-tensorrt';

/** Reason of a package `onnxruntime-node` that has no libraries: npm `overrides` put another one in its place. */
export const NO_LIBRARIES = 'holds no napi-v* folder';

/** The command that adds the CPU runtime, given where it was looked for. */
export function cpuRuntimeCommand(tried: readonly TriedPath[]): string {
  const isOverridden = tried.some(({ reason }) => reason === NO_LIBRARIES);
  const name = isOverridden ? 'onnxruntime-node-cpu@npm:onnxruntime-node@1.30.0' : 'onnxruntime-node';
  return `npm install ${name} --ignore-scripts`;
}
