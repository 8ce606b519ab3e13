// SPDX-License-Identifier: Apache-2.0
import type { ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareDocuments, compareResults } from '../../../lib/bench/compare/compare-documents';
import type { BenchDocument } from '../../../lib/bench/result';
import {
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleRateSearch,
  sampleResult,
  sampleSweep,
} from '../../bench-documents';
import { asRead, compileSchemas } from '../../bench-schemas';

const TIMEOUT_MS = 120_000;

let isResult: ValidateFunction;
let isComparison: ValidateFunction;

beforeAll(() => {
  const schemas = compileSchemas();
  isResult = schemas.get('bench-result.schema.json')!;
  isComparison = schemas.get('bench-comparison.schema.json')!;
}, TIMEOUT_MS);

function expectValid(validate: ValidateFunction, document: unknown): void {
  validate(asRead(document));
  expect(validate.errors).toBeNull();
}

// Once: each has 60 histograms.
const failedText = JSON.stringify(sampleFailed());
const gpuText = JSON.stringify(sampleGpuResult());
const sweepText = JSON.stringify(sampleSweep());

type Plain = Record<string, unknown>;

/** Takes the member of that name out. */
const without = (name: string) => (inner: Plain) => void Reflect.deleteProperty(inner, name);

/** The object at a path such as `latencyMs.medianInterval` or `blocks.0`. */
function at(document: Plain, path: string): Plain {
  return path === '' ? document : path.split('.').reduce((inner, key) => inner[key] as Plain, document);
}

/** Asserts that the document is valid, and not after the change of the object at the path. */
function expectRefused(
  validate: ValidateFunction,
  text: string,
  path: string,
  change: (inner: Plain) => void,
) {
  const read = JSON.parse(text) as Plain;
  expect(validate(read)).toBe(true);
  change(at(read, path));
  expect(validate(read)).toBe(false);
}

describe('the schema of results', () => {
  it.each<[string, () => BenchDocument]>([
    ['a measurement on the CPU', sampleResult],
    ['a measurement on a GPU', sampleGpuResult],
    ['a sweep with a case that failed', sampleSweep],
    ['precisions with their accuracy', samplePrecisions],
    ['a search for the highest rate', sampleRateSearch],
    ['a measurement that failed', sampleFailed],
  ])('takes %s', (_, make) => expectValid(isResult, make()));

  it('takes numbers that could not be measured, with the reason', () => {
    const unavailable = { unavailable: 'libnvidia-ml.so.1 is not there' };
    expectValid(isResult, sampleGpuResult({ gpu: unavailable, layers: unavailable, coldStart: unavailable }));
  });

  it.each(
    Object.keys(JSON.parse(failedText) as Plain).filter(
      (name) => !['computeMs', 'error', 'layers'].includes(name),
    ),
  )('refuses a measurement without %s', (name) => expectRefused(isResult, failedText, '', without(name)));

  it.each(['axes', 'measurements', 'failed', 'environment'])('refuses a suite without %s', (name) =>
    expectRefused(isResult, sweepText, '', without(name)),
  );

  it.each([
    ['latencyMs', 'p99'],
    ['settings', 'load'],
    ['settings.load', 'concurrency'],
    ['blocks.3', 'histogram'],
    ['environment', 'versions'],
    ['gpu', 'missing'],
    ['trtexec.latency', 'median'],
    ['pipelined', 'throughput'],
  ])('refuses %s without %s', (path, name) => expectRefused(isResult, gpuText, path, without(name)));

  it.each<[string, string, unknown]>([
    ['', 'schemaVersion', 2],
    ['', 'kind', 'benchmark'],
    ['', 'stable', 'yes'],
    ['', 'end', 'finished'],
    ['', 'inferences', '1000'],
    // What JSON makes of NaN.
    ['latencyMs', 'mean', null],
    ['latencyMs', 'p50', null],
    ['settings.load', 'kind', 'half-open'],
    ['settings', 'calls', 'both'],
    ['blocks.0', 'histogram', [1, 'two']],
    ['warnings.0', 'message', 3],
    ['gpu.powerW', 'samples', [[0, null]]],
  ])('refuses %s with %s of another type or value', (path, name, value) =>
    expectRefused(isResult, gpuText, path, (inner) => (inner[name] = value)),
  );

  it.each(['', 'latencyMs', 'settings', 'settings.load', 'throughput', 'blocks.59', 'gpu', 'environment'])(
    'refuses a name in "%s" that it does not have',
    (path) => expectRefused(isResult, gpuText, path, (inner) => (inner.p75 = 1)),
  );
});

describe('the schema of comparisons', () => {
  it('takes what is compared by blocks, forced, and without a partner', () => {
    const other = sampleResult({ settings: { ...sampleResult().settings, batch: 4 } });
    const forced = compareResults(sampleResult(), other, { force: true });
    expect(forced.differences).not.toEqual([]);
    expectValid(isComparison, forced);
    const sweep = sampleSweep();
    const fewer = { ...sweep, measurements: sweep.measurements.slice(0, 2) };
    expectValid(isComparison, compareDocuments(fewer, sweep));
  });

  it('refuses what is not one', () => {
    const comparison = compareResults(sampleResult(), sampleResult());
    const text = JSON.stringify(comparison);
    for (const name of Object.keys(comparison)) expectRefused(isComparison, text, '', without(name));
    const changes: [string, (inner: Plain) => void][] = [
      ['', (document) => (document.verdict = 'worse')],
      ['', (document) => (document.p75 = 1)],
      ['a', (side) => delete side.versions],
      ['cases.0', (one) => delete one.metrics],
      ['cases.0.metrics.0', (metric) => (metric.pValue = 'small')],
      ['cases.0.metrics.0', (metric) => (metric.unit = 'seconds')],
      ['cases.0.metrics.0.intervalPercent', (interval) => delete interval.low],
    ];
    for (const [path, change] of changes) expectRefused(isComparison, text, path, change);
    expect(isComparison(asRead(sampleResult()))).toBe(false);
    expect(isResult(asRead(comparison))).toBe(false);
  });
});
