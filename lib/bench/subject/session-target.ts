// SPDX-License-Identifier: Apache-2.0
// Calls of a session, made so that what is measured is the session's work and as little as possible of ours.

import {
  uploadTensor,
  type DeviceTensor,
  type Feeds,
  type GpuName,
  type Session,
  type TensorData,
  type TensorLike,
} from '../../index';
import type { Target } from '../measure/target';
import type { CallMode } from '../settings';
import { feedDims, isDynamic, isOnDevice } from './feed-dims';

/** A target that holds memory. */
export interface ClosableTarget extends Target {
  close(): Promise<void>;
}

/** How the session is called. */
export interface TargetOptions {
  readonly calls: CallMode;
  /** Calls that may be in flight at the same moment. */
  readonly slots: number;
  /** Calls that the session runs at the same time. */
  readonly contexts: number;
  /** False: inputs and outputs stay on the device. */
  readonly transfers: boolean;
}

/** Copies an array to a device; tests put their own. */
export type Upload = typeof uploadTensor;

/**
 * Makes the calls of a session over inputs that stay the same, one set or several in turn. With bindings their inputs are
 * written once; `run` copies inputs in and outputs out in each call.
 *
 * @throws What a run of the session throws: it is called once, since writing into a binding checks nothing.
 */
export async function createSessionTarget(
  session: Session,
  feedSets: readonly Feeds[],
  options: TargetOptions,
  upload: Upload = uploadTensor,
): Promise<ClosableTarget> {
  for (const feeds of feedSets) await session.run(feeds);
  const resident: Resident[] = [];
  const closeResident = () => {
    for (const one of resident) one.close();
  };
  try {
    if (!options.transfers)
      for (const feeds of feedSets) resident.push(await uploadFeeds(session, feeds, upload));
    const used = feedSets.map((feeds, index) => ({ ...feeds, ...resident[index]?.tensors }));
    const target =
      options.calls === 'binding'
        ? await bindingTarget(session, used, options)
        : runTarget(session, used, options.transfers);
    return {
      call: (slot) => target.call(slot),
      close: () => target.close().finally(closeResident),
    };
  } catch (error) {
    closeResident();
    throw error;
  }
}

function runTarget(session: Session, feedSets: readonly Feeds[], transfers: boolean): ClosableTarget {
  const close = () => Promise.resolve();
  const next = inTurn(feedSets);
  if (transfers) return { call: () => session.run(next()), close };
  const options = { deviceOutputs: true } as const;
  // The memory of outputs on the device is given back when they are closed, not when they are forgotten.
  const call = () => session.run(next(), options).then(closeOutputs);
  return { call, close };
}

/** One item after the other, again and again. */
function inTurn<T>(items: readonly T[]): () => T {
  let index = 0;
  return () => {
    const item = items[index]!;
    index = index + 1 < items.length ? index + 1 : 0;
    return item;
  };
}

function closeOutputs(outputs: Record<string, DeviceTensor>): void {
  for (const name in outputs) outputs[name]!.close();
}

type Binding = Awaited<ReturnType<Session['createBinding']>>;

/** More calls than bindings share them in turn: runs of one binding wait for each other in the session. */
async function bindingTarget(
  session: Session,
  feedSets: readonly Feeds[],
  { slots, contexts, transfers }: TargetOptions,
): Promise<ClosableTarget> {
  // One for each context and one that waits for it: others would hold memory and wait all the same.
  const wanted = Math.min(slots, contexts * 2);
  const count = feedSets.length * Math.ceil(wanted / feedSets.length);
  const bindings: Binding[] = [];
  const close = async () => {
    await Promise.all(bindings.map((binding) => binding.close()));
  };
  const feeds = inTurn(feedSets);
  try {
    while (bindings.length < count) bindings.push(await makeBinding(session, feeds(), transfers));
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  if (feedSets.length === 1 && count === slots) return { call: (slot) => bindings[slot]!.run(), close };
  const next = inTurn(bindings);
  return { call: () => next().run(), close };
}

async function makeBinding(session: Session, feeds: Feeds, transfers: boolean): Promise<Binding> {
  const inputs: Record<string, DeviceTensor> = {};
  const values: Record<string, TensorData> = {};
  const shapes: Record<string, readonly number[]> = {};
  for (const info of session.inputs) {
    const feed = feeds[info.name];
    if (feed === undefined) continue;
    if (isOnDevice(feed)) inputs[info.name] = feed;
    else {
      values[info.name] = dataOf(feed);
      if (isDynamic(info)) shapes[info.name] = feedDims(info, feed);
    }
  }
  return await session.createBinding(shapes, {
    inputs,
    values,
    ...(transfers ? {} : { deviceOutputs: true }),
  });
}

/** Of no string tensor: a session refuses to bind those before it looks at their content. */
function dataOf(feed: Exclude<Feeds[string], DeviceTensor>): TensorData {
  return ArrayBuffer.isView(feed) ? feed : (feed as TensorLike).data;
}

interface Resident {
  readonly tensors: Record<string, DeviceTensor>;
  close(): void;
}

async function uploadFeeds(session: Session, feeds: Feeds, upload: Upload): Promise<Resident> {
  const tensors: Record<string, DeviceTensor> = {};
  const close = () => {
    for (const tensor of Object.values(tensors)) tensor.close();
  };
  try {
    for (const info of session.inputs) {
      const feed = feeds[info.name];
      // The values of shape tensors are read on the host.
      if (feed === undefined || isOnDevice(feed) || info.isShapeTensor === true) continue;
      const tensor = { type: info.type, data: dataOf(feed), dims: feedDims(info, feed) };
      tensors[info.name] = await upload(tensor, { device: session.device as GpuName });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { tensors, close };
}
