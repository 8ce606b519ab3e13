// SPDX-License-Identifier: Apache-2.0
import {
  type BenchResult,
  type EnergyUsage,
  type GpuUsage,
  type Sampled,
  type Unavailable,
} from '../../result';
import { type Charts } from '../../../html/chart';
import { distributionTable } from './latency';
import { html, type Html, type Part } from '../../../html/markup';
import {
  formatBytes,
  formatJoules,
  formatMs,
  formatNumber,
  formatShare,
  shorten,
  withUnit,
} from '../../../html/numbers';
import { facts, section, type Section, table } from '../../../html/table';

/** Whether a part of the document is a reason instead of numbers. */
export function isUnavailable(part: object | undefined): part is Unavailable {
  return part !== undefined && 'unavailable' in part;
}

/** What a Node service feels: event loop, CPU, memory, cold start. */
export function processSection(result: BenchResult, prefix: string): Section {
  const { process, coldStart } = result;
  return section(
    `${prefix}process`,
    'Event loop and process',
    distributionTable(
      'Delay of the event loop in milliseconds',
      [['Event loop delay', result.eventLoopDelayMs]],
      'samples',
    ),
    facts([
      ['Event loop busy', formatShare(result.eventLoopUtilization)],
      ['Busy cores', formatNumber(process.cpuCores, 3)],
      ['CPU time, user', formatMs(process.cpuUserMs)],
      ['CPU time, system', formatMs(process.cpuSystemMs)],
      ['Resident memory, start → end', fromTo(process.residentBytes)],
      ['Resident memory, peak', formatBytes(process.residentBytes.peak)],
      ['JavaScript heap, start → end', fromTo(process.heapUsedBytes)],
      ...(result.modelBytes === undefined ? [] : [['Model', formatBytes(result.modelBytes)] as const]),
    ]),
    coldStart !== undefined &&
      !isUnavailable(coldStart) &&
      html`<h3>Cold start</h3>
        ${facts([
          ['Import', formatMs(coldStart.importMs)],
          ['Load the model', formatMs(coldStart.loadMs)],
          ['First run', formatMs(coldStart.firstRunMs)],
          ['Start of the process to the first result', formatMs(coldStart.totalMs)],
          ['Fresh processes (the times are medians)', String(coldStart.processes)],
        ])}`,
  );
}

function fromTo({ start, end }: { start: number; end: number }): string {
  return `${formatBytes(start)} → ${formatBytes(end)}`;
}

const SENSORS = [
  { key: 'powerW', title: 'Power', unit: 'W', color: 2 },
  { key: 'smClockMhz', title: 'SM clock', unit: 'MHz', color: 1 },
  { key: 'memoryClockMhz', title: 'Memory clock', unit: 'MHz', color: 5 },
  { key: 'temperatureC', title: 'Temperature', unit: '°C', color: 4 },
  { key: 'utilizationPercent', title: 'Utilisation', unit: '%', color: 3 },
] as const;

/** Power, clocks and temperature; energy of GPU and processor. */
export function powerSection(result: BenchResult, charts: Charts, prefix: string): Section | null {
  const gpu = result.gpu === undefined || isUnavailable(result.gpu) ? null : result.gpu;
  const energy = energyTable(result, gpu);
  if (gpu === null && energy === null) return null;
  return section(
    `${prefix}power`,
    gpu === null ? 'Energy' : 'Power, clocks and temperature',
    gpu !== null && gpuPart(gpu, charts, prefix),
    energy,
  );
}

function gpuPart(gpu: GpuUsage, charts: Charts, prefix: string): Html {
  const read = SENSORS.flatMap((sensor) => {
    const values = gpu[sensor.key];
    return values === undefined ? [] : [{ ...sensor, values }];
  });
  const rows = read.map(({ title, unit, values }) => [
    title,
    unit,
    ...[values.mean, values.min, values.max].map((value) => formatNumber(value)),
  ]);
  const columns = [
    { title: '', isText: true },
    { title: 'unit', isText: true },
    ...['mean', 'min', 'max'].map((title) => ({ title })),
  ];
  return html`<div class="pair">${read.map((sensor) => sensorFigure(sensor, charts, prefix))}</div>
    ${rows.length > 0 && table(`Sensors of ${gpu.name}, read every ${gpu.intervalMs} ms`, columns, rows, 'compact')}
    ${facts([
      ['GPU', gpu.name],
      ['Driver', gpu.driver],
      ['UUID', gpu.uuid],
      ...optional('Highest SM clock', gpu.maxSmClockMhz, (value) => withUnit(formatNumber(value), 'MHz')),
      ...optional('Device memory in use', gpu.memoryUsedBytes, formatBytes),
      ...optional('Device memory of the session', gpu.sessionBytes, formatBytes),
      ['Lowered clocks', throttling(gpu)],
    ])}`;
}

function optional(
  name: string,
  value: number | undefined,
  format: (value: number) => string,
): [string, Part][] {
  return value === undefined ? [] : [[name, format(value)]];
}

function throttling({ throttling: reasons, missing }: GpuUsage): string {
  const seen = Object.entries(reasons).map(
    ([reason, share]) => `${reason} (${formatShare(share)} of the samples)`,
  );
  if (seen.length > 0) return seen.join(', ');
  return missing.throttleReasons ?? missing.throttling ?? 'none seen';
}

function sensorFigure(
  sensor: (typeof SENSORS)[number] & { readonly values: Sampled },
  charts: Charts,
  prefix: string,
): Html {
  const { title, unit, color, values } = sensor;
  return charts.figure(
    {
      title,
      x: { label: 's', kind: 'number' },
      y: { label: unit },
      xs: values.samples.map(([timeMs]) => shorten(timeMs / 1000)),
      series: [{ label: unit, color, draw: 'line', ys: values.samples.map(([, value]) => shorten(value)) }],
      sync: `${prefix}time`,
      isLow: true,
    },
    `Mean ${formatNumber(values.mean)} ${unit}, from ${formatNumber(values.min)} to ${formatNumber(values.max)} ${unit}.`,
  );
}

function energyTable({ cpuEnergy }: BenchResult, gpu: GpuUsage | null): Html | null {
  const sources: [string, EnergyUsage | Unavailable | undefined][] = [
    ['GPU', gpu?.energy],
    ['Processor package (RAPL)', cpuEnergy],
  ];
  const rows = sources.flatMap(([name, energy]) =>
    energy === undefined || isUnavailable(energy)
      ? []
      : [
          [
            name,
            formatJoules(energy.joules),
            formatJoules(energy.joulesPerInference),
            withUnit(formatNumber(energy.meanW), 'W'),
          ],
        ],
  );
  if (rows.length === 0) return null;
  const columns = [
    { title: '', isText: true },
    ...['energy', 'per inference', 'mean power'].map((title) => ({ title })),
  ];
  return table('Energy while measuring', columns, rows, 'compact');
}

/** What could not be read, and why: never zero, never left out. */
export function missingSection(result: BenchResult, prefix: string): Section | null {
  const { gpu, cpuEnergy, layers, coldStart } = result;
  const parts: [string, object | undefined][] = [
    ['GPU sensors', gpu],
    ['Energy of the processor', cpuEnergy],
    ['Layer times', layers],
    ['Cold start', coldStart],
  ];
  const whole = parts.flatMap(([name, part]): [string, string][] =>
    isUnavailable(part) ? [[name, part.unavailable]] : [],
  );
  const sensors = gpu === undefined || isUnavailable(gpu) ? [] : Object.entries(gpu.missing);
  const rows = [
    ...whole,
    ...sensors.map(([name, reason]): [string, string] => [`GPU: ${sensorTitle(name)}`, reason]),
  ];
  if (rows.length === 0) return null;
  return section(
    `${prefix}missing`,
    'Not read',
    table(
      'What could not be read, and why',
      [
        { title: 'what', isText: true },
        { title: 'reason', isText: true },
      ],
      rows,
      'wraps',
    ),
  );
}

function sensorTitle(key: string): string {
  return SENSORS.find((sensor) => sensor.key === key)?.title ?? key;
}
