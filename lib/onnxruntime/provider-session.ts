// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';

import type { SessionOptions } from '../session/session-options';
import type { Provider } from './execution-providers';
import type { MappedOptions } from './session-options';

/** onnxruntime-node refuses no call, however many wait. */
const MAX_QUEUE = 1_000_000;

/** The options of `createSession()` for a session on an execution provider. */
export function sessionOptionsFor(provider: Provider, mapped: MappedOptions): SessionOptions {
  const { profileFilePrefix } = mapped;
  const shared = {
    ...provider.session,
    maxQueue: MAX_QUEUE,
    ...(profileFilePrefix === undefined ? {} : { profileFilePrefix }),
  };
  return provider.name === 'cpu' ? cpuOptions(shared, provider, mapped) : gpuOptions(shared, mapped);
}

function cpuOptions(shared: SessionOptions, { useArena }: Provider, mapped: MappedOptions): SessionOptions {
  const { intraOpNumThreads = availableParallelism(), onnxRuntime } = mapped;
  const arena =
    useArena === undefined ? {} : { enableCpuMemArena: onnxRuntime.enableCpuMemArena ?? useArena };
  return { ...shared, intraOpNumThreads, onnxRuntime: { ...onnxRuntime, ...arena } };
}

function gpuOptions(shared: SessionOptions, mapped: MappedOptions): SessionOptions {
  const { graphCapture, freeDimensions, externalData } = mapped;
  const { build = {} } = shared;
  const graph = shared.cudaGraph ?? (graphCapture === undefined ? undefined : graphCapture ? 'on' : 'off');
  // A size that was fixed is a range of one size, unless there are ranges already.
  const isFixed = build.profiles === undefined && Object.keys(freeDimensions).length > 0;
  const files = Object.fromEntries(externalData.map(({ path, data }) => [path, data]));
  return {
    ...shared,
    ...(graph === undefined ? {} : { cudaGraph: graph }),
    build: {
      ...build,
      ...(isFixed ? { dynamicAxes: { ...freeDimensions, ...build.dynamicAxes } } : {}),
      ...(externalData.length > 0 ? { externalData: files } : {}),
    },
  };
}
