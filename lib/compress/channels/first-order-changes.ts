// SPDX-License-Identifier: Apache-2.0
import type { RunnerOutputs } from '../runner';
import type { ChannelGroup } from './rank-units';

/** One run: its samples, those of them that are new, and which class each has. */
interface RunSamples {
  readonly run: number;
  readonly count: number;
  readonly labels: ArrayLike<number> | undefined;
}

/** Sums over samples of (gradient times value, summed over what reads a unit)^2. */
export class FirstOrderChanges {
  private readonly sums: readonly Float64Array[];
  private counted = 0;

  constructor(private readonly groups: readonly ChannelGroup[]) {
    this.sums = groups.map(({ units }) => new Float64Array(units));
  }

  /**
   * Adds a run.
   *
   * @param parts - For each reader of each group `[rows, channels]`, or `[channels]`: gradient times value of the mean loss,
   * summed over all other axes. Where the rows are not samples one by one, the run counts as one sample.
   */
  add(parts: readonly RunnerOutputs[string][], { run, count, labels }: RunSamples): void {
    const isBySample = parts.every(({ dims }) => dims.length === 2 && dims[0]! % run === 0);
    const rows = isBySample ? count : 1;
    // The loss is a mean over those that have a label: what a sample changes in its own loss is as many times as much.
    const labelled = labels === undefined ? run : (run * countLabelled(labels)) / Math.max(1, labels.length);
    const factor = isBySample ? labelled : 1;
    let at = 0;
    this.groups.forEach(({ readers, units }, group) => {
      const changes = new Float64Array(rows * units);
      for (const { positions } of readers) addPart(changes, parts[at++]!, { rows, run, positions });
      const sums = this.sums[group]!;
      changes.forEach((change, index) => (sums[index % units]! += (factor * change) ** 2));
    });
    this.counted += isBySample ? labelled * (count / run) : 1;
  }

  /** The mean of each unit of each group. */
  means(): Float64Array[] {
    const count = Math.max(1, this.counted);
    return this.sums.map((sums) => sums.map((sum) => sum / count));
  }
}

/** Adds what one reader says to `[rows, units]`. */
function addPart(
  changes: Float64Array,
  { data, dims }: RunnerOutputs[string],
  { rows, run, positions }: { rows: number; run: number; positions: readonly (readonly number[])[] },
): void {
  const values = data as Float32Array;
  const channels = dims.at(-1)!;
  const lines = values.length / channels;
  const units = positions.length;
  // A sample may have several lines: tokens that were put into the first axis.
  const each = rows === 1 ? lines : lines / run;
  for (let row = 0; row < rows; row++)
    for (let line = row * each; line < (row + 1) * each; line++)
      positions.forEach((places, unit) => {
        for (const place of places) changes[row * units + unit]! += values[line * channels + place]!;
      });
}

function countLabelled(labels: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0) count++;
  return count;
}
