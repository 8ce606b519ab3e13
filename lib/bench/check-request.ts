// SPDX-License-Identifier: Apache-2.0
import { Engine } from '../index';
import { BENCH_OPTION_NAMES, checkBenchOptions, type BenchOptions } from './bench-options';
import type { BenchRequest } from './bench-request';
import { integer, invalid, number, rejectUnknown } from './option-values';

const CONTEXT = [
  'batch',
  'label',
  'case',
  'moreSettings',
  'versions',
  'loadAverage',
  'signal',
  'onPhase',
  'callLog',
  'stageLog',
  'time',
] as const;
const OF_MODELS = ['model', 'name', 'session', 'sessionOptions', 'feeds'] as const;
const FUNCTION_HINT = 'To measure a function pass { name, call }.';
const OF_FUNCTIONS = ['name', 'call', 'backend', 'device'] as const;

/**
 * Checks a request before anything is opened.
 *
 * @returns Its options alone.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`
 */
export function checkRequest(request: BenchRequest): BenchOptions {
  const isFunction = typeof request === 'object' && request !== null && 'call' in request;
  const own: readonly string[] = isFunction ? OF_FUNCTIONS : OF_MODELS;
  const known = [...own, ...CONTEXT, ...BENCH_OPTION_NAMES];
  rejectUnknown('options of runBench()', request, known, { hint: hintOnFunction(request, known) });
  if (isFunction) {
    if (typeof request.call !== 'function')
      throw invalid('call', request.call, 'a function', { isType: true });
    if (typeof request.name !== 'string') throw invalid('name', request.name, 'a text', { isType: true });
  } else {
    checkModel(request);
  }
  if (request.loadAverage !== undefined)
    number({ least: 0, most: 1e9, unit: 'processes' })('loadAverage', request.loadAverage);
  if (request.batch !== undefined) integer(1, 1e9)('batch', request.batch);
  const options = optionsOf(request);
  checkBenchOptions(options);
  return options;
}

/** Nobody knows the name of the option before they have read it; that they give a function says what they want. */
function hintOnFunction(request: unknown, known: readonly string[]): string | undefined {
  if (typeof request === 'function') return FUNCTION_HINT;
  if (typeof request !== 'object' || request === null) return undefined;
  const isMeant = Object.entries(request).some(
    ([name, value]) => typeof value === 'function' && !known.includes(name),
  );
  return isMeant && !('model' in request) ? FUNCTION_HINT : undefined;
}

function checkModel({ model, feeds }: Exclude<BenchRequest, { call: unknown }>): void {
  const isModel = typeof model === 'string' || model instanceof Uint8Array || model instanceof Engine;
  if (!isModel)
    throw invalid('model', model, 'a path, bytes (Uint8Array) or an Engine', {
      isType: true,
      ...(model === undefined ? { hint: FUNCTION_HINT } : {}),
    });
  const isFed = typeof feeds === 'function' || (typeof feeds === 'object' && feeds !== null);
  if (!isFed)
    throw invalid('feeds', feeds, 'inputs by name, or a function that makes them', { isType: true });
}

function optionsOf(request: BenchRequest): BenchOptions {
  const given = request as unknown as Readonly<Record<string, unknown>>;
  const named = BENCH_OPTION_NAMES.filter((name) => given[name] !== undefined);
  return Object.fromEntries(named.map((name) => [name, given[name]]));
}
