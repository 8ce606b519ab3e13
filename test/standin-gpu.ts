// SPDX-License-Identifier: Apache-2.0
// A GPU for tests on a machine without one: the stand-in driver, opened in this process beside the addon, and the
// TensorRT stand-ins that work with it. What the requests mean is told at the head of test/standin/driver/control.cc.

import { createRequire } from 'node:module';
import { dirname } from 'node:path';

import { builtStandin } from './standin-build';

/** What the stand-in shall be like; what is left out stays. */
export interface StandinConfiguration {
  /** `inline`: work that takes no time runs within the call. */
  mode?: 'threads' | 'inline';
  /** MB/s of copies to the device; 0 (default) for no time at all. */
  h2dMbps?: number;
  d2hMbps?: number;
  /** Time of each copy, besides its bytes. */
  copyUs?: number;
  memoryBytes?: number;
  /** Stream-ordered allocation (default true). */
  pools?: boolean;
  /** The GPU shares the host's memory. */
  integrated?: boolean;
  mig?: boolean;
  /** Work that is not ordered runs in an order by chance, from this seed; 0 for none. */
  reorder?: number;
  /** Time of each call. */
  callNs?: number;
  /** Keep the timeline. */
  record?: boolean;
}

/** Calls since the last reset. */
export interface StandinCalls {
  /** Of the driver's entries, TensorRT's own excluded. */
  total: number;
  /** By name, without "_v2"; launches of kernels are `cuLaunchKernel`, TensorRT's are "Class::method". */
  entries: Record<string, number>;
}

/** A piece of work of the device; times in µs. */
export interface StandinOperation {
  op: 'h2d' | 'd2h' | 'd2d' | 'kernel' | 'memset' | 'host';
  name: string;
  stream: number;
  bytes: number;
  start: number;
  end: number;
}

/** What exists. */
export interface StandinLive {
  contexts: number;
  streams: number;
  events: number;
  device: { allocations: number; bytes: number };
  pinned: { allocations: number; bytes: number };
  graphs: number;
  graphExecs: number;
  /** Objects of TensorRT by class. */
  objects: Record<string, number>;
}

interface ControlAddon {
  open(path: string): (request: string) => string;
}

const KEYS: Record<keyof StandinConfiguration, string> = {
  mode: 'mode',
  h2dMbps: 'h2d-mbps',
  d2hMbps: 'd2h-mbps',
  copyUs: 'copy-us',
  memoryBytes: 'memory-bytes',
  pools: 'pools',
  integrated: 'integrated',
  mig: 'mig',
  reorder: 'reorder',
  callNs: 'call-ns',
  record: 'record',
};

/** The words of a configuration, also for TRTN_STANDIN_CUDA_CONFIGURE, which child processes read. */
export function configurationText(configuration: StandinConfiguration): string {
  const words = Object.entries(configuration).map(([key, value]) => {
    const text = typeof value === 'boolean' ? Number(value) : value;
    return `${KEYS[key as keyof StandinConfiguration]}=${text}`;
  });
  return words.join(' ');
}

/** The stand-in driver of this process. */
export class StandinGpu {
  readonly driverPath = builtStandin('driver', 'libcuda.so.1');
  readonly #control: (request: string) => string;

  private constructor() {
    const require = createRequire(__filename);
    const addon = require(builtStandin('control', 'standin_control.node')) as ControlAddon;
    this.#control = addon.open(this.driverPath);
  }

  /** Builds the stand-ins if that was not done, and opens the driver. */
  static open(): StandinGpu {
    return new StandinGpu();
  }

  get tensorRt11Folder(): string {
    return dirname(builtStandin('gpu-tensorrt-11', 'libnvinfer.so.11'));
  }
  get tensorRt10Folder(): string {
    return dirname(builtStandin('gpu-tensorrt-10', 'libnvinfer.so.10'));
  }
  get tensorRtRtxFolder(): string {
    return dirname(builtStandin('gpu-tensorrt-rtx', 'libtensorrt_rtx.so.1'));
  }
  /** The lean library lies beside the full one of TensorRT 11. */
  get leanFolder(): string {
    return dirname(builtStandin('gpu-tensorrt-11', 'libnvinfer_lean.so.11'));
  }
  get pluginPath(): string {
    return builtStandin('gpu-plugin', 'libplugin.so');
  }

  /** Forgets what was recorded, ordered and configured. Sticky errors stay until their context goes. */
  reset(): void {
    this.#request('reset');
  }

  configure(configuration: StandinConfiguration): void {
    this.#request(`configure ${configurationText(configuration)}`);
  }

  /**
   * The `nth` call from now (1 is the next) of `entry` gives `result`: a CUresult, or 1 for a method of TensorRT
   * that returns false or null. "op:kernel", "op:h2d" … stand for work on the device, which fails later.
   */
  fault(entry: string, nth: number, result: number): void {
    this.#request(`fault ${entry} ${nth} ${result}`);
  }

  /** Each call of `entries` (without: of all that close nothing) fails with a probability, the same for a seed. */
  faultRandom(seed: number, permille: number, result: number, entries: readonly string[] = []): void {
    this.#request(`fault-random ${seed} ${permille} ${result} ${entries.join(',')}`);
  }

  /** The device falls off the bus: each call returns 46 from now on. */
  gone(): void {
    this.#request('gone');
  }

  calls(): StandinCalls {
    return this.#request('calls') as StandinCalls;
  }

  /** Starts or ends the list of calls in order. */
  trace(state: 'on' | 'off'): void {
    this.#request(`trace ${state}`);
  }

  traced(): { entry: string; thread: number }[] {
    return this.#request('trace get') as { entry: string; thread: number }[];
  }

  timeline(): StandinOperation[] {
    return this.#request('timeline') as StandinOperation[];
  }

  live(): StandinLive {
    return this.#request('live') as StandinLive;
  }

  /** What real hardware would answer with undefined behaviour, since the last call of this. */
  violations(): string[] {
    return this.#request('violations') as string[];
  }

  #request(request: string): unknown {
    const answer = JSON.parse(this.#control(request)) as { error?: string } | null;
    if (answer !== null && typeof answer.error === 'string') throw new Error(answer.error);
    return answer;
  }
}
