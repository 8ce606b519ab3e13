// SPDX-License-Identifier: Apache-2.0
// Options that `run` and `bench` hand to a session on a GPU.

import type { EngineProfile } from '../runtime/manifest';
import type { Session } from '../runtime/session';
import type { SessionOptions } from '../session/session-options';
import { option, repeated, type OptionTable, type OptionValues } from './args/option';
import { parseChoice, parseInteger, parseList, parseText } from './values/basic';
import { collectAxes, parseDynamicAxis } from './values/dynamic-axes';

/** What concerns GPUs alone. */
export const gpuOptionTable = {
  dynamicAxes: repeated(
    '<symbol=min,opt,max>',
    'range of a symbolic dimension, for the engine of an ONNX model on a GPU; may be repeated',
    parseDynamicAxis,
  ),
  profile: option('<n>', 'GPU: the optimisation profile to use, from 0', parseInteger(0, 1_000_000)),
  cudaGraph: option('<when>', 'GPU: auto, on or off; auto unless told', parseChoice('auto', 'on', 'off')),
  plugins: option('<files>', 'GPU: libraries with TensorRT plugins, by commas', parseList(parseText)),
} satisfies OptionTable;

/** The options of the session, as far as they were written. */
export function toGpuOptions(
  given: OptionValues<typeof gpuOptionTable>,
): Pick<SessionOptions, 'build' | 'profile' | 'cudaGraph' | 'plugins'> {
  const { dynamicAxes, profile, cudaGraph, plugins } = given;
  return {
    ...(dynamicAxes.length === 0 ? {} : { build: { dynamicAxes: collectAxes(dynamicAxes) } }),
    ...(profile === undefined ? {} : { profile }),
    ...(cudaGraph === undefined ? {} : { cudaGraph }),
    ...(plugins === undefined ? {} : { plugins }),
  };
}

/** The profile that generated inputs are made for: the chosen one, else the first; undefined where there is none. */
export function profileForInputs(
  { profiles }: Pick<Session, 'profiles'>,
  chosen: number | undefined,
): EngineProfile | undefined {
  return profiles?.[chosen ?? 0];
}
