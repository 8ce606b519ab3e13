// SPDX-License-Identifier: Apache-2.0
// Networks that a benchmark trained and committed with their data: where they are, what they eat, how often they are right.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSession } from '../lib/index';

/** Samples of one run. */
export const BATCH = 8;
/** More threads cost more than they save here. */
export const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 } as const;

/** A folder with networks.json, networks and data. */
export class NetworkFolder {
  /** Names of the networks, which data each takes and how often it is right on the test samples. */
  readonly networks: Readonly<Record<string, { readonly data: string; readonly accuracy: number }>>;

  /** @param labelsFile - name of the file with the labels of a part of some data, without its ending */
  constructor(
    private readonly folder: string,
    private readonly labelsFile: (data: string, part: string) => string,
  ) {
    this.networks = JSON.parse(readFileSync(join(folder, 'networks.json'), 'utf8')) as typeof this.networks;
  }

  /** Path of a network. */
  path(name: string): string {
    return join(this.folder, `${name}.onnx`);
  }

  /** Inputs that are neither trained nor tested on, a run of eight at a time: all 200 unless told. */
  calibrationFeeds(data: string, runs = 25) {
    const { values, dims } = this.read(`${data}-calibration`);
    const size = (BATCH * values.length) / dims[0]!;
    return Array.from({ length: runs }, (_, run) => ({
      input: {
        data: Float32Array.from(values.subarray(run * size, (run + 1) * size)),
        dims: [BATCH, ...dims.slice(1)],
      },
    }));
  }

  /** All samples of a part with their labels. */
  samples(data: string, part: string) {
    const { values, dims } = this.read(`${data}-${part}`);
    return {
      input: { data: Float32Array.from(values), dims },
      labels: Int32Array.from(this.read(this.labelsFile(data, part)).values),
    };
  }

  /** Share of the samples that a model of a network's form is right about. */
  async accuracyOf(model: string | Uint8Array, data: string, part = 'test'): Promise<number> {
    const { input, labels } = this.samples(data, part);
    const session = await createSession(model, ON_ONE_THREAD);
    try {
      const { logits } = await session.run({ input });
      const scores = logits!.data as Float32Array;
      const classes = scores.length / labels.length;
      let right = 0;
      labels.forEach((label, sample) => {
        const row = scores.subarray(sample * classes, (sample + 1) * classes);
        if (row.indexOf(Math.max(...row)) === label) right++;
      });
      return right / labels.length;
    } finally {
      await session.close();
    }
  }

  /** What NumPy's `save` wrote: bytes or FP32. */
  private read(name: string): { values: Uint8Array | Float32Array; dims: number[] } {
    const bytes = readFileSync(join(this.folder, `${name}.npy`));
    const start = 10 + bytes.readUInt16LE(8);
    const header = bytes.toString('latin1', 10, start);
    const dims = [.../'shape': \(([^)]*)\)/.exec(header)![1]!.matchAll(/\d+/g)].map(Number);
    const content = Uint8Array.from(bytes.subarray(start));
    return { values: header.includes("'|u1'") ? content : new Float32Array(content.buffer), dims };
  }
}
