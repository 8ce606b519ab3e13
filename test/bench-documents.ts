// SPDX-License-Identifier: Apache-2.0
// Documents as `bench` writes them, drawn from a seed: the same numbers in every run.
import { type BenchEnvironment } from '../lib/bench/environment';
import {
  type BenchCase,
  type BenchResult,
  type BenchSuite,
  type Distribution,
  type GpuUsage,
  type LatencyBlock,
  type LayerTime,
  type PipelinedPhase,
  type Sampled,
  type TrtexecSummary,
} from '../lib/bench/result';
import { type BenchSettings } from '../lib/bench/settings';
import { createRandom } from '../lib/random';
import { LatencyHistogram } from '../lib/bench/stats/histogram';

const BLOCKS = 60;

const MODEL_SHA256 = '6b0e9d6f3b1c4f3a0b51c9d0a7a6a64e61a6d7d0d3a5f0a2b9b7a1e0c4d2f811';

export const SAMPLE_ENVIRONMENT: BenchEnvironment = {
  platform: 'linux-x64',
  os: '6.8.0-45-generic',
  cpu: { model: 'AMD EPYC 7763 64-Core Processor', cores: 16 },
  memoryBytes: 68_719_476_736,
  node: '22.11.0',
  versions: { 'tensorrt-node': '0.1.0', onnxruntime: '1.30.0' },
  date: '2026-03-14T09:26:53.589Z',
};

const SETTINGS: BenchSettings = {
  load: { kind: 'closed', concurrency: 1 },
  warmUpMs: 500,
  warmUpIterations: 10,
  durationMs: 10_000,
  iterations: 50,
  windowMs: 2000,
  stabilityLatency: 'p99',
  stabilityPercent: 10,
  percentiles: [],
  calls: 'binding',
  batch: 1,
  stageTimes: true,
  session: { device: 'cpu', intraOpNumThreads: 8, contexts: 1, inputs: 'random (seed 1)' },
};

type Uniform = () => number;

function uniform(seed: number): Uniform {
  const bits = createRandom(seed);
  return () => (bits() + 0.5) / 2 ** 32;
}

function normal(draw: Uniform): number {
  return Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw());
}

/** How the latencies of a sample are drawn. */
interface LatencyShape {
  readonly seed: number;
  readonly medianMs: number;
  /** Of the logarithm. */
  readonly spread?: number;
  /** Share of calls that take half as long again. */
  readonly secondPeak?: number;
  /** Share of calls with a long tail. */
  readonly tail?: number;
  /** Growth of the latency from the first block to the last. */
  readonly drift?: number;
  readonly durationMs?: number;
  readonly callsPerSecond?: number;
}

interface DrawnLatencies {
  readonly blocks: readonly LatencyBlock[];
  readonly all: LatencyHistogram;
  readonly measuredMs: number;
}

function drawLatency(shape: LatencyShape, draw: Uniform, progress: number): number {
  const drifted = shape.medianMs * (1 + (shape.drift ?? 0) * progress);
  const body = drifted * Math.exp((shape.spread ?? 0.02) * normal(draw));
  const kind = draw();
  if (kind < (shape.tail ?? 0.004)) return body * (1.3 + 0.5 / Math.sqrt(draw()));
  return kind > 1 - (shape.secondPeak ?? 0.2) ? body * 1.12 : body;
}

const drawnBefore = new Map<string, DrawnLatencies>();

/** The same seed and shape give the same numbers, so tests that ask for a document again need not wait for it again. */
function drawLatencies(shape: LatencyShape): DrawnLatencies {
  const key = JSON.stringify(shape);
  const drawn = drawnBefore.get(key) ?? drawAnew(shape);
  drawnBefore.set(key, drawn);
  return drawn;
}

function drawAnew(shape: LatencyShape): DrawnLatencies {
  const draw = uniform(shape.seed);
  const durationMs = shape.durationMs ?? 10_000;
  const calls = Math.round(((shape.callsPerSecond ?? 1000 / shape.medianMs) * durationMs) / 1000);
  const all = new LatencyHistogram();
  const blocks = Array.from({ length: BLOCKS }, (_, index): LatencyBlock => {
    const histogram = new LatencyHistogram();
    const here = Math.floor(((index + 1) * calls) / BLOCKS) - Math.floor((index * calls) / BLOCKS);
    for (let call = 0; call < here; call++) histogram.record(drawLatency(shape, draw, index / BLOCKS));
    all.add(histogram);
    const startMs = (index * durationMs) / BLOCKS;
    return {
      startMs,
      endMs: startMs + durationMs / BLOCKS,
      inferences: here,
      meanMs: histogram.mean,
      p50Ms: histogram.valueAt(50),
      p99Ms: histogram.valueAt(99),
      maxMs: histogram.max,
      histogram: histogram.toPairs(),
    };
  });
  return { blocks, all, measuredMs: durationMs };
}

function distribution(histogram: LatencyHistogram, interval = false): Distribution {
  const p50 = histogram.valueAt(50);
  return {
    count: histogram.count,
    mean: histogram.mean,
    deviation: histogram.deviation,
    min: histogram.min,
    p50,
    p90: histogram.valueAt(90),
    p95: histogram.valueAt(95),
    p99: histogram.valueAt(99),
    p999: histogram.valueAt(99.9),
    p9999: histogram.valueAt(99.99),
    max: histogram.max,
    ...(interval ? { medianInterval: { low: p50 * 0.9975, high: p50 * 1.003 } } : {}),
  };
}

function stage(seed: number, medianMs: number, spread = 0.03): Distribution {
  return distribution(drawLatencies({ seed, medianMs, spread, callsPerSecond: 400, tail: 0.002 }).all);
}

function sampled(seed: number, level: number, swing: number, rise = 0): Sampled {
  const draw = uniform(seed);
  const samples = Array.from({ length: 200 }, (_, index): [number, number] => {
    const settled = 1 - Math.exp(-index / 30);
    return [index * 50, Number((level + rise * settled + swing * normal(draw)).toFixed(2))];
  });
  const values = samples.map(([, value]) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, min: Math.min(...values), max: Math.max(...values), samples };
}

const OPERATORS = ['Conv', 'Conv', 'Conv', 'Relu', 'Add', 'MaxPool', 'Gemm'];

function layerTimes(seed: number, count: number, totalMs: number): LayerTime[] {
  const draw = uniform(seed);
  const weights = Array.from({ length: count }, () => draw() ** 3);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights
    .map((weight, index) => {
      const type = OPERATORS[index % OPERATORS.length]!;
      const name = `/layer${1 + (index % 4)}/layer${1 + (index % 4)}.${index >> 2}/${type.toLowerCase()}/${type}`;
      return { name, type, meanMs: (weight / sum) * totalMs, share: weight / sum };
    })
    .sort((a, b) => b.meanMs - a.meanMs);
}

function resultOf(drawn: DrawnLatencies, changes: Partial<BenchResult>): BenchResult {
  const perSecond = (drawn.all.count / drawn.measuredMs) * 1000;
  const batch = (changes.settings ?? SETTINGS).batch;
  return {
    schemaVersion: 1,
    kind: 'measurement',
    model: 'models/resnet50-v2-7.onnx',
    modelSha256: MODEL_SHA256,
    label: 'cpu',
    case: {},
    backend: 'onnxruntime',
    device: 'cpu',
    fallbackReason: null,
    settings: SETTINGS,
    stable: true,
    unstableReason: null,
    end: 'complete',
    warmUp: { inferences: 63, milliseconds: 504.2 },
    inferences: drawn.all.count,
    measuredMs: drawn.measuredMs,
    throughput: { inferencesPerSecond: perSecond, samplesPerSecond: perSecond * batch },
    latencyMs: distribution(drawn.all, true),
    eventLoopDelayMs: stage(91, 0.021, 0.4),
    eventLoopUtilization: 0.031,
    process: {
      cpuUserMs: 76_213,
      cpuSystemMs: 1184,
      cpuCores: 7.74,
      residentBytes: { start: 312_475_648, end: 318_767_104, peak: 331_350_016 },
      heapUsedBytes: { start: 9_437_184, end: 9_801_728 },
    },
    cpuEnergy: { unavailable: '/sys/class/powercap/intel-rapl:0/energy_uj: permission denied' },
    warnings: [],
    windows: windowsOf(drawn),
    blocks: drawn.blocks,
    environment: SAMPLE_ENVIRONMENT,
    ...changes,
  };
}

function windowsOf(drawn: DrawnLatencies) {
  return Array.from({ length: 5 }, (_, index) => {
    const blocks = drawn.blocks.slice(index * 12, index * 12 + 12);
    const inferences = blocks.reduce((sum, block) => sum + block.inferences, 0);
    return {
      inferences,
      inferencesPerSecond: inferences / 2,
      meanLatencyMs: blocks.reduce((sum, block) => sum + block.meanMs, 0) / blocks.length,
      judgedLatencyMs: Math.max(...blocks.map((block) => block.p99Ms)),
    };
  });
}

/** One measurement on the CPU, with layers and a cold start. */
export function sampleResult(changes: Partial<BenchResult> = {}): BenchResult {
  const drawn = drawLatencies({ seed: 1, medianMs: 7.86, secondPeak: 0.25, tail: 0.012 });
  return resultOf(drawn, {
    computeMs: stage(2, 7.71, 0.02),
    layers: layerTimes(3, 73, 7.62),
    coldStart: { processes: 5, importMs: 41.3, loadMs: 212.8, firstRunMs: 24.6, totalMs: 331.9 },
    modelBytes: 102_442_450,
    ...changes,
  });
}

/** The sensors of a GPU; the device has no memory clock. */
function gpuUsage(inferences: number): GpuUsage {
  return {
    name: 'NVIDIA L4',
    uuid: 'GPU-1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901',
    driver: '570.86.15',
    intervalMs: 50,
    memoryUsedBytes: 1_287_651_328,
    sessionBytes: 268_435_456,
    powerW: sampled(11, 52, 0.9, 17),
    energy: { joules: 668.4, joulesPerInference: 668.4 / inferences, meanW: 66.84 },
    smClockMhz: sampled(12, 2040, 8, -75),
    maxSmClockMhz: 2040,
    temperatureC: sampled(13, 44, 0.3, 15),
    utilizationPercent: sampled(14, 93, 1.5),
    throttling: { 'software power cap': 0.42 },
    missing: { memoryClockMhz: 'nvmlDeviceGetClockInfo: Not Supported' },
  };
}

function trtexecTimes(times: Distribution): TrtexecSummary['latency'] {
  const { min, max, mean, p50, p90, p95, p99 } = times;
  return { min, max, mean, median: p50, percentiles: { 90: p90, 95: p95, 99: p99 } };
}

/** What the device's own clock said of the calls. */
function stagesOf(computeMedianMs: number) {
  return {
    enqueueMs: stage(21, 0.081),
    h2dMs: stage(22, 0.0492),
    computeMs: stage(23, computeMedianMs),
    d2hMs: stage(24, 0.0034),
    deviceLatencyMs: stage(25, computeMedianMs + 0.0526),
  };
}

/** One measurement on a GPU: stage times, pipelined, trtexec's numbers, sensors, warnings. */
export function sampleGpuResult(changes: Partial<BenchResult> = {}): BenchResult {
  const drawn = drawLatencies({ seed: 31, medianMs: 1.214, spread: 0.03, secondPeak: 0.06, drift: 0.03 });
  const times = stagesOf(1.027);
  const pipelined: PipelinedPhase = {
    concurrency: 2,
    inferences: 9412,
    measuredMs: 9998.2,
    throughput: { inferencesPerSecond: 941.4, samplesPerSecond: 941.4 },
    latencyMs: stage(26, 2.121),
    ...stagesOf(1.041),
  };
  return resultOf(drawn, {
    label: 'cuda:0',
    backend: 'tensorrt',
    device: 'cuda:0',
    settings: {
      ...SETTINGS,
      stageTimes: true,
      session: { device: 'cuda:0', contexts: 2, cudaGraph: true, spinWait: false, transfers: true },
    },
    ...times,
    pipelined,
    trtexec: {
      throughputQps: 958.3,
      latency: trtexecTimes(times.deviceLatencyMs),
      enqueueTime: trtexecTimes(times.enqueueMs),
      h2dLatency: trtexecTimes(times.h2dMs),
      gpuComputeTime: trtexecTimes(times.computeMs),
      d2hLatency: trtexecTimes(times.d2hMs),
      totalHostWalltimeS: 10.0012,
      totalGpuComputeTimeS: 9.8431,
    },
    gpu: gpuUsage(drawn.all.count),
    cpuEnergy: { joules: 412.7, joulesPerInference: 412.7 / drawn.all.count, meanW: 41.27 },
    layers: layerTimes(33, 41, 1.011),
    modelBytes: 51_380_224,
    warnings: [
      {
        code: 'throttled',
        message:
          'The clocks were lowered in 42 % of the samples: software power cap. Lock them to compare runs.',
      },
    ],
    environment: {
      ...SAMPLE_ENVIRONMENT,
      versions: { 'tensorrt-node': '0.1.0', tensorrt: '10.9.0.34', cuda: '12.8' },
    },
    ...changes,
  });
}

function caseOf(shape: LatencyShape, benchCase: BenchCase, changes: Partial<BenchResult>): BenchResult {
  return resultOf(drawLatencies(shape), { case: benchCase, ...changes });
}

/** A sweep of the concurrency on two devices; one case is not stable, one failed. */
export function sampleSweep(): BenchSuite {
  const measurements = ['cpu', 'cuda:0'].flatMap((device, which) =>
    [1, 2, 4, 8, 16].map((concurrency, step) => {
      const limit = which === 0 ? 176 : 1480;
      const single = which === 0 ? 7.9 : 1.21;
      const perSecond = 1 / (1 / limit + (single / 1000 - 1 / limit) / concurrency ** 1.15);
      const shape = {
        seed: 100 + which * 10 + step,
        medianMs: (concurrency * 1000) / perSecond,
        spread: 0.02 + 0.02 * step,
        callsPerSecond: perSecond,
      };
      const unstable = which === 0 && concurrency === 16;
      return caseOf(
        shape,
        { device, concurrency },
        {
          label: `${device} · concurrency ${concurrency}`,
          device,
          backend: which === 0 ? 'onnxruntime' : 'tensorrt',
          settings: { ...SETTINGS, load: { kind: 'closed', concurrency } },
          stable: !unstable,
          unstableReason: unstable
            ? 'p99 of the last three windows differs by 23.4 % (97.1, 104.8, 119.8 ms); 10 % are allowed'
            : null,
        },
      );
    }),
  );
  return {
    schemaVersion: 1,
    kind: 'suite',
    axes: ['device', 'concurrency'],
    measurements,
    failed: [
      {
        label: 'cuda:0 · concurrency 64',
        case: { device: 'cuda:0', concurrency: 64 },
        error: {
          code: 'ERR_TRT_CUDA_MEMORY',
          message: 'cuMemAlloc of 536870912 bytes on cuda:0: out of memory',
          hint: 'Use fewer contexts, or a smaller batch.',
        },
      },
    ],
    environment: SAMPLE_ENVIRONMENT,
  };
}

/** Precisions side by side, with their accuracy against the first. */
export function samplePrecisions(): BenchSuite {
  const settings = { ...SETTINGS, batch: 8 };
  const rows = [
    { precision: 'fp32', medianMs: 9.42, bytes: 102_442_450, cosine: 1, sqnr: null, difference: 0, top1: 1 },
    {
      precision: 'fp16',
      medianMs: 4.87,
      bytes: 51_380_224,
      cosine: 0.999998,
      sqnr: 55.3,
      difference: 0.0121,
      top1: 1,
    },
    {
      precision: 'int8',
      medianMs: 2.61,
      bytes: 26_214_400,
      cosine: 0.99871,
      sqnr: 25.8,
      difference: 0.412,
      top1: 0.984,
    },
  ];
  const measurements = rows.map((row, index) =>
    caseOf(
      { seed: 200 + index, medianMs: row.medianMs },
      { precision: row.precision },
      {
        label: row.precision,
        device: 'cuda:0',
        backend: 'tensorrt',
        settings,
        modelBytes: row.bytes,
        gpu: gpuUsage(Math.round(10_000 / row.medianMs)),
        accuracy: [
          {
            output: 'logits',
            cosine: row.cosine,
            sqnrDb: row.sqnr,
            maxAbsDifference: row.difference,
            top1Agreement: row.top1,
          },
        ],
      },
    ),
  );
  return {
    schemaVersion: 1,
    kind: 'suite',
    axes: ['precision'],
    measurements,
    failed: [],
    environment: SAMPLE_ENVIRONMENT,
  };
}

/** A search for the highest rate in an open loop; calls wait behind slow ones. */
export function sampleRateSearch(): BenchSuite {
  const tries = [
    { rate: 400, p99: 2.31, ok: true },
    { rate: 800, p99: 4.9, ok: true },
    { rate: 1600, p99: 412.7, ok: false },
    { rate: 1200, p99: 9.12, ok: true },
    { rate: 1400, p99: 31.8, ok: false },
    { rate: 1300, p99: 13.9, ok: false },
  ];
  const measurements = tries.map(({ rate, p99, ok }, index) => {
    const medianMs = p99 / 1.9;
    return caseOf(
      { seed: 300 + index, medianMs, spread: 0.27, callsPerSecond: Math.min(rate, 1460) },
      { ratePerSecond: rate },
      {
        label: `rate ${rate}`,
        device: 'cuda:0',
        backend: 'tensorrt',
        settings: {
          ...SETTINGS,
          load: { kind: 'open', arrivals: 'poisson', ratePerSecond: rate, seed: 1, maxInFlight: 1024 },
        },
        stable: ok,
        unstableReason: ok ? null : 'the queue grew until the end of the measurement',
        throughput: {
          inferencesPerSecond: Math.min(rate, 1460),
          samplesPerSecond: Math.min(rate, 1460),
          requestedPerSecond: rate,
        },
        serviceMs: stage(310 + index, Math.min(medianMs, 1.3)),
        sendDelayMs: stage(320 + index, Math.max(medianMs - 1.3, 0.01), 0.2),
      },
    );
  });
  return {
    schemaVersion: 1,
    kind: 'suite',
    axes: ['rate'],
    measurements,
    failed: [],
    search: {
      limit: { percentile: 'p99', milliseconds: 10 },
      highestRatePerSecond: 1200,
      label: 'rate 1200',
      tried: tries.map(({ rate, p99, ok }) => ({
        ratePerSecond: rate,
        milliseconds: p99,
        isWithinLimit: ok,
        reason: ok ? 'p99 is within 10 ms' : `p99 is ${p99} ms; 10 ms are allowed`,
      })),
    },
    environment: SAMPLE_ENVIRONMENT,
  };
}

/** A model that failed at its 1,000th call: what was measured until then. */
export function sampleFailed(): BenchResult {
  const drawn = drawLatencies({ seed: 41, medianMs: 7.86, durationMs: 7852 });
  return resultOf(drawn, {
    end: 'failed',
    stable: false,
    unstableReason: 'the measurement failed before three windows were complete',
    error: {
      code: 'ERR_TRT_RUN_FAILED',
      message:
        "OrtRun: Non-zero status code returned while running Gather node '/embed/Gather': indices out of bounds",
      hint: 'Check that the inputs are in the range that the model expects.',
    },
    layers: { unavailable: 'the measurement failed before its layers were timed' },
  });
}

/** A measurement that Ctrl-C ended before its first call did. */
export function sampleEmpty(): BenchResult {
  const none = { mean: 0, deviation: 0, min: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, p9999: 0, max: 0 };
  return sampleResult({
    end: 'interrupted',
    stable: false,
    unstableReason: 'the measurement was interrupted',
    inferences: 0,
    measuredMs: 0,
    throughput: { inferencesPerSecond: 0, samplesPerSecond: 0 },
    latencyMs: { count: 0, ...none },
    eventLoopDelayMs: { count: 0, ...none },
    windows: [],
    blocks: [],
  });
}
