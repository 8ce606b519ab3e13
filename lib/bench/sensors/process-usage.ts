// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import type { ProcessUsage } from '../result';
import type { Sensor } from './sensor';

const US_PER_MS = 1000;
const BYTES_PER_KB = 1024;

/** What Node tells about this process; tests put their own. */
export interface ProcessMeter {
  cpuUsage(): NodeJS.CpuUsage;
  /** Resident memory in bytes. */
  rss(): number;
  /** The most it ever was, in kilobytes. */
  maxRssKb(): number;
  heapUsed(): number;
  /** Milliseconds. */
  now(): number;
}

const systemMeter: ProcessMeter = {
  cpuUsage: () => process.cpuUsage(),
  rss: () => process.memoryUsage.rss(),
  maxRssKb: () => process.resourceUsage().maxRSS,
  heapUsed: () => process.memoryUsage().heapUsed,
  now: () => performance.now(),
};

interface Reading {
  readonly cpu: NodeJS.CpuUsage;
  readonly rss: number;
  readonly maxRss: number;
  readonly heapUsed: number;
  readonly timeMs: number;
}

/** CPU time of all threads of the process, and its memory. */
export class ProcessSensor implements Sensor {
  readonly name = 'process usage';
  #start: Reading;
  #end: Reading;
  #mostSeen = 0;

  constructor(private readonly meter = systemMeter) {
    this.#start = this.#end = this.#read();
  }

  start(): void {
    // What is read at the end may fail; then nothing has changed since the start.
    this.#start = this.#end = this.#read();
    this.#mostSeen = this.#start.rss;
  }

  tick(): void {
    this.#mostSeen = Math.max(this.#mostSeen, this.meter.rss());
  }

  stop(): void {
    this.#end = this.#read();
    this.#mostSeen = Math.max(this.#mostSeen, this.#end.rss);
  }

  usage(): ProcessUsage {
    const start = this.#start;
    const end = this.#end;
    const cpuUserMs = (end.cpu.user - start.cpu.user) / US_PER_MS;
    const cpuSystemMs = (end.cpu.system - start.cpu.system) / US_PER_MS;
    const elapsedMs = end.timeMs - start.timeMs;
    return {
      cpuUserMs,
      cpuSystemMs,
      cpuCores: elapsedMs > 0 ? (cpuUserMs + cpuSystemMs) / elapsedMs : 0,
      residentBytes: { start: start.rss, end: end.rss, peak: this.#peak() },
      heapUsedBytes: { start: start.heapUsed, end: end.heapUsed },
    };
  }

  /** The system's own peak is exact, but only where it was reached while measuring. */
  #peak(): number {
    return this.#end.maxRss > this.#start.maxRss
      ? Math.max(this.#end.maxRss, this.#mostSeen)
      : this.#mostSeen;
  }

  #read(): Reading {
    const { meter } = this;
    return {
      cpu: meter.cpuUsage(),
      rss: meter.rss(),
      maxRss: meter.maxRssKb() * BYTES_PER_KB,
      heapUsed: meter.heapUsed(),
      timeMs: meter.now(),
    };
  }
}
