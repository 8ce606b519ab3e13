// SPDX-License-Identifier: Apache-2.0
// One sample that both models are timed with, built for, and counted for.

import type { ProfileSpec } from '../../builder/profiles';
import type { Feeds } from '../../runtime/feeds';
import type { TensorInfo } from '../../tensor/tensor-info';
import { makeFeeds } from '../inputs/make-feeds';
import type { ToolApi } from '../tool-api';

/** Inputs of one run, of one sample where the model leaves the batch open. */
export interface SampleFeeds {
  readonly feeds: Feeds;
  readonly dims: Readonly<Record<string, readonly number[]>>;
  /** The one shape that engines are built for; empty for a model without open dimensions. */
  readonly profile: ProfileSpec;
}

/** Where the sample comes from: the first of the typical inputs, or random numbers with 1 for every open dimension. */
export async function sampleFeeds(
  {
    source,
    calibration,
  }: {
    readonly source: string;
    readonly calibration?: (() => AsyncIterable<Feeds>) | undefined;
  },
  api: Pick<ToolApi, 'readModelInfo'>,
): Promise<SampleFeeds> {
  const { inputs } = await api.readModelInfo(source);
  const feeds = (await firstSample(inputs, calibration)) ?? (await randomSample(inputs));
  const dims = Object.fromEntries(inputs.map(({ name }) => [name, dimsOf(feeds, name)]));
  const profile = Object.fromEntries(
    inputs
      .filter((input) => input.dims.some(isOpen))
      .map(({ name }) => [name, { min: dims[name]!, opt: dims[name]!, max: dims[name]! }]),
  );
  return { feeds, dims, profile };
}

async function randomSample(inputs: readonly TensorInfo[]): Promise<Feeds> {
  const made = await makeFeeds({ inputs, arguments: [], otherwise: { kind: 'random' }, seed: 0 });
  return made.feeds;
}

interface Tensor {
  readonly data: { readonly length: number; subarray?(start: number, end: number): unknown };
  readonly dims: readonly number[];
}

async function firstSample(
  inputs: readonly TensorInfo[],
  calibration: (() => AsyncIterable<Feeds>) | undefined,
): Promise<Feeds | undefined> {
  if (calibration === undefined) return undefined;
  for await (const feeds of calibration())
    return Object.fromEntries(
      inputs.map((input) => [input.name, firstOf(feeds[input.name] as unknown as Tensor, input)]),
    ) as Feeds;
  return undefined;
}

/** The first sample of a batch, where the model leaves open how many there are. */
function firstOf(tensor: Tensor, { dims: declared }: TensorInfo): unknown {
  const { data, dims } = tensor;
  const batch = dims[0] ?? 1;
  if (batch <= 1 || !isOpen(declared[0] ?? 1) || data.subarray === undefined) return tensor;
  return { ...tensor, data: data.subarray(0, data.length / batch), dims: [1, ...dims.slice(1)] };
}

function isOpen(dim: number | string): boolean {
  return typeof dim === 'string' || dim < 0;
}

function dimsOf(feeds: Feeds, name: string): readonly number[] {
  return (feeds[name] as unknown as Tensor).dims;
}
