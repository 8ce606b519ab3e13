// SPDX-License-Identifier: Apache-2.0
// JUnit's XML, as CI systems read it: a test for each measurement, and one for each condition.

import type { BenchDocument, BenchResult } from '../result';
import { failuresOf, isEmpty, measurementsOf } from './document-parts';

/** A condition as a test: `p99>+5%` and whether it holds. */
export interface JunitCheck {
  /** Name of the test. */
  readonly name: string;
  /** Why it fails; null where it passes. */
  readonly failure: string | null;
}

/** Options of {@link formatJunit}. */
export interface JunitOptions {
  /** Conditions that were checked beside the measurements. */
  readonly checks?: readonly JunitCheck[];
  /** A measurement that is not stable counts as a failed test. Default false. */
  readonly requireStable?: boolean;
}

/** One test of the file. */
export interface TestCase {
  readonly name: string;
  readonly seconds: number;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly failure: { readonly type: string; readonly message: string } | null;
  /** Why it could not be told whether it passes. */
  readonly skipped?: string;
}

/** The document as JUnit XML. Measurements that failed or were interrupted, and failed conditions, are failures. */
export function formatJunit(document: BenchDocument, options: JunitOptions = {}): string {
  const measured = measurementsOf(document).map((result) => toTest(result, options.requireStable === true));
  const failed = failuresOf(document).map(({ label, error }) => ({
    ...blankTest(label),
    failure: { type: error.code, message: error.message },
  }));
  const checks = (options.checks ?? []).map(({ name, failure }) => ({
    ...blankTest(name),
    failure: failure === null ? null : { type: 'condition', message: failure },
  }));
  return formatSuite([...measured, ...failed, ...checks], measurementsOf(document)[0]?.model ?? 'bench');
}

function blankTest(name: string): TestCase {
  return { name, seconds: 0, properties: {}, failure: null };
}

function toTest(result: BenchResult, requireStable: boolean): TestCase {
  const { latencyMs, throughput } = result;
  return {
    name: result.label,
    seconds: result.measuredMs / 1000,
    properties: {
      backend: result.backend,
      device: result.device,
      stable: String(result.stable),
      inferences: result.inferences,
      ...(isEmpty(result)
        ? {}
        : {
            inferencesPerSecond: throughput.inferencesPerSecond,
            p50Ms: latencyMs.p50,
            p90Ms: latencyMs.p90,
            p99Ms: latencyMs.p99,
            maxMs: latencyMs.max,
          }),
    },
    failure: failureOf(result, requireStable),
  };
}

function failureOf(result: BenchResult, requireStable: boolean): TestCase['failure'] {
  if (result.end === 'failed') {
    const { code = 'failed', message = 'the measurement failed' } = result.error ?? {};
    return { type: code, message };
  }
  if (result.end === 'interrupted')
    return {
      type: 'interrupted',
      message: `the measurement was interrupted${isEmpty(result) ? ': nothing was measured' : ''}`,
    };
  if (isEmpty(result)) return { type: 'empty', message: 'nothing was measured' };
  if (requireStable && !result.stable)
    return { type: 'unstable', message: result.unstableReason ?? 'not stable' };
  return null;
}

/** The file of some tests; `seconds` is the time of all, their sum unless told. */
export function formatSuite(
  tests: readonly TestCase[],
  className: string,
  seconds = tests.reduce((sum, test) => sum + test.seconds, 0),
): string {
  const totals = attributes({
    tests: tests.length,
    failures: tests.filter(({ failure }) => failure !== null).length,
    errors: 0,
    skipped: tests.filter(({ skipped }) => skipped !== undefined).length,
    time: seconds.toFixed(3),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="tensorrt-node bench" ${totals}>`,
    `  <testsuite name="tensorrt-node bench" ${totals}>`,
    ...tests.flatMap((test) => formatTest(test, className)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function formatTest(test: TestCase, className: string): string[] {
  const { name, seconds, properties, failure, skipped } = test;
  const values = Object.entries(properties).map(
    ([property, value]) => `        <property ${attributes({ name: property, value })}/>`,
  );
  const inner = [
    ...(values.length === 0 ? [] : ['      <properties>', ...values, '      </properties>']),
    ...(failure === null
      ? []
      : [`      <failure ${attributes({ type: failure.type, message: failure.message })}/>`]),
    ...(skipped === undefined ? [] : [`      <skipped ${attributes({ message: skipped })}/>`]),
  ];
  const head = `    <testcase ${attributes({ name, classname: className, time: seconds.toFixed(3) })}`;
  return inner.length === 0 ? [`${head}/>`] : [`${head}>`, ...inner, '    </testcase>'];
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(String(value))}"`)
    .join(' ');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
};

function escapeXml(text: string): string {
  // Other control characters have no place in XML 1.0, escaped or not.
  // eslint-disable-next-line no-control-regex
  const printable = text.replace(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
  return printable.replace(/[&<>"\n\t]/g, (character) => ESCAPES[character]!);
}
