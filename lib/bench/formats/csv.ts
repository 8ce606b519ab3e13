// SPDX-License-Identifier: Apache-2.0
// One row for each measurement, numbers as they are, units in the names of the columns. A number that was not measured is
// an empty cell.

import type { BenchDocument, BenchFailure, BenchResult, Distribution } from '../result';
import { failuresOf, isEmpty, measurementsOf } from './document-parts';

type Cell = string | number | boolean | null | undefined;
type Row = Record<string, Cell>;

/**
 * The document as comma-separated values (RFC 4180, lines end with CR LF): a header, a row for each measurement, then one
 * for each case that could not be measured.
 */
export function formatCsv(document: BenchDocument): string {
  const measured = measurementsOf(document).map((result) =>
    isEmpty(result) ? toEmptyRow(result) : toRow(result),
  );
  const failed = failuresOf(document).map(toFailedRow);
  // Percentiles that were asked for are columns of their own: the header is the union, in order of appearance.
  const names = [...new Set([...measured, ...failed].flatMap((row) => Object.keys(row)))];
  const lines = [names, ...[...measured, ...failed].map((row) => names.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map(toCell).join(',')}\r\n`).join('');
}

const SAID_OF_EMPTY: ReadonlySet<string> = new Set(
  'label model backend device precision batch load concurrency requested_per_second calls end stable unstable_reason inferences model_bytes warnings error_code error_message'.split(
    ' ',
  ),
);

/** Nothing was measured: no cell may look like a number of it. */
function toEmptyRow(result: BenchResult): Row {
  const row = toRow(result);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, SAID_OF_EMPTY.has(name) ? value : undefined]),
  );
}

function toRow(result: BenchResult): Row {
  const { settings, throughput } = result;
  const { load } = settings;
  return {
    label: result.label,
    model: result.model,
    backend: result.backend,
    device: result.device,
    precision: result.case.precision,
    batch: settings.batch,
    load: load.kind,
    concurrency: load.kind === 'closed' ? load.concurrency : undefined,
    requested_per_second: throughput.requestedPerSecond,
    calls: settings.calls,
    end: result.end,
    stable: result.stable,
    unstable_reason: result.unstableReason,
    inferences: result.inferences,
    measured_ms: result.measuredMs,
    inferences_per_second: throughput.inferencesPerSecond,
    samples_per_second: throughput.samplesPerSecond,
    ...distribution('latency', result.latencyMs),
    ...timesOf(result),
    event_loop_delay_p99_ms: result.eventLoopDelayMs.p99,
    event_loop_delay_max_ms: result.eventLoopDelayMs.max,
    event_loop_utilization: result.eventLoopUtilization,
    cpu_cores: result.process.cpuCores,
    resident_peak_bytes: result.process.residentBytes.peak,
    ...energyOf(result),
    model_bytes: result.modelBytes,
    accuracy_min_cosine: least(result.accuracy?.map(({ cosine }) => cosine)),
    accuracy_max_abs_difference: most(result.accuracy?.map((output) => output.maxAbsDifference)),
    warnings: result.warnings.map(({ code }) => code).join(' '),
    error_code: result.error?.code,
    error_message: result.error?.message,
  };
}

function toFailedRow({ label, case: { device, precision, batch, concurrency }, error }: BenchFailure): Row {
  return {
    label,
    device,
    precision,
    batch,
    concurrency,
    end: 'failed',
    error_code: error.code,
    error_message: error.message,
  };
}

/** The stages of a call, as far as they were measured. */
function timesOf(result: BenchResult): Row {
  const { serviceMs, sendDelayMs, enqueueMs, h2dMs, computeMs, d2hMs, deviceLatencyMs } = result;
  const stages = { serviceMs, sendDelayMs, enqueueMs, h2dMs, computeMs, d2hMs, deviceLatencyMs };
  const rows = Object.entries(stages).map(([name, values]) => ({
    [`${snakeCase(name)}_mean_ms`]: values?.mean,
    [`${snakeCase(name)}_p50_ms`]: values?.p50,
    [`${snakeCase(name)}_p99_ms`]: values?.p99,
  }));
  return Object.assign({}, ...rows) as Row;
}

function energyOf({ gpu, cpuEnergy }: BenchResult): Row {
  const device = gpu === undefined || 'unavailable' in gpu ? undefined : gpu;
  const processor = 'unavailable' in cpuEnergy ? undefined : cpuEnergy;
  return {
    gpu_power_mean_w: device?.powerW?.mean,
    gpu_joules_per_inference: device?.energy?.joulesPerInference,
    gpu_memory_used_bytes: device?.memoryUsedBytes,
    cpu_joules_per_inference: processor?.joulesPerInference,
  };
}

function distribution(name: string, values: Distribution): Row {
  const { mean, deviation, min, p50, p90, p95, p99, p999, p9999, max } = values;
  const known = { mean, deviation, min, p50, p90, p95, p99, p999, p9999, max };
  const asked = Object.entries(values.percentiles ?? {}).map(([percent, value]) => [`p${percent}`, value]);
  const all = [...Object.entries(known), ...asked];
  return {
    ...Object.fromEntries(all.map(([key, value]) => [`${name}_${key}_ms`, value as number])),
    [`${name}_p50_low_ms`]: values.medianInterval?.low,
    [`${name}_p50_high_ms`]: values.medianInterval?.high,
  };
}

/** `deviceLatencyMs` → `device_latency`. */
function snakeCase(name: string): string {
  return name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function least(values: readonly number[] | undefined): number | undefined {
  return values && Math.min(...values);
}

function most(values: readonly number[] | undefined): number | undefined {
  return values && Math.max(...values);
}

function toCell(value: Cell): string {
  if (value === undefined || value === null) return '';
  const text = String(value);
  // Names and messages come from files: a spreadsheet would run what begins like a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
