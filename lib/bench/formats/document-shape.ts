// SPDX-License-Identifier: Apache-2.0
// The documents of a measurement, field by field: what a cut or edited file lacks is found here, and not by the first
// code that stumbles over it.

import type { BenchEnvironment } from '../environment';
import type {
  BenchCase,
  BenchFailure,
  BenchResult,
  BenchSuite,
  BenchWarning,
  BenchWindow,
  ColdStart,
  Distribution,
  EnergyUsage,
  FailureReason,
  GpuUsage,
  LatencyBlock,
  LayerTime,
  OutputAccuracy,
  PipelinedPhase,
  ProcessUsage,
  RateSearchResult,
  Sampled,
  Throughput,
  TrtexecSummary,
  TrtexecTimes,
} from '../result';
import { SCHEMA_VERSION } from '../result';
import type { BenchSettings, Load } from '../settings';
import { LAST_BUCKET } from '../stats/histogram';
import {
  anything,
  count,
  isRecord,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  text,
  yesOrNo,
  type Check,
  type Fields,
} from './shape';

/** A kind of objects by its type. */
function shape<T>(fields: Fields<T>): Check {
  return object(fields);
}

/** What could not be read has a reason in its place. */
function orUnavailable(check: Check): Check {
  return (value, path) =>
    isRecord(value) && 'unavailable' in value
      ? text(value['unavailable'], `${path}.unavailable`)
      : check(value, path);
}

const interval = object({ low: number, high: number });

const distribution = shape<Distribution>({
  count,
  mean: number,
  deviation: number,
  min: number,
  p50: number,
  p90: number,
  p95: number,
  p99: number,
  p999: number,
  p9999: number,
  max: number,
  percentiles: optional(record(number)),
  medianInterval: optional(interval),
});

const throughput = shape<Throughput>({
  inferencesPerSecond: number,
  samplesPerSecond: number,
  requestedPerSecond: optional(number),
});

const pipelined = shape<PipelinedPhase>({
  concurrency: count,
  inferences: count,
  measuredMs: number,
  throughput,
  latencyMs: distribution,
  enqueueMs: optional(distribution),
  h2dMs: optional(distribution),
  computeMs: optional(distribution),
  d2hMs: optional(distribution),
  deviceLatencyMs: optional(distribution),
});

const trtexecTimes = shape<TrtexecTimes>({
  min: number,
  max: number,
  mean: number,
  median: number,
  percentiles: record(number),
});

const trtexec = shape<TrtexecSummary>({
  throughputQps: number,
  latency: trtexecTimes,
  enqueueTime: trtexecTimes,
  h2dLatency: trtexecTimes,
  gpuComputeTime: trtexecTimes,
  d2hLatency: trtexecTimes,
  totalHostWalltimeS: number,
  totalGpuComputeTimeS: number,
});

const processUsage = shape<ProcessUsage>({
  cpuUserMs: number,
  cpuSystemMs: number,
  cpuCores: number,
  residentBytes: object({ start: number, end: number, peak: number }),
  heapUsedBytes: object({ start: number, end: number }),
});

const energy = shape<EnergyUsage>({ joules: number, joulesPerInference: number, meanW: number });

const samplePair: Check = (value, path) =>
  Array.isArray(value) && value.length === 2
    ? list(number)(value, path)
    : `${path} is no pair of a time and a value`;

const sampled = shape<Sampled>({ mean: number, min: number, max: number, samples: list(samplePair) });

const gpu = shape<GpuUsage>({
  name: text,
  uuid: text,
  driver: text,
  intervalMs: number,
  memoryUsedBytes: optional(number),
  sessionBytes: optional(number),
  powerW: optional(sampled),
  energy: optional(energy),
  energySource: optional(oneOf('counter', 'power')),
  isMig: optional(yesOrNo),
  smClockMhz: optional(sampled),
  memoryClockMhz: optional(sampled),
  maxSmClockMhz: optional(number),
  temperatureC: optional(sampled),
  utilizationPercent: optional(sampled),
  throttling: record(number),
  missing: record(text),
});

const layer = shape<LayerTime>({ name: text, type: optional(text), meanMs: number, share: number });

const coldStart = shape<ColdStart>({
  processes: count,
  importMs: number,
  loadMs: number,
  firstRunMs: number,
  totalMs: number,
});

const accuracy = shape<OutputAccuracy>({
  output: text,
  cosine: number,
  sqnrDb: nullable(number),
  maxAbsDifference: number,
  nonFinite: optional(count),
  top1Agreement: optional(number),
});

// Which codes there are changes from version to version; readers print them.
const warning = shape<BenchWarning>({ code: text, message: text });

const benchWindow = shape<BenchWindow>({
  inferences: count,
  inferencesPerSecond: number,
  meanLatencyMs: number,
  judgedLatencyMs: number,
});

/** [bucket, count, …] */
const histogram: Check = (value, path) => {
  const problem = list(count)(value, path);
  if (problem !== undefined) return problem;
  const pairs = value as readonly number[];
  if (pairs.length % 2 !== 0) return `${path} has a bucket without a count`;
  const beyond = pairs.findIndex((bucket, index) => index % 2 === 0 && bucket > LAST_BUCKET);
  return beyond < 0 ? undefined : `${path}[${beyond}] is ${pairs[beyond]}, beyond the last bucket`;
};

const block = shape<LatencyBlock>({
  startMs: number,
  endMs: number,
  inferences: count,
  meanMs: number,
  p50Ms: number,
  p99Ms: number,
  maxMs: number,
  histogram,
});

const LOADS: Readonly<Record<Load['kind'], Check>> = {
  closed: object({ concurrency: count }),
  open: object({
    arrivals: oneOf('constant', 'poisson'),
    ratePerSecond: number,
    seed: number,
    maxInFlight: count,
  }),
  schedule: object({ source: text, calls: count, lengthMs: number, maxInFlight: count }),
};

const load: Check = (value, path) => {
  const kind = object({ kind: oneOf(...Object.keys(LOADS)) })(value, path);
  return kind ?? LOADS[(value as Load).kind](value, path);
};

const settings = shape<BenchSettings>({
  load,
  warmUpMs: number,
  warmUpIterations: count,
  durationMs: number,
  iterations: count,
  windowMs: number,
  stabilityLatency: text,
  stabilityPercent: number,
  percentiles: list(number),
  calls: oneOf('binding', 'run'),
  batch: count,
  stageTimes: yesOrNo,
  trtexecCompat: optional(oneOf(10, 11)),
  session: record(anything),
});

const environment = shape<BenchEnvironment>({
  platform: text,
  os: text,
  cpu: object({ model: text, cores: number }),
  memoryBytes: number,
  loadAverage: optional(number),
  node: text,
  versions: record(text),
  date: text,
});

const benchCase = shape<BenchCase>({
  device: optional(text),
  precision: optional(text),
  batch: optional(number),
  concurrency: optional(number),
  ratePerSecond: optional(number),
});

const failureReason = shape<FailureReason>({ code: text, message: text, hint: optional(text) });

const result = shape<BenchResult>({
  schemaVersion: oneOf(SCHEMA_VERSION),
  kind: oneOf('measurement'),
  model: text,
  modelSha256: nullable(text),
  label: text,
  case: benchCase,
  backend: text,
  device: text,
  deviceName: optional(text),
  fallbackReason: nullable(text),
  settings,
  stable: yesOrNo,
  unstableReason: nullable(text),
  end: oneOf('complete', 'interrupted', 'failed'),
  error: optional(failureReason),
  warmUp: object({ inferences: count, milliseconds: number }),
  inferences: count,
  measuredMs: number,
  throughput,
  latencyMs: distribution,
  serviceMs: optional(distribution),
  sendDelayMs: optional(distribution),
  unserved: optional(count),
  enqueueMs: optional(distribution),
  h2dMs: optional(distribution),
  computeMs: optional(distribution),
  d2hMs: optional(distribution),
  deviceLatencyMs: optional(distribution),
  pipelined: optional(pipelined),
  trtexec: optional(trtexec),
  eventLoopDelayMs: distribution,
  eventLoopUtilization: number,
  process: processUsage,
  gpu: optional(orUnavailable(gpu)),
  cpuEnergy: orUnavailable(energy),
  layers: optional(orUnavailable(list(layer))),
  coldStart: optional(orUnavailable(coldStart)),
  accuracy: optional(list(accuracy)),
  modelBytes: optional(number),
  warnings: list(warning),
  windows: list(benchWindow),
  blocks: list(block),
  environment,
});

const search = shape<RateSearchResult>({
  limit: object({ percentile: text, milliseconds: number }),
  highestRatePerSecond: nullable(number),
  label: nullable(text),
  reason: optional(text),
  tried: list(object({ ratePerSecond: number, milliseconds: number, isWithinLimit: yesOrNo, reason: text })),
});

const suite = shape<BenchSuite>({
  schemaVersion: oneOf(SCHEMA_VERSION),
  kind: oneOf('suite'),
  axes: list(oneOf('device', 'precision', 'batch', 'concurrency', 'rate')),
  measurements: list(result),
  failed: list(shape<BenchFailure>({ label: text, case: benchCase, error: failureReason })),
  search: optional(search),
  environment,
});

/** What is wrong with a document of a kind, with the path to it; undefined where nothing is. */
export function findProblem(kind: 'measurement' | 'suite', document: unknown): string | undefined {
  return (kind === 'suite' ? suite : result)(document, '');
}
