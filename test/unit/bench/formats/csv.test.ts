// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatCsv } from '../../../../lib/bench/formats/csv';
import {
  sampleEmpty,
  sampleFailed,
  samplePrecisions,
  sampleResult,
  sampleSweep,
} from '../../../bench-documents';

/** The cells of each line, for texts without quoted line ends. */
const table = (text: string) =>
  text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.match(/(?<=^|,)("([^"]|"")*"|[^,]*)/g)!);

const rowsOf = (text: string) => {
  const [names, ...rows] = table(text);
  return rows.map((cells) => Object.fromEntries(names!.map((name, index) => [name, cells[index]])));
};

describe('formatCsv', () => {
  it('leaves the cells of what was not measured empty', () => {
    const [row] = rowsOf(formatCsv({ ...sampleSweep(), measurements: [sampleEmpty(), sampleResult()] }));
    expect(row).toMatchObject({ inferences: '0', end: 'interrupted', latency_p50_ms: '', measured_ms: '' });
    expect(row).toMatchObject({ inferences_per_second: '', event_loop_delay_p99_ms: '' });
  });

  it('writes one row for a measurement, with its numbers as they are', () => {
    const result = sampleResult();
    const [row, ...others] = rowsOf(formatCsv(result));
    expect(others).toEqual([]);
    expect(Number(row!.latency_p99_ms)).toBe(result.latencyMs.p99);
    expect(Number(row!.inferences_per_second)).toBe(result.throughput.inferencesPerSecond);
    expect(row!.stable).toBe(String(result.stable));
  });

  it('writes a row for each measurement of a suite, all with the columns of the header', () => {
    const suite = sampleSweep();
    const [header, ...rows] = table(formatCsv(suite));
    expect(rows).toHaveLength(suite.measurements.length + suite.failed.length);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([header!.length]));
  });

  it('leaves a cell empty where nothing was measured', () => {
    const result = { ...sampleResult(), h2dMs: undefined };
    expect(rowsOf(formatCsv(result))[0]!.h2d_p50_ms).toBe('');
  });

  it('has a column for each percentile that was asked for', () => {
    const { latencyMs, ...result } = sampleResult();
    const asked = { ...result, latencyMs: { ...latencyMs, percentiles: { '97.5': 1.25 } } };
    expect(rowsOf(formatCsv(asked))[0]!['latency_p97.5_ms']).toBe('1.25');
  });

  it('tells what went wrong with a measurement that failed, and the accuracy of precisions', () => {
    expect(rowsOf(formatCsv(sampleFailed()))[0]!.error_code).toMatch(/^ERR_TRT_/);
    const rows = rowsOf(formatCsv(samplePrecisions()));
    expect(rows.some(({ accuracy_min_cosine: cosine }) => Number(cosine) > 0.9)).toBe(true);
  });

  it('quotes what would break a row, and keeps spreadsheets from running names as formulas', () => {
    const text = formatCsv({ ...sampleResult(), label: 'a,"b"\nc', model: '=HYPERLINK("x")' });
    expect(text).toContain('"a,""b""\nc"');
    expect(text).toContain(`"'=HYPERLINK(""x"")"`);
  });
});
