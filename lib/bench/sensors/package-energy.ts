// SPDX-License-Identifier: Apache-2.0
// Energy of the processor's packages, as Linux tells it (RAPL): a folder for each package with a counter of microjoules
// that starts again from 0 after `max_energy_range_uj`, at full load within the hour.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { EnergyUsage, Unavailable } from '../result';
import type { Sensor } from './sensor';

const ROOT = '/sys/class/powercap';
// `intel-rapl:0` is a package, `intel-rapl:0:1` a part of one. AMD's processors are listed under the same name.
const PACKAGE = /^intel-rapl:\d+$/;
const UJ_PER_J = 1e6;

interface PackageCounter {
  readonly path: string;
  readonly rangeUj: number;
  lastUj: number;
}

/** Where the counters are, and the clock; tests put their own. */
export interface PackageEnergyOptions {
  readonly root?: string;
  readonly readText?: (path: string) => string;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Energy of all packages together, between start and stop. */
export class PackageEnergySensor implements Sensor {
  readonly name = 'package energy';
  readonly #root: string;
  readonly #now: () => number;
  readonly #readText: (path: string) => string;
  #counters: PackageCounter[] = [];
  #totalUj = 0;
  #startMs = 0;
  #endMs = 0;
  #problem: string | undefined;

  constructor(options: PackageEnergyOptions = {}) {
    this.#root = options.root ?? ROOT;
    this.#now = options.now ?? (() => performance.now());
    this.#readText = options.readText ?? ((path) => readFileSync(path, 'utf8'));
  }

  start(): void {
    this.#try(() => {
      this.#counters = this.#findPackages();
      this.#startMs = this.#now();
    });
  }

  /** Read before a counter can have gone round twice. */
  tick(): void {
    if (this.#problem !== undefined) return;
    this.#try(() => {
      for (const counter of this.#counters) this.#totalUj += this.#advance(counter);
    });
  }

  stop(): void {
    this.tick();
    this.#endMs = this.#now();
  }

  /** @param inferences - Measured ones, that the energy is divided by. */
  usage(inferences: number): EnergyUsage | Unavailable {
    if (this.#problem !== undefined) return { unavailable: this.#problem };
    const seconds = (this.#endMs - this.#startMs) / 1000;
    if (inferences <= 0 || seconds <= 0) return { unavailable: 'package energy: nothing was measured.' };
    const joules = this.#totalUj / UJ_PER_J;
    return { joules, joulesPerInference: joules / inferences, meanW: joules / seconds };
  }

  #findPackages(): PackageCounter[] {
    const root = this.#root;
    const packages = readdirSync(root).filter((name) => PACKAGE.test(name));
    if (packages.length === 0)
      throw Object.assign(new Error('no packages'), { code: 'ENOENT', path: join(root, 'intel-rapl:0') });
    return packages.map((name) => {
      const path = join(root, name, 'energy_uj');
      const rangeUj = this.#readNumber(join(root, name, 'max_energy_range_uj'));
      return { path, rangeUj, lastUj: this.#readNumber(path) };
    });
  }

  /** Microjoules since the last time. */
  #advance(counter: PackageCounter): number {
    const nowUj = this.#readNumber(counter.path);
    const difference = nowUj - counter.lastUj;
    counter.lastUj = nowUj;
    return difference >= 0 ? difference : difference + counter.rangeUj;
  }

  #readNumber(path: string): number {
    const text = this.#readText(path).trim();
    if (/^\d+$/.test(text)) return Number(text);
    throw Object.assign(new Error(`it holds ${JSON.stringify(text.slice(0, 40))}, no number`), { path });
  }

  #try(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#problem = explain(error, this.#root);
    }
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES:
    'Run as root, or make the file readable: sudo chmod a+r <path>. Kernels since 5.10 keep it from users.',
  EPERM: 'Run as root, or make the file readable: sudo chmod a+r <path>.',
  ENOENT: 'This machine has no RAPL counters that Linux shows: virtual machines and containers seldom do.',
  ENOTDIR: 'This machine has no RAPL counters that Linux shows.',
};

function explain(error: unknown, root: string): string {
  const { code, path = root, message } = error as NodeJS.ErrnoException;
  const advice = ADVICE[code ?? '']?.replace('<path>', path);
  return `package energy: ${path} cannot be read (${code ?? message}).${advice === undefined ? '' : ` ${advice}`}`;
}
