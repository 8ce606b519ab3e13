// SPDX-License-Identifier: Apache-2.0
// The sensors of the stand-in GPU: a libnvidia-ml.so.1 opened in this process beside the addon. What the requests mean
// is told at the head of test/standin/nvml/script.cc.

import { createRequire } from 'node:module';

import { builtStandin } from './standin-build';

/** Calls since the last reset. */
export interface NvmlCalls {
  total: number;
  /** By the thread that runs JavaScript. */
  onMainThread: number;
  /** While nobody had initialised it. */
  withoutInit: number;
  /** Those who initialised it and have not shut it down. */
  users: number;
  entries: Record<string, number>;
}

/** The stand-in NVML of this process. */
export class StandinNvml {
  readonly #control: (request: string) => string;

  private constructor(readonly path: string) {
    const require = createRequire(__filename);
    const addon = require(builtStandin('control', 'standin_control.node')) as {
      open(path: string): (request: string) => string;
    };
    this.#control = addon.open(path);
  }

  /** Builds the stand-ins if that was not done, and opens the library; `old`: one that lacks newer entry points. */
  static open(kind: 'new' | 'old' = 'new'): StandinNvml {
    return new StandinNvml(builtStandin(kind === 'new' ? 'nvml' : 'nvml-old', 'libnvidia-ml.so.1'));
  }

  /**
   * Orders what an entry answers, call after call; the last answer repeats. Numbers are in NVML's unit (mW, mJ, MHz);
   * `'!3'` fails with that nvmlReturn_t, and `'1000+25'` as the last one grows by 25 with each call.
   */
  script(entry: string, ...answers: readonly (number | string)[]): void {
    this.#request(`script ${entry} ${answers.join(',')}`);
  }

  /** Forgets scripts and counts. */
  reset(): void {
    this.#request('reset');
  }

  calls(): NvmlCalls {
    return this.#request('calls') as NvmlCalls;
  }

  #request(request: string): unknown {
    const answer = JSON.parse(this.#control(request)) as { error?: string } | null;
    if (answer !== null && typeof answer.error === 'string') throw new Error(answer.error);
    return answer;
  }
}
