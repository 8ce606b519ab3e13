// SPDX-License-Identifier: Apache-2.0
// Parts of a layer: some of its input channels. y = W x is the sum of what the parts make, so that one part after the other
// can be fitted to what the others leave, with sums over the data that are as small as the part.

import type { WeightLayer } from './weight-layer';

/** A layer that shows the input channels from `first` on alone. */
export function bandOf(layer: WeightLayer, first: number, channels: number): WeightLayer {
  const { view } = layer;
  return { ...layer, view: { ...view, channels, band: { first, of: view.channels } } };
}

/**
 * Bands of about the same width that cover a layer.
 *
 * @param most - Channels of a band.
 * @param multipleOf - What each but the last divides by; wins over `most`.
 */
export function bandsOf(
  layer: WeightLayer,
  { most, multipleOf }: { readonly most: number; readonly multipleOf: number },
): WeightLayer[] {
  const { channels } = layer.view;
  const even = (count: number) => Math.max(1, Math.ceil(count / multipleOf)) * multipleOf;
  const largest = Math.max(multipleOf, Math.floor(most / multipleOf) * multipleOf);
  const width = even(channels / Math.ceil(channels / largest));
  return Array.from({ length: Math.ceil(channels / width) }, (_, index) =>
    bandOf(layer, index * width, Math.min(width, channels - index * width)),
  );
}
