// SPDX-License-Identifier: Apache-2.0
// The documents that a measurement leaves behind: plain data, and the single source of the published JSON schema
// (docs/reference/bench-result.schema.json is generated from these types). Units are in the names; a number that could
// not be read is absent with a reason, never zero.

import type { BenchEnvironment } from './environment';
import type { BenchSettings } from './settings';

/** Version of the documents; it changes when a field changes its meaning or goes away. */
export const SCHEMA_VERSION = 1;

/** What `bench --json` prints: one measurement, or several that were made in one run. */
export type BenchDocument = BenchResult | BenchSuite;

/** Several measurements of one run: a sweep, devices or precisions side by side, a search for the highest rate. */
export interface BenchSuite {
  /** Version of this format. */
  readonly schemaVersion: 1;
  /** Tells a suite from a single measurement. */
  readonly kind: 'suite';
  /** What differs between the measurements, in the order of nesting. */
  readonly axes: readonly BenchAxis[];
  /** One for each case that could be measured. */
  readonly measurements: readonly BenchResult[];
  /** Cases that could not be measured, and why. */
  readonly failed: readonly BenchFailure[];
  /** The search for the highest rate, where there was one. */
  readonly search?: RateSearchResult;
  /** The machine and the software, of all measurements. */
  readonly environment: BenchEnvironment;
}

/** What can differ between the measurements of a suite. */
export type BenchAxis = 'device' | 'precision' | 'batch' | 'concurrency' | 'rate';

/** A case of a suite that gave no measurement. */
export interface BenchFailure {
  /** As `BenchResult.label`. */
  readonly label: string;
  /** Where it would stand in the suite. */
  readonly case: BenchCase;
  /** Why there is no measurement. */
  readonly error: FailureReason;
}

/** Where a measurement stands in its suite; only the axes that the suite has. */
export interface BenchCase {
  /** `cpu`, `cuda:0`. */
  readonly device?: string;
  /** As `--precision` names it. */
  readonly precision?: string;
  /** Samples in one inference. */
  readonly batch?: number;
  /** Calls under way at the same time. */
  readonly concurrency?: number;
  /** Calls a second of an open loop. */
  readonly ratePerSecond?: number;
}

/** An error as data. */
export interface FailureReason {
  /** A code of the table of errors, or what another error says of itself. */
  readonly code: string;
  /** What happened. */
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly hint?: string;
}

/** One measurement. */
export interface BenchResult {
  /** Version of this format. */
  readonly schemaVersion: 1;
  /** Tells a single measurement from a suite. */
  readonly kind: 'measurement';
  /** Path or name of the model, as it was given. */
  readonly model: string;
  /**
   * SHA-256 of the model's own file or bytes in hex; null where there are none. Of an ONNX model with external data it
   * covers the `.onnx` file alone: names, sizes and places of the external tensors, and not their values.
   */
  readonly modelSha256: string | null;
  /** Short and unique within a suite: `cpu · batch 4`. */
  readonly label: string;
  /** Where it stands in its suite; empty for a single one. */
  readonly case: BenchCase;
  /** What ran the model: `tensorrt`, `onnxruntime`, or what the caller says. */
  readonly backend: string;
  /** `cpu`, `cuda:0`, or what the caller says. */
  readonly device: string;
  /** Name of the GPU that a session runs on, as the CUDA driver tells it; absent elsewhere, and where it does not. */
  readonly deviceName?: string;
  /** Why another device than the best one ran the model; null where it did not. */
  readonly fallbackReason: string | null;
  /** All that the numbers depend on. */
  readonly settings: BenchSettings;

  /** Whether the measurement settled. */
  readonly stable: boolean;
  /** Why it is not stable; null where it is. */
  readonly unstableReason: string | null;
  /** `complete`, `interrupted` by its signal, or `failed`: what was measured until then is here. */
  readonly end: 'complete' | 'interrupted' | 'failed';
  /** Why it failed; absent where it did not. */
  readonly error?: FailureReason;

  /** Calls before the measurement, which count nowhere else. */
  readonly warmUp: { readonly inferences: number; readonly milliseconds: number };
  /** Measured inferences. */
  readonly inferences: number;
  /** From the first measured call to the end of the last. */
  readonly measuredMs: number;
  /** Inferences and samples a second. */
  readonly throughput: Throughput;
  /**
   * From the call until its outputs can be read, in JavaScript. In an open loop the call counts from the moment that
   * its schedule says, so that calls which had to wait for a slow one are not left out (coordinated omission).
   */
  readonly latencyMs: Distribution;
  /** Open loop: from the moment that the call was really made. */
  readonly serviceMs?: Distribution;
  /** Open loop: how much later than scheduled calls were made. */
  readonly sendDelayMs?: Distribution;
  /**
   * Open loop: calls of the schedule that were still waiting when as much time again as was to be measured had passed.
   * They are in `latencyMs` with the time that they had waited, the least that their latency would have been, and in no
   * other number: `inferences`, `throughput`, `blocks` and `windows` are of calls that were made. Absent where there
   * are none, and where the measurement ended early.
   */
  readonly unserved?: number;

  /** Time of the calling thread to put the work on the device, from the backend's own clock. */
  readonly enqueueMs?: Distribution;
  /** Copies to the device, by device events. */
  readonly h2dMs?: Distribution;
  /** The network itself: by device events on a GPU, by the host's clock around the runtime's call on a CPU. */
  readonly computeMs?: Distribution;
  /** Copies from the device, by device events. */
  readonly d2hMs?: Distribution;
  /** h2d + compute + d2h of each call: what trtexec calls latency. */
  readonly deviceLatencyMs?: Distribution;
  /** The same session with a call always waiting behind the running one, measured after the rest. */
  readonly pipelined?: PipelinedPhase;
  /** trtexec's numbers by trtexec's definitions; where there are device times. */
  readonly trtexec?: TrtexecSummary;

  /** How late the event loop was while measuring. */
  readonly eventLoopDelayMs: Distribution;
  /** Share of the time that the event loop was busy, from 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Processor time and memory of the measuring process. */
  readonly process: ProcessUsage;
  /** The GPU's own sensors; absent on other devices. */
  readonly gpu?: GpuUsage | Unavailable;
  /** Energy of the processor's package (RAPL). */
  readonly cpuEnergy: EnergyUsage | Unavailable;
  /** Times of the layers, from runs of their own. */
  readonly layers?: readonly LayerTime[] | Unavailable;
  /** In a fresh process; where it was asked for. */
  readonly coldStart?: ColdStart | Unavailable;
  /** Difference of the outputs from those of the suite's first measurement; where precisions are side by side. */
  readonly accuracy?: readonly OutputAccuracy[];
  /** Bytes of the file or engine that `modelSha256` is of; external data of an ONNX model is not among them. */
  readonly modelBytes?: number;

  /** What the reader should know before quoting the numbers. */
  readonly warnings: readonly BenchWarning[];
  /** The windows that stability was judged by. */
  readonly windows: readonly BenchWindow[];
  /** Consecutive pieces of the measurement with all their latencies: what `compare` resamples. */
  readonly blocks: readonly LatencyBlock[];
  /** The machine and the software. */
  readonly environment: BenchEnvironment;
}

/** How much was done in the time. */
export interface Throughput {
  /** Measured inferences over the time that they took. */
  readonly inferencesPerSecond: number;
  /** Inferences times the batch. */
  readonly samplesPerSecond: number;
  /** Open loop: calls a second that the schedule wanted. */
  readonly requestedPerSecond?: number;
}

/** A distribution in milliseconds. Percentile p is the smallest value that p % of all do not exceed. */
export interface Distribution {
  /** How many values there are. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** Standard deviation of the values. */
  readonly deviation: number;
  /** The smallest. */
  readonly min: number;
  /** 50 %: the median. */
  readonly p50: number;
  /** 90 % */
  readonly p90: number;
  /** 95 % */
  readonly p95: number;
  /** 99 % */
  readonly p99: number;
  /** 99.9 % */
  readonly p999: number;
  /** 99.99 % */
  readonly p9999: number;
  /** The largest. */
  readonly max: number;
  /** Percentiles that were asked for by name, such as `{ "97.5": 3.1 }`. */
  readonly percentiles?: Readonly<Record<string, number>>;
  /** 95 % confidence interval of the median, by bootstrap over the blocks; where there are eight of them. */
  readonly medianInterval?: Interval;
}

/** Bounds of what a number could be. */
export interface Interval {
  /** Lower bound. */
  readonly low: number;
  /** Upper bound. */
  readonly high: number;
}

/** Something that could not be read, and why. */
export interface Unavailable {
  /** The reason, as a sentence. */
  readonly unavailable: string;
}

/** The numbers of the phase in which a call always waits behind the running one. */
export interface PipelinedPhase {
  /** Calls under way at the same time. */
  readonly concurrency: number;
  /** Measured inferences of the phase. */
  readonly inferences: number;
  /** From its first call to the end of its last. */
  readonly measuredMs: number;
  /** Inferences and samples a second. */
  readonly throughput: Throughput;
  /** As `BenchResult.latencyMs`. */
  readonly latencyMs: Distribution;
  /** As `BenchResult.enqueueMs`. */
  readonly enqueueMs?: Distribution;
  /** As `BenchResult.h2dMs`. */
  readonly h2dMs?: Distribution;
  /** As `BenchResult.computeMs`. */
  readonly computeMs?: Distribution;
  /** As `BenchResult.d2hMs`. */
  readonly d2hMs?: Distribution;
  /** As `BenchResult.deviceLatencyMs`. */
  readonly deviceLatencyMs?: Distribution;
}

/** trtexec's performance summary under its own names, by its own definitions; milliseconds unless the name says else. */
export interface TrtexecSummary {
  /** Queries over the time from the first copy (or call) after the warm-up to the end of the last. */
  readonly throughputQps: number;
  /** `Latency`: H2D, GPU compute and D2H of each query. */
  readonly latency: TrtexecTimes;
  /** `Enqueue Time`: to put a query on the device. */
  readonly enqueueTime: TrtexecTimes;
  /** `H2D Latency`: copies to the device. */
  readonly h2dLatency: TrtexecTimes;
  /** `GPU Compute Time`: the network. */
  readonly gpuComputeTime: TrtexecTimes;
  /** `D2H Latency`: copies from the device. */
  readonly d2hLatency: TrtexecTimes;
  /** `Total Host Walltime`, in seconds. */
  readonly totalHostWalltimeS: number;
  /** `Total GPU Compute Time`, in seconds. */
  readonly totalGpuComputeTimeS: number;
}

/** One line of trtexec's summary, in milliseconds. */
export interface TrtexecTimes {
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** Their mean. */
  readonly mean: number;
  /** Their median, by trtexec's definition. */
  readonly median: number;
  /** By percent, as text: `{ "99": 1.2 }`. */
  readonly percentiles: Readonly<Record<string, number>>;
}

/** What the measuring process took. */
export interface ProcessUsage {
  /** Time of all threads of the process, while measuring. */
  readonly cpuUserMs: number;
  /** The part of the system calls, of all threads. */
  readonly cpuSystemMs: number;
  /** Cores that were busy with it, on average. */
  readonly cpuCores: number;
  /** Resident memory at the start and the end of the measurement, and its peak. */
  readonly residentBytes: { readonly start: number; readonly end: number; readonly peak: number };
  /** JavaScript's heap in use at the start and the end of the measurement. */
  readonly heapUsedBytes: { readonly start: number; readonly end: number };
}

/** What the GPU's own sensors said while measuring, of the whole device. */
export interface GpuUsage {
  /** Name of the GPU. */
  readonly name: string;
  /** Its UUID, by which the driver and nvidia-smi name it. */
  readonly uuid: string;
  /** Version of the driver. */
  readonly driver: string;
  /** Time between two samples. */
  readonly intervalMs: number;
  /** In use on the whole device when the measurement ended. */
  readonly memoryUsedBytes?: number;
  /** What the session says that it allocated. */
  readonly sessionBytes?: number;
  /** Power of the whole device in watts. */
  readonly powerW?: Sampled;
  /** Energy of the whole device while measuring. */
  readonly energy?: EnergyUsage;
  /** Where the energy is from: the device's own counter, or the integral of its power. */
  readonly energySource?: 'counter' | 'power';
  /** The device is a MIG instance: memory and utilisation are its own, everything else is of the whole GPU. */
  readonly isMig?: boolean;
  /** Clock of the multiprocessors. */
  readonly smClockMhz?: Sampled;
  /** Clock of the memory. */
  readonly memoryClockMhz?: Sampled;
  /** The highest clock that the multiprocessors can have. */
  readonly maxSmClockMhz?: number;
  /** Temperature in degrees Celsius. */
  readonly temperatureC?: Sampled;
  /** Share of the time in which a kernel ran, 0 to 100. */
  readonly utilizationPercent?: Sampled;
  /** Reasons for lowered clocks that were seen, with the share of samples that had them (0 to 1). */
  readonly throttling: Readonly<Record<string, number>>;
  /** Sensors that this device does not have, and the driver's reason. */
  readonly missing: Readonly<Record<string, string>>;
}

/** A quantity that was read again and again. */
export interface Sampled {
  /** Mean of all samples. */
  readonly mean: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** [milliseconds from the start of the measurement, value], thinned to at most 600. */
  readonly samples: readonly (readonly [number, number])[];
}

/** Energy while measuring, of all that ran on the device. */
export interface EnergyUsage {
  /** Energy of the whole time. */
  readonly joules: number;
  /** The same over the measured inferences. */
  readonly joulesPerInference: number;
  /** Mean power in watts. */
  readonly meanW: number;
}

/** Time of one layer: the mean over its runs. */
export interface LayerTime {
  /** Name of the layer, as the runtime tells it. */
  readonly name: string;
  /** Operator or layer type, where it is told. */
  readonly type?: string;
  /** Mean time of one run. */
  readonly meanMs: number;
  /** Share of all layers, from 0 to 1. */
  readonly share: number;
}

/** From nothing to the first result, in fresh processes. */
export interface ColdStart {
  /** Fresh processes that the times are the medians of: fewer than asked for where one failed. */
  readonly processes: number;
  /** `import 'tensorrt-node'`. */
  readonly importMs: number;
  /** `createSession()`. */
  readonly loadMs: number;
  /** The first `session.run()`. */
  readonly firstRunMs: number;
  /** From the start of the process to the first result. */
  readonly totalMs: number;
}

/** How far an output is from the reference's, over all inputs. */
export interface OutputAccuracy {
  /** Name of the output. */
  readonly output: string;
  /** Cosine between it and the reference's. */
  readonly cosine: number;
  /** Signal to noise of the difference, in decibels, -300 at least; null where the outputs are equal. */
  readonly sqnrDb: number | null;
  /** Largest absolute difference of two elements. */
  readonly maxAbsDifference: number;
  /** Elements that are NaN or infinite in one of both, and left out of the other numbers; absent where there are none. */
  readonly nonFinite?: number;
  /** Share of the rows whose largest element stands at the same place; where the output has rows. */
  readonly top1Agreement?: number;
}

/** Something that a reader should know, with its numbers and what to do. */
export interface BenchWarning {
  /** What it is about, as a word for programs. */
  readonly code:
    | 'enqueue-bound'
    | 'transfer-bound'
    | 'unstable-clock'
    | 'throttled'
    | 'shared-streams'
    | 'late-schedule'
    | 'queue-growing'
    | 'few-samples'
    | 'busy-event-loop'
    | 'busy-machine'
    | 'sensor';
  /** A sentence with the numbers, and what to do. */
  readonly message: string;
}

/** One window of the measurement. */
export interface BenchWindow {
  /** Inferences that ended in the window. */
  readonly inferences: number;
  /** Its throughput. */
  readonly inferencesPerSecond: number;
  /** Mean of their latencies. */
  readonly meanLatencyMs: number;
  /** The latency that stability is judged by: the mean, or the percentile of the settings. */
  readonly judgedLatencyMs: number;
}

/** A piece of the measurement. */
export interface LatencyBlock {
  /** From the start of the measurement. */
  readonly startMs: number;
  /** From the start of the measurement. */
  readonly endMs: number;
  /** Inferences of the block. */
  readonly inferences: number;
  /** Mean of their latencies. */
  readonly meanMs: number;
  /** Their median. */
  readonly p50Ms: number;
  /** Their 99th percentile. */
  readonly p99Ms: number;
  /** The largest. */
  readonly maxMs: number;
  /**
   * All latencies of the block: [bucket, count, bucket, count, …] in rising order of the bucket. A bucket b holds
   * latencies from `lower(b)` on, see `docs/guides/benchmarking.md`.
   */
  readonly histogram: readonly number[];
}

/** A search for the highest rate under a latency limit. */
export interface RateSearchResult {
  /** `p99=10ms` as data. */
  readonly limit: { readonly percentile: string; readonly milliseconds: number };
  /** The highest rate that kept the limit; null where none did. */
  readonly highestRatePerSecond: number | null;
  /** Label of that measurement. */
  readonly label: string | null;
  /** Why the search ended without one: calls that wait for nothing are above the limit, or rates became too low. */
  readonly reason?: string;
  /** Every rate that was tried, in order. */
  readonly tried: readonly {
    readonly ratePerSecond: number;
    readonly milliseconds: number;
    readonly isWithinLimit: boolean;
    readonly reason: string;
  }[];
}
