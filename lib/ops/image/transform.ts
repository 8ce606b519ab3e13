// SPDX-License-Identifier: Apache-2.0
// Where an image's pixels go in a model's input, and how to get back.

/**
 * How a model's input lies over the image that it was made from:
 *
 *     original = (model - offset) / scale
 *
 * in pixels, where (0, 0) is the left upper corner of the first pixel and (0.5, 0.5) its centre: what boxes are measured
 * in. With `coordinates: 'align-corners'` the numbers hold for the pixels' indexes instead.
 */
export interface ImageTransform {
  /** Pixels of the model's input for each pixel of the image, along a row. */
  readonly scaleX: number;
  /** The same along a column. */
  readonly scaleY: number;
  /** Where in the model's input the image's left upper corner lies; negative where a crop cuts it off. */
  readonly offsetX: number;
  /** The same for its upper edge. */
  readonly offsetY: number;
  /** Width of the whole original image, in pixels. */
  readonly width: number;
  /** Its height. */
  readonly height: number;
}

/** A part of an image, or a place in an output, in pixels. */
export interface Rectangle {
  /** Left edge. */
  readonly x: number;
  /** Upper edge. */
  readonly y: number;
  /** Pixels of a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** How an image of another shape is made to fit. */
export type ImageFit = 'stretch' | 'contain' | 'cover';

/** How a crop becomes an output. */
export interface FitRequest {
  readonly size: { readonly width: number; readonly height: number };
  readonly fit: ImageFit;
  readonly position: 'center' | 'start';
  readonly coverFraction: number;
}

/** What is shown of an image, and where. */
export interface Placement {
  /** In the image. */
  readonly source: Rectangle;
  /** In the output; whole numbers. */
  readonly target: Rectangle;
}

/** Fits a crop into the output. */
export function placeImage(crop: Rectangle, { size, fit, position, coverFraction }: FitRequest): Placement {
  const whole = { x: 0, y: 0, width: size.width, height: size.height };
  const share = position === 'center' ? 0.5 : 0;
  const scales = [size.width / crop.width, size.height / crop.height] as const;
  if (fit === 'contain') {
    const scale = Math.min(...scales);
    const width = Math.max(1, Math.min(size.width, Math.round(crop.width * scale)));
    const height = Math.max(1, Math.min(size.height, Math.round(crop.height * scale)));
    const x = Math.floor((size.width - width) * share);
    const y = Math.floor((size.height - height) * share);
    return { source: crop, target: { x, y, width, height } };
  }
  if (fit === 'stretch') return { source: crop, target: whole };
  const scale = Math.max(...scales) / coverFraction;
  const width = Math.min(crop.width, size.width / scale);
  const height = Math.min(crop.height, size.height / scale);
  const x = crop.x + (crop.width - width) * share;
  const y = crop.y + (crop.height - height) * share;
  return { source: { x, y, width, height }, target: whole };
}

/** How to get from the output back to the image. */
export function transformOf(
  { source, target }: Placement,
  image: { readonly width: number; readonly height: number },
  isAlignCorners: boolean,
): ImageTransform {
  const scale = (outputs: number, pixels: number): number =>
    isAlignCorners && outputs > 1 && pixels > 1 ? (outputs - 1) / (pixels - 1) : outputs / pixels;
  const scaleX = scale(target.width, source.width);
  const scaleY = scale(target.height, source.height);
  return {
    scaleX,
    scaleY,
    offsetX: target.x - source.x * scaleX,
    offsetY: target.y - source.y * scaleY,
    width: image.width,
    height: image.height,
  };
}
