// SPDX-License-Identifier: Apache-2.0
import type { MakeStudent } from '../../compress/distill';
import type { PruneChannelsReport } from '../../compress/channels/prune-channels-report';
import type { TrainingData } from '../../compress/train/training-data';
import type { TrainingTensor } from '../../compress/train/trainer';
import type { Feeds } from '../../runtime/feeds';
import type { ToolApi } from '../tool-api';

/** How a teacher becomes a student. */
export interface NarrowRequest {
  /** Share of its channels that the student has, 0 to 1. */
  readonly share: number;
  readonly inputs: TrainingData['inputs'];
  /** Threads of the CPU; all unless told. */
  readonly threads: number | undefined;
  readonly seed: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (step: string) => void;
  /** Gets what was removed. */
  readonly onReport: (report: PruneChannelsReport) => void;
}

/** Samples of what is learned from that weights are fitted to, and of a run. */
const MOST_SAMPLES = 512;
const RUN_SAMPLES = 16;

/** Makes a student from its teacher: channels that count least go, the weights that stay are fitted to the data. */
export function narrowStudent(request: NarrowRequest, api: ToolApi): MakeStudent {
  const { share, inputs, threads, seed, signal, onProgress, onReport } = request;
  return async (teacher) => {
    const constants = new Set(teacher.graph.initializer.map(({ name }) => name));
    const [first] = teacher.graph.input.filter(({ name }) => !constants.has(name));
    const fixed = first?.type?.tensorType?.shape?.dim[0]?.dimValue;
    const { model, report } = await api.pruneChannels(teacher, {
      ratio: 1 - share,
      calibration: runsOf(inputs, fixed ?? RUN_SAMPLES),
      runner: await api.sessionRunner({
        device: 'cpu',
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      }),
      numerics: await api.nativeNumerics(),
      signal,
      onProgress,
      ...(seed === undefined ? {} : { seed }),
    });
    onReport(report);
    return model;
  };
}

/** Whole runs of the first samples. */
function runsOf(inputs: TrainingData['inputs'], size: number): Feeds[] {
  const count = Math.min(MOST_SAMPLES, ...Object.values(inputs).map(({ dims }) => dims[0]!));
  const each = Math.min(size, count);
  return Array.from({ length: Math.floor(count / each) }, (_, run) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, samplesOf(tensor, run * each, each)]),
    ),
  );
}

function samplesOf({ data, dims }: TrainingTensor, from: number, count: number): TrainingTensor {
  const size = data.length / dims[0]!;
  return { data: data.slice(from * size, (from + count) * size), dims: [count, ...dims.slice(1)] };
}
