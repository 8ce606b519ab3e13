// SPDX-License-Identifier: Apache-2.0
// Readers of values that only `bench` and `compare` have.

import { usageError } from '../args/usage-error';
import { parseDurationMs } from '../values/duration';

/** The latency that a search for the highest rate keeps: `p99=10ms`. */
export interface LatencyLimit {
  readonly percentile: string;
  readonly milliseconds: number;
}

/**
 * Reads the name of a latency: `mean` or a percentile such as `p99` and `p99.9`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseLatencyName(text: string, option: string): string {
  if (text === 'mean') return text;
  const percent = percentOf(text);
  if (percent !== undefined) return text;
  const nines = /^p(99)(9+)$/.exec(text);
  throw usageError(
    `${option} expects mean or a percentile such as p50, p99 or p99.9, but got '${text}'.`,
    nines !== null
      ? `Write ${option} p${nines[1]}.${nines[2]}`
      : text === 'max'
        ? 'One slow call decides about the largest latency: p99.9 says more.'
        : undefined,
  );
}

/** 99.9 of `p99.9`; undefined for other names. */
export function percentOf(name: string): number | undefined {
  const percent = Number(/^p(\d+(?:\.\d+)?)$/.exec(name)?.[1]);
  return percent > 0 && percent <= 100 ? percent : undefined;
}

/**
 * Reads `p99=10ms`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseLatencyLimit(text: string, option: string): LatencyLimit {
  const match = /^([^=]+)=(.+)$/.exec(text.trim());
  if (match === null) {
    throw usageError(
      `${option} expects a latency and its limit, but got '${text}'.`,
      `Write for example ${option} p99=10ms`,
    );
  }
  const milliseconds = parseDurationMs(match[2]!, option);
  if (milliseconds <= 0) throw usageError(`${option}: no call can end within ${match[2]}.`);
  return { percentile: parseLatencyName(match[1]!.trim(), option), milliseconds };
}

/**
 * Reads percentiles in percent: `97.5`, or several by commas.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parsePercentiles(text: string, option: string): readonly number[] {
  return text.split(',').map((part) => {
    const percent = percentOf(`p${part.trim().replace(/^p/, '')}`);
    if (percent === undefined)
      throw usageError(
        `${option} expects percent above 0 and up to 100, but got '${part}'.`,
        `Write ${option} 97.5`,
      );
    return percent;
  });
}

/**
 * Reads a number of percent: `10`, `10%` or `0.5%`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parsePercent(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim());
  if (match === null) throw usageError(`${option} expects percent, but got '${text}'.`, `Write ${option} 10`);
  return Number(match[1]);
}

/** Precisions that a model can be brought to. */
export const PRECISIONS = ['fp32', 'fp16', 'bf16', 'int8'] as const;

/** One entry of `--precision`: made from the model, or a model that is there. */
export interface PrecisionChoice {
  readonly precision: string;
  /** The model or engine in that precision; undefined where it is made. */
  readonly path?: string;
}

/**
 * Reads `fp32,fp16,int8`, or `fp16=model-fp16.onnx` for a model that is there already; its name is free then.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parsePrecisions(text: string, option: string): readonly PrecisionChoice[] {
  return text.split(',').map((part) => {
    const [precision = '', ...rest] = part.trim().split('=');
    if (rest.length > 0) {
      const path = rest.join('=');
      if (precision === '' || path === '')
        throw usageError(
          `${option} expects name=model, but got '${part}'.`,
          `Write ${option} fp16=model-fp16.onnx`,
        );
      return { precision, path };
    }
    if (!PRECISIONS.includes(precision as 'fp32')) {
      throw usageError(
        `${option} expects some of ${PRECISIONS.join(', ')}, but got '${part}'.`,
        `Write ${option} fp32,fp16, or ${option} ${precision || 'fp16'}=model.onnx for a model that is there.`,
      );
    }
    return { precision };
  });
}
