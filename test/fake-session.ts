// SPDX-License-Identifier: Apache-2.0
// A session in JavaScript: it counts what is done with it, and its calls take no time but a turn of the microtask queue.

import type { Session, StageTimes } from '../lib/index';

/** What a fake session does. */
export interface FakeSessionOptions {
  readonly device?: string;
  readonly backend?: 'onnxruntime' | 'tensorrt';
  /** Dims of the input `x` and the output `y`. */
  readonly dims?: readonly (number | string)[];
  /** Called at each inference. */
  readonly infer?: () => Promise<void>;
  /** Absent: the session records nothing. */
  readonly takeStageTimes?: () => StageTimes;
}

/** A fake session and what was done with it. */
export function fakeSession(options: FakeSessionOptions = {}) {
  const { device = 'cpu', backend = 'onnxruntime', dims = ['batch', 2] } = options;
  const { infer = () => Promise.resolve() } = options;
  const seen = {
    runs: [] as { feeds: object; options: unknown }[],
    bindings: [] as { shapes: object; options: object; runs: number; isClosed: boolean }[],
    closedOutputs: 0,
    closed: 0,
  };
  const notRecorded = () => {
    throw new Error('made without stageTimes');
  };
  const session = {
    device,
    backend,
    fallbackReason: null,
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: 'y', type: 'float32', dims }],
    run: async (feeds: object, runOptions?: { deviceOutputs?: boolean }) => {
      seen.runs.push({ feeds, options: runOptions });
      await infer();
      return { y: { close: () => (seen.closedOutputs += 1) } };
    },
    createBinding: async (shapes: object, bindingOptions: object) => {
      const binding = { shapes, options: bindingOptions, runs: 0, isClosed: false };
      seen.bindings.push(binding);
      return {
        run: async () => {
          binding.runs += 1;
          await infer();
        },
        close: async () => void (binding.isClosed = true),
      };
    },
    takeStageTimes: options.takeStageTimes ?? notRecorded,
    statistics: () => ({ deviceBytes: 12_345 }),
    trace: async () => ({ layers: [{ layer: 'conv', milliseconds: 3 }] }),
    close: async () => (seen.closed += 1),
  };
  return { session: session as unknown as Session, seen };
}
