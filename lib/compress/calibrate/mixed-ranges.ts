// SPDX-License-Identifier: Apache-2.0
import { CALIBRATION_METHODS, type AmplitudeOptions, type CalibrationMethod } from './amplitude';
import { chooseRanges, type TensorRanges } from './choose-ranges';
import type { RangeHistogram } from './histogram';

/** How the choice is measured and where it starts. */
export interface MixedRangesOptions extends AmplitudeOptions {
  /** Measures a model with these ranges, e.g. its SQNR in dB: more is better. */
  readonly score: (ranges: TensorRanges) => Promise<number>;
  /** Method that all tensors start with. Default `'mse'`. */
  readonly start?: CalibrationMethod;
  /** Score of the start, if it is known already. */
  readonly startScore?: number;
  /** Most measurements besides that of the start. Default 100. */
  readonly most?: number;
  /** Called before each measurement. */
  readonly onTrial?: (trial: number, tensor: string, method: CalibrationMethod) => void;
}

/** What was chosen for each tensor, and what it gained. */
export interface MixedRanges {
  readonly ranges: TensorRanges;
  /** Method of each tensor. */
  readonly methods: Readonly<Record<string, CalibrationMethod>>;
  readonly startScore: number;
  readonly score: number;
  /** Measurements that were made besides that of the start. */
  readonly trials: number;
}

/** Amplitudes that are nearer to each other are one candidate: a step of INT8 is 0.8 % of the range. */
const NEAR = 0.01;

/**
 * Chooses the method tensor by tensor: starting from one method for all, each tensor tries the amplitudes of the others,
 * and a change stays only if the measured score rises. Tensors on whose range the methods differ most come first, so a
 * bound on the number of measurements costs little. The same input gives the same choice.
 */
export async function chooseMixedRanges(
  histograms: ReadonlyMap<string, RangeHistogram>,
  options: MixedRangesOptions,
): Promise<MixedRanges> {
  const { score, start = 'mse', most = 100, onTrial } = options;
  const byMethod = new Map(
    CALIBRATION_METHODS.map((method) => [method, chooseRanges(histograms, method, options)] as const),
  );
  const ranges = new Map(Object.entries(byMethod.get(start)!));
  const methods = new Map([...ranges.keys()].map((tensor) => [tensor, start]));
  const startScore = options.startScore ?? (await score(Object.fromEntries(ranges)));
  let best = startScore;
  let trials = 0;
  for (const { tensor, method } of listTrials(byMethod, start)) {
    if (trials === most) break;
    trials++;
    onTrial?.(trials, tensor, method);
    const before = ranges.get(tensor)!;
    ranges.set(tensor, byMethod.get(method)![tensor]!);
    const now = await score(Object.fromEntries(ranges));
    if (now > best) {
      best = now;
      methods.set(tensor, method);
    } else ranges.set(tensor, before);
  }
  return {
    ranges: Object.fromEntries(ranges),
    methods: Object.fromEntries(methods),
    startScore,
    score: best,
    trials,
  };
}

/** Each tensor with each method that gives it an amplitude of its own, in the order of trials. */
function listTrials(
  byMethod: ReadonlyMap<CalibrationMethod, TensorRanges>,
  start: CalibrationMethod,
): { tensor: string; method: CalibrationMethod }[] {
  const spread = (tensor: string) => {
    const amplitudes = [...byMethod.values()].map((ranges) => ranges[tensor]!.amplitude);
    return Math.max(...amplitudes) / Math.min(...amplitudes);
  };
  const tensors = Object.keys(byMethod.get(start)!).map((tensor) => ({ tensor, spread: spread(tensor) }));
  tensors.sort((a, b) => b.spread - a.spread);
  return tensors.flatMap(({ tensor }) => {
    const tried = [byMethod.get(start)![tensor]!.amplitude];
    return [...byMethod].flatMap(([method, ranges]) => {
      const { amplitude } = ranges[tensor]!;
      if (tried.some((other) => Math.abs(amplitude - other) <= NEAR * other)) return [];
      tried.push(amplitude);
      return [{ tensor, method }];
    });
  });
}
