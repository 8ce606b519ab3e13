// SPDX-License-Identifier: Apache-2.0
// From TensorRT's nested phases to one number that never falls. TensorRT says how many steps a phase has, not how long
// they take: one step of "Building engine" is nearly all of it. So phases whose shape was measured have weights, others
// count their steps evenly, and what was once reported is never taken back.

import type { NativeBuildEvent } from '../binding/contract';

/** How far a build is. */
export interface BuildProgress {
  /** Name of the phase that advanced, as TensorRT has it. */
  phase: string;
  /** The phase that this one is a part of; null for an outermost one. */
  parent: string | null;
  /** Steps of this phase that are done. */
  step: number;
  /** Steps that it has. */
  steps: number;
  /** True if the phase has ended. */
  finished: boolean;
  /** Share of the whole build that is done, an estimate between 0 and 1 that never falls. 1 comes once, at the end. */
  fraction: number;
}

type ProgressEvent = Extract<NativeBuildEvent, { kind: 'progress' }>;

interface Phase {
  parent: string;
  step: number;
  steps: number;
  finished: boolean;
}

/**
 * Shares of a phase's time that its inner phases take, measured with TensorRT-RTX 1.7 on the light models of the ONNX
 * backend tests. What is missing to 1 is spent outside of them.
 */
const SHARES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'Building engine': {
    'Cloning network graph': 0.03,
    'Preparing graph for optimization': 0.02,
    'Building engine from subgraph': 0.94,
  },
  'Building engine from subgraph': { 'Optimizing graph': 0.05, 'Computing profile costs': 0.95 },
  'Computing profile costs': { 'Timing tactics': 0.05, 'Determining refit engines': 0.92 },
};

/** How much of what is left a further outermost phase is taken to be: nobody knows how many will come. */
const OUTERMOST_SHARE = 0.95;
const LARGEST_BEFORE_END = 0.99;

/** Follows the phases of one build. */
export class ProgressTracker {
  readonly #phases = new Map<string, Phase>();
  #fraction = 0;
  /** Where the current outermost phase began. */
  #floor = 0;
  #outermost = '';

  /** Takes an event in and says how far the build is now. */
  update({ phase, parent, step, steps, finished }: ProgressEvent): BuildProgress {
    this.#phases.set(phase, { parent, step, steps, finished });
    if (parent === '' && phase !== this.#outermost) {
      this.#outermost = phase;
      this.#floor = this.#fraction;
    }
    const span = (LARGEST_BEFORE_END - this.#floor) * OUTERMOST_SHARE;
    const estimate = this.#floor + span * this.#fractionOf(this.#outermost, 0);
    this.#fraction = Math.max(this.#fraction, Math.min(estimate, LARGEST_BEFORE_END));
    return { phase, parent: parent === '' ? null : parent, step, steps, finished, fraction: this.#fraction };
  }

  /** The last report of a build that succeeded. */
  end(): BuildProgress {
    this.#fraction = 1;
    return { phase: 'Build', parent: null, step: 1, steps: 1, finished: true, fraction: 1 };
  }

  #fractionOf(name: string, depth: number): number {
    const phase = this.#phases.get(name);
    // Names come from outside: a phase that contains itself must not hang the build.
    if (!phase || depth > 32) return 0;
    if (phase.finished) return 1;
    const inner = [...this.#phases].filter(([, { parent }]) => parent === name);
    const shares = SHARES[name];
    if (shares && inner.every(([child]) => child in shares)) {
      return inner.reduce((sum, [child]) => sum + shares[child]! * this.#fractionOf(child, depth + 1), 0);
    }
    const running = inner
      .filter(([, { finished }]) => !finished)
      .map(([child]) => this.#fractionOf(child, depth + 1));
    return Math.min(1, (phase.step + Math.max(0, ...running)) / Math.max(1, phase.steps));
  }
}
