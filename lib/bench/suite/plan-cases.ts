// SPDX-License-Identifier: Apache-2.0
import type { BenchAxis, BenchCase } from '../result';

/** What a suite varies; an axis that is left out is not varied. */
export interface SuiteAxes {
  readonly devices?: readonly string[] | undefined;
  readonly precisions?: readonly string[] | undefined;
  readonly batches?: readonly number[] | undefined;
  readonly concurrencies?: readonly number[] | undefined;
  readonly rates?: readonly number[] | undefined;
}

/** One measurement of a suite before it is made. */
export interface PlannedCase {
  /** Short, unique within the suite: `cpu · batch 4`. */
  readonly label: string;
  /** Its place: only the axes with more than one value. */
  readonly case: BenchCase;
  /** All values that were given, those of single ones among them. */
  readonly values: BenchCase;
}

interface Axis {
  readonly key: keyof BenchCase;
  readonly values: readonly (string | number)[];
}

const KEYS: Readonly<Record<keyof BenchCase, BenchAxis>> = {
  device: 'device',
  precision: 'precision',
  batch: 'batch',
  concurrency: 'concurrency',
  ratePerSecond: 'rate',
};

/** All combinations, the last axis fastest. Without any axis it is one case. */
export function planCases(axes: SuiteAxes): PlannedCase[] {
  const given = [
    { key: 'device', values: axes.devices ?? [] },
    { key: 'precision', values: axes.precisions ?? [] },
    { key: 'batch', values: axes.batches ?? [] },
    { key: 'concurrency', values: axes.concurrencies ?? [] },
    { key: 'ratePerSecond', values: axes.rates ?? [] },
  ] as const satisfies readonly Axis[];
  const used: readonly Axis[] = given.filter(({ values }) => values.length > 0);
  const varied = used.filter(({ values }) => values.length > 1).map(({ key }) => key);
  return combinations(used).map((values) => {
    const place = Object.fromEntries(Object.entries(values).filter(([key]) => varied.includes(key as never)));
    return { label: labelOf(place, values), case: place, values };
  });
}

/** The axes that differ between cases, in the order of nesting. */
export function axesOf(cases: readonly BenchCase[]): BenchAxis[] {
  const keys = Object.keys(KEYS) as (keyof BenchCase)[];
  return keys.filter((key) => cases.some((place) => key in place)).map((key) => KEYS[key]);
}

function combinations(axes: readonly Axis[]): BenchCase[] {
  let all: BenchCase[] = [{}];
  for (const { key, values } of axes)
    all = all.flatMap((place) => values.map((value) => ({ ...place, [key]: value })));
  return all;
}

/** What stands in labels; a case without place is named by its device. */
function labelOf(
  { device, precision, batch, concurrency, ratePerSecond }: BenchCase,
  all: BenchCase,
): string {
  const parts = [
    device,
    precision,
    batch === undefined ? undefined : `batch ${batch}`,
    concurrency === undefined ? undefined : `${concurrency} in flight`,
    ratePerSecond === undefined ? undefined : `${ratePerSecond}/s`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(' · ') : (all.device ?? 'measurement');
}
