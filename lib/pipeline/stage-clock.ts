// SPDX-License-Identifier: Apache-2.0

/** Parts of a run. */
export type PipelineStage = 'decode' | 'pre' | 'model' | 'post';

/** Numbers of a pipeline since it was made. */
export interface PipelineStatistics {
  /** Calls that ended without an error. */
  readonly calls: number;
  /** Inputs of those calls. */
  readonly inputs: number;
  /** Runs of the model. */
  readonly runs: number;
  /**
   * Milliseconds that each stage took, over all calls: from its beginning to its end, waiting for threads and the device
   * included. Stages of different calls, and decoding and the model, overlap: the sum may be more than the time that
   * passed.
   */
  readonly stageMs: Readonly<Record<PipelineStage, number>>;
}

/** Adds up times. */
export class StageClock {
  readonly #stageMs: Record<PipelineStage, number> = { decode: 0, pre: 0, model: 0, post: 0 };
  #calls = 0;
  #inputs = 0;
  #runs = 0;

  /** Runs a stage and adds its time, however it ends. */
  async time<T>(stage: PipelineStage, work: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    if (stage === 'model') this.#runs++;
    try {
      return await work();
    } finally {
      this.#stageMs[stage] += performance.now() - startMs;
    }
  }

  /** Counts a call. */
  called(inputs: number): void {
    this.#calls++;
    this.#inputs += inputs;
  }

  read(): PipelineStatistics {
    return { calls: this.#calls, inputs: this.#inputs, runs: this.#runs, stageMs: { ...this.#stageMs } };
  }
}
