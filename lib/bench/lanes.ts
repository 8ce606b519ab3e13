// SPDX-License-Identifier: Apache-2.0
import { DeviceTensor, type Feeds, type Session, type TensorData, type TensorLike } from '../index';
import type { CallMode } from './settings';

/** One call in flight: the runner has as many lanes as its concurrency. */
export interface Lane {
  /** One inference, from the call until its outputs can be read. */
  infer(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the lanes over a session. In `binding` mode each lane keeps an execution context and its inputs are written
 * once, before the measurement; in `run` mode every call copies its inputs in and its outputs out.
 */
export async function createLanes(
  session: Session,
  feeds: Feeds,
  mode: CallMode,
  count: number,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  // A plain call checks names, types and shapes with the session's own errors; writing into a binding checks nothing.
  if (mode === 'binding') await session.run(feeds);
  try {
    while (lanes.length < count) {
      lanes.push(
        mode === 'binding' ? await createBindingLane(session, feeds) : createRunLane(session, feeds),
      );
    }
  } catch (error) {
    await closeLanes(lanes);
    throw error;
  }
  return lanes;
}

/** Closes all lanes. */
export async function closeLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.close()));
}

function createRunLane(session: Session, feeds: Feeds): Lane {
  return {
    infer: async () => {
      await session.run(feeds);
    },
    close: () => Promise.resolve(),
  };
}

async function createBindingLane(session: Session, feeds: Feeds): Promise<Lane> {
  const onDevice: Record<string, DeviceTensor> = {};
  const values: Record<string, TensorData> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    if (feed instanceof DeviceTensor) onDevice[name] = feed;
    else values[name] = dataOf(feed);
  }
  const shapes = dynamicShapes(session, feeds);
  const binding = await session.createBinding(shapes, { inputs: onDevice, values });
  return { infer: () => binding.run(), close: () => binding.close() };
}

/** Bindings are told the shapes of those inputs that the model leaves open. */
function dynamicShapes(session: Session, feeds: Feeds): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  for (const input of session.inputs) {
    const feed = feeds[input.name];
    if (feed === undefined || ArrayBuffer.isView(feed) || feed.dims === undefined) continue;
    if (input.dims.some((dim) => typeof dim !== 'number' || dim < 0)) shapes[input.name] = feed.dims;
  }
  return shapes;
}

function dataOf(feed: TensorData | TensorLike): TensorData {
  return ArrayBuffer.isView(feed) ? feed : feed.data;
}
