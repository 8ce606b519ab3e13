// SPDX-License-Identifier: Apache-2.0
// Small models for tests of pipelines, whose answers can be computed by hand, and pictures for them.

import sharp from 'sharp';

import type { RawImage } from '../lib/ops/image';
import { makeModel, ONNX_TYPES, type NodeSpec, type TensorSpec } from './onnx-builder';

/** How much each class likes red, green and blue: what `colourModel()` multiplies mean colours with. */
export const COLOUR_WEIGHTS = [
  [4, -2, -2],
  [-2, 4, -2],
  [-2, -2, 4],
  [1, 1, 1],
] as const;
/** What the classes of `colourModel()` are. */
export const COLOUR_LABELS = ['red', 'green', 'blue', 'bright'] as const;

/** `images` [batch, 3, side, side] to `logits` [batch, 4]: mean colours times {@link COLOUR_WEIGHTS}. */
export function colourModel(batch: number | string = 'batch', side: number | string = 8): Uint8Array {
  return makeModel({
    inputs: [{ name: 'images', dims: [batch, 3, side, side] }],
    outputs: [{ name: 'logits', dims: [batch, 4] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['mean'] },
      { op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
      { op: 'MatMul', inputs: ['flat', 'weights'], outputs: ['logits'] },
    ],
    initializers: [
      {
        name: 'weights',
        dims: [3, 4],
        data: [0, 1, 2].flatMap((channel) => COLOUR_WEIGHTS.map((row) => row[channel]!)),
      },
    ],
  });
}

/** The head of {@link headModel}: centre x, y, width, height, and a number for each of two classes, in pixels of 16 x 16. */
export const HEAD = [
  [4, 4, 4, 4, 0.9, 0.1],
  [4.5, 4, 4, 4, 0.8, 0.1],
  [12, 12, 6, 4, 0.2, 0.7],
  [8, 8, 2, 2, 0.1, 0.2],
] as const;

/**
 * `images` [batch, 3, 16, 16] to `head` [batch, 4, 6]: {@link HEAD}, its class numbers multiplied with the image's mean
 * of red, 0 to 1.
 */
export function headModel(batch: number | string = 'batch'): Uint8Array {
  const isNumber = (column: number): number => (column >= 4 ? 1 : 0);
  return makeModel({
    inputs: [{ name: 'images', dims: [batch, 3, 16, 16] }],
    outputs: [{ name: 'head', dims: [batch, 4, 6] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['mean'] },
      { op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
      { op: 'MatMul', inputs: ['flat', 'red'], outputs: ['redness'] },
      { op: 'Reshape', inputs: ['redness', 'shape'], outputs: ['each'] },
      { op: 'Mul', inputs: ['each', 'scores'], outputs: ['scaled'] },
      { op: 'Add', inputs: ['scaled', 'boxes'], outputs: ['head'] },
    ],
    initializers: [
      { name: 'red', dims: [3, 1], data: [1, 0, 0] },
      { name: 'shape', type: 'INT64', dims: [3], data: [-1, 1, 1] },
      {
        name: 'scores',
        dims: [1, 4, 6],
        data: HEAD.flatMap((row) => row.map((value, i) => value * isNumber(i))),
      },
      {
        name: 'boxes',
        dims: [1, 4, 6],
        data: HEAD.flatMap((row) => row.map((value, i) => value * (1 - isNumber(i)))),
      },
    ],
  });
}

/** `images` [batch, 3, 2, 2] to `tokens` [batch, 4, 3]: each pixel's colour. */
export function tokensModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'images', dims: ['batch', 3, 2, 2] }],
    outputs: [{ name: 'tokens', dims: ['batch', 4, 3] }],
    nodes: [
      { op: 'Reshape', inputs: ['images', 'shape'], outputs: ['pixels'] },
      { op: 'Transpose', inputs: ['pixels'], outputs: ['tokens'], attributes: { perm: [0, 2, 1] } },
    ],
    initializers: [{ name: 'shape', type: 'INT64', dims: [3], data: [0, 3, 4] }],
  });
}

/** An output of {@link outputsModel}: one image's numbers. */
export interface FixedOutput {
  readonly name: string;
  /** Without the batch in front. */
  readonly dims: readonly number[];
  readonly data: readonly number[];
  /** Multiplied with the image's mean of red, 0 to 1. */
  readonly isScaled?: boolean;
  /** Default: `'FLOAT'`. */
  readonly type?: 'FLOAT' | 'FLOAT16' | 'INT64' | 'INT32';
  /** Its batch, of one, is left out: `dims` alone. */
  readonly isUnbatched?: boolean;
}

/** `images` [batch, 3, side, side] to outputs that are the same for each image, but for how red it is. */
export function outputsModel(outputs: readonly FixedOutput[], side = 16): Uint8Array {
  const made = outputs.map((output, index) => outputNodes(output, index));
  return makeModel({
    inputs: [{ name: 'images', dims: ['batch', 3, side, side] }],
    outputs: outputs.map(({ name, dims, type = 'FLOAT', isUnbatched = false }) => ({
      name,
      type,
      dims: isUnbatched ? dims : ['batch', ...dims],
    })),
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['mean'] },
      { op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
      { op: 'MatMul', inputs: ['flat', 'red'], outputs: ['redness'] },
      { op: 'MatMul', inputs: ['flat', 'nothing'], outputs: ['zero'] },
      ...made.flatMap(({ nodes }) => nodes),
    ],
    initializers: [
      { name: 'red', dims: [3, 1], data: [1, 0, 0] },
      { name: 'nothing', dims: [3, 1], data: [0, 0, 0] },
      ...made.flatMap(({ initializers }) => initializers),
    ],
  });
}

function outputNodes(
  { name, dims, data, isScaled = false, type = 'FLOAT', isUnbatched = false }: FixedOutput,
  index: number,
): { nodes: NodeSpec[]; initializers: TensorSpec[] } {
  const [shape, numbers, each, full, shaped] = ['shape', 'numbers', 'each', 'full', 'shaped'].map(
    (part) => `${part}${index}`,
  ) as [string, string, string, string, string];
  return {
    nodes: [
      { op: 'Reshape', inputs: [isScaled ? 'redness' : 'zero', shape], outputs: [each] },
      { op: isScaled ? 'Mul' : 'Add', inputs: [each, numbers], outputs: [full] },
      isUnbatched
        ? { op: 'Squeeze', inputs: [full, 'front'], outputs: [shaped] }
        : { op: 'Identity', inputs: [full], outputs: [shaped] },
      { op: 'Cast', inputs: [shaped], outputs: [name], attributes: { to: ONNX_TYPES[type] } },
    ],
    initializers: [
      { name: shape, type: 'INT64', dims: [dims.length + 1], data: [-1, ...dims.map(() => 1)] },
      { name: numbers, dims: [1, ...dims], data },
      ...(isUnbatched && index === 0
        ? [{ name: 'front', type: 'INT64' as const, dims: [1], data: [0] }]
        : []),
    ],
  };
}

/** An image of one colour. */
export function plain(
  [red, green, blue]: readonly [number, number, number],
  width = 8,
  height = 8,
): RawImage<Uint8Array> {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) data.set([red, green, blue], at);
  return { data, width, height, format: 'rgb' };
}

/** An image that differs from pixel to pixel. */
export function pattern(width: number, height: number, seed = 1): RawImage<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 7919 * seed) >> 4);
  return { data, width, height, format: 'rgb' };
}

/** The file of an image. */
export async function encode(image: RawImage<Uint8Array>, format: 'jpeg' | 'png' | 'webp'): Promise<Buffer> {
  const { data, width, height } = image;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (format === 'png') return picture.png().toBuffer();
  return format === 'webp'
    ? picture.webp({ lossless: true }).toBuffer()
    : picture.jpeg({ quality: 95 }).toBuffer();
}
