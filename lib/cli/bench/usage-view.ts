// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, EnergyUsage, Sampled, Unavailable } from '../../bench/result';
import { printable } from '../terminal/text-width';
import { digits3, formatBytes, formatCount, formatMs } from '../values/format';

type Fact = readonly [label: string, value: string];

/** Whether something was read. */
export function isAvailable<T extends object>(value: T | Unavailable | undefined): value is T {
  return value !== undefined && !('unavailable' in value);
}

/** What a measurement used: processor, memory, energy, and what it cost to start. */
export function describeUsage({
  process: used,
  eventLoopUtilization,
  gpu,
  cpuEnergy,
  coldStart,
  modelBytes,
}: BenchResult): Fact[] {
  const { residentBytes, cpuCores } = used;
  const facts: Fact[] = [
    [
      'process',
      `${digits3(cpuCores)} cores busy, ${formatBytes(residentBytes.end)} resident (${formatBytes(residentBytes.peak)} at most), event loop ${formatShare(eventLoopUtilization)} busy`,
    ],
  ];
  if (isAvailable(gpu)) {
    const readings = [
      sampled(gpu.powerW, 'W'),
      energyText(gpu.energy),
      sampled(gpu.smClockMhz, 'MHz'),
      sampled(gpu.temperatureC, '°C'),
      sampled(gpu.utilizationPercent, '% busy'),
      gpu.memoryUsedBytes === undefined ? null : `${formatBytes(gpu.memoryUsedBytes)} of memory in use`,
      ...Object.entries(gpu.throttling).map(
        ([reason, share]) => `throttled by ${reason} ${formatShare(share)} of the time`,
      ),
    ];
    facts.push(['gpu', [gpu.name, ...readings].filter((text) => text !== null).join(', ')]);
  }
  if (isAvailable(cpuEnergy)) facts.push(['cpu energy', energyText(cpuEnergy)!]);
  if (isAvailable(coldStart)) {
    const { importMs, loadMs, firstRunMs, totalMs, processes } = coldStart;
    facts.push([
      'cold start',
      `import ${formatMs(importMs)}, load ${formatMs(loadMs)}, first run ${formatMs(firstRunMs)}, ${formatMs(totalMs)} in all (median of ${processes} fresh ${processes === 1 ? 'process' : 'processes'})`,
    ]);
  }
  if (modelBytes !== undefined) facts.push(['model', formatBytes(modelBytes)]);
  return facts;
}

function sampled(values: Sampled | undefined, unit: string): string | null {
  return values === undefined ? null : `${digits3(values.mean)} ${unit}`;
}

function energyText(energy: EnergyUsage | undefined): string | null {
  if (energy === undefined) return null;
  const { joulesPerInference, meanW } = energy;
  return `${digits3(joulesPerInference * 1000)} mJ/inference (${digits3(meanW)} W)`;
}

/** `12 %`. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** How far its outputs are from those of the reference. */
export function describeAccuracy({ accuracy = [] }: BenchResult): Fact[] {
  return accuracy.map(({ output, cosine, sqnrDb, maxAbsDifference, top1Agreement, nonFinite }) => [
    'accuracy',
    [
      `${printable(output)}: cosine ${cosine.toFixed(6)}`,
      sqnrDb === null ? 'equal' : `SQNR ${sqnrDb.toFixed(1)} dB`,
      `largest difference ${digits3(maxAbsDifference)}`,
      ...(top1Agreement === undefined ? [] : [`top-1 ${formatShare(top1Agreement)}`]),
      ...(nonFinite === undefined ? [] : [`${formatCount(nonFinite)} not finite`]),
    ].join(', '),
  ]);
}
