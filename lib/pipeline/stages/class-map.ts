// SPDX-License-Identifier: Apache-2.0
// Classes over the model's output to classes of an image's pixels.

import type { ImageTransform } from '../../ops/image/transform';
import type { Segmentation, SegmentClass } from '../results';
import type { ModelSize } from './box-numbers';
import type { NumberArray } from './host-numbers';

/** Classes of pixels over the model's output, row by row. */
export interface ClassMap {
  readonly width: number;
  readonly height: number;
  readonly classes: NumberArray;
}

/** What they lie over. */
export interface SpreadTarget {
  readonly transform: ImageTransform;
  readonly model: ModelSize;
  /** Classes that there can be. */
  readonly most: number;
  readonly labels: readonly string[] | undefined;
}

/**
 * Gives each pixel of an image the class at its centre.
 *
 * Rows of the map are spread once and copied to all rows of the image that they lie over: the work is one step for each
 * of the map's rows times the image's width, and a copy.
 */
export function spreadClasses(
  { width, height, classes }: ClassMap,
  { transform, model, most, labels }: SpreadTarget,
): Segmentation {
  const none = most <= 255 ? 255 : 65_535;
  const map = new (most <= 255 ? Uint8Array : Uint16Array)(transform.width * transform.height).fill(none);
  const columns = placesOf(transform.width, {
    scale: (transform.scaleX * width) / model.width,
    offset: (transform.offsetX * width) / model.width,
    size: width,
  });
  const rows = placesOf(transform.height, {
    scale: (transform.scaleY * height) / model.height,
    offset: (transform.offsetY * height) / model.height,
    size: height,
  });
  const pixels = new Map<number, number>();
  for (let y = 0; y < rows.length;) {
    const row = rows[y]!;
    let end = y + 1;
    while (end < rows.length && rows[end] === row) end++;
    if (row >= 0) {
      const line = map.subarray(y * transform.width, (y + 1) * transform.width);
      spreadRow(classes.subarray(row * width, (row + 1) * width), columns, { line, none });
      count(line, { times: end - y, pixels });
      for (let next = y + 1; next < end; next++) map.set(line, next * transform.width);
    }
    y = end;
  }
  return {
    width: transform.width,
    height: transform.height,
    map,
    none,
    classes: ranked(pixels, { none, labels, all: map.length }),
  };
}

/** Where in the map each pixel's centre lies; -1 outside of what the model has seen. */
function placesOf(
  pixels: number,
  { scale, offset, size }: { scale: number; offset: number; size: number },
): Int32Array {
  return Int32Array.from({ length: pixels }, (_, pixel) => {
    const place = Math.floor((pixel + 0.5) * scale + offset);
    return place >= 0 && place < size ? place : -1;
  });
}

function spreadRow(
  classes: NumberArray,
  columns: Int32Array,
  { line, none }: { line: Uint8Array | Uint16Array; none: number },
): void {
  for (let x = 0; x < line.length; x++) {
    const column = columns[x]!;
    const found = column < 0 ? none : classes[column]!;
    // What does not fit, such as the -1 of pixels to ignore, is no class.
    line[x] = found >= 0 && found < none ? found : none;
  }
}

function count(
  line: Uint8Array | Uint16Array,
  { times, pixels }: { times: number; pixels: Map<number, number> },
): void {
  // Neighbours mostly have the same class.
  let start = 0;
  for (let x = 1; x <= line.length; x++) {
    if (x < line.length && line[x] === line[start]) continue;
    const found = line[start]!;
    pixels.set(found, (pixels.get(found) ?? 0) + (x - start) * times);
    start = x;
  }
}

function ranked(
  pixels: ReadonlyMap<number, number>,
  { none, labels, all }: { none: number; labels: readonly string[] | undefined; all: number },
): SegmentClass[] {
  return [...pixels]
    .filter(([classId]) => classId !== none)
    .sort(([a, more], [b, less]) => less - more || a - b)
    .map(([classId, size]) => {
      const label = labels?.[classId];
      return { classId, pixels: size, share: size / all, ...(label === undefined ? {} : { label }) };
    });
}
