// SPDX-License-Identifier: Apache-2.0

/** Factors take away nearly all of the difference; of noise or cut-off values they take away little. */
const LARGEST_SHARE_LEFT = 0.1;

/**
 * Undoes equalisation for a comparison. Channels of an equalised model are those of its source divided by factors that
 * are not written anywhere; each is found as the one with the smallest squared error on the first run,
 * `g = sum x y / sum y y`, and is 1 where it leaves more than a tenth of the error: that is the error to be shown.
 */
export class ChannelAligner {
  private gains: Float64Array | undefined;

  /** @param axis - Axis of the channels. */
  constructor(private readonly axis: 1 | -1) {}

  /** True if there are channels of another size. */
  get isRescaled(): boolean {
    return this.gains?.some((gain) => gain !== 1) ?? false;
  }

  /** The values of the model in the sizes of the source; those of the first call decide. */
  align(source: ArrayLike<number>, values: ArrayLike<number>, dims: readonly number[]): ArrayLike<number> {
    const axis = this.axis === 1 ? 1 : dims.length - 1;
    const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    this.gains ??= findGains(source, values, { channels: dims[axis] ?? 1, inner });
    if (!this.isRescaled) return values;
    const aligned = new Float32Array(values.length);
    for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % this.gains.length) {
      const gain = this.gains[channel]!;
      for (const end = at + inner; at < end; at++) aligned[at] = values[at]! * gain;
    }
    return aligned;
  }
}

function findGains(
  source: ArrayLike<number>,
  values: ArrayLike<number>,
  { channels, inner }: { channels: number; inner: number },
): Float64Array {
  const [products, energies, signals] = [0, 1, 2].map(() => new Float64Array(channels)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % channels) {
    for (const end = at + inner; at < end; at++) {
      products[channel]! += source[at]! * values[at]!;
      energies[channel]! += values[at]! ** 2;
      signals[channel]! += source[at]! ** 2;
    }
  }
  return products.map((product, channel) => {
    const [energy, signal] = [energies[channel]!, signals[channel]!];
    const gain = product / energy;
    const [before, after] = [signal - 2 * product + energy, signal - product * gain];
    // Channels are divided by positive factors; what is negative, zero or NaN is an error to be shown.
    return gain > 0 && gain < Infinity && after < LARGEST_SHARE_LEFT * before ? gain : 1;
  });
}
