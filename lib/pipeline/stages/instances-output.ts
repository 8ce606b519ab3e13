// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { rescaleMasks } from '../../ops/boxes/rescale';
import type { ImageTransform } from '../../ops/image/transform';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Detection, InstanceDetection, InstanceMask } from '../results';
import type { InstanceSegmentationPost } from '../spec/post-spec';
import type { ModelSize } from './box-numbers';
import { decodeAndSuppress } from './detection-output';
import { findInImages } from './found-boxes';
import { hostFloats } from './host-numbers';
import { requireBatch, type Outputs } from './output-rows';
import { splitHead } from './split-head';
import { operatorOptions, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** The masks of one image that coefficients are of. */
interface Prototypes {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A part of the image that a mask covers. */
type Part = Omit<InstanceMask, 'data'>;

/** A head with coefficients, and masks that they are of, to boxes and masks in the images. */
export class InstancesOutput implements OutputStage<readonly InstanceDetection[]> {
  readonly outputs: readonly string[];
  /** The head is cut in two, and masks are made box by box, which the host does. */
  readonly staysOnDevice = false;
  readonly #post: InstanceSegmentationPost;
  readonly #size: ModelSize;

  constructor(post: InstanceSegmentationPost, infos: readonly TensorInfo[], size: ModelSize) {
    this.outputs = infos.map(({ name }) => name);
    this.#post = post;
    this.#size = size;
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const [name, masksName] = this.outputs as [string, string];
    for (const one of [name, masksName]) requireBatch(one, outputs[one]!.dims, batch);
    const [whole, masks] = await Promise.all(
      [name, masksName].map((one) => hostFloats(outputs[one]!, context)),
    );
    const { decode, labels } = this.#post;
    const prototypes = prototypesOf(masks!, masksName);
    const head = splitHead(whole!, {
      name,
      isChannelsFirst: decode.layout === 'channels-first',
      extras: prototypes[0]?.count ?? 0,
    });
    const kept = await decodeAndSuppress(head.front, this.#post, context);
    const found = await findInImages(kept, { count, transforms, labels }, context);
    const results: InstanceDetection[][] = [];
    for (const [image, boxes] of found.entries()) {
      const all: InstanceDetection[] = [];
      // One after the other: between them the event loop gets its turn.
      for (const { detection, index } of boxes)
        all.push({
          ...detection,
          mask: await this.#maskOf(
            detection.box,
            {
              coefficients: head.extrasOf(image, index),
              prototypes: prototypes[image]!,
              transform: transforms[image]!,
            },
            context,
          ),
        });
      results.push(all);
    }
    return results;
  }

  async #maskOf(
    box: Detection['box'],
    { coefficients, prototypes, transform }: MaskParts,
    context: StageContext,
  ): Promise<InstanceMask> {
    const part = partOf(box);
    if (part.width === 0 || part.height === 0) return { ...part, data: new Uint8Array(0) };
    // The box's part of the image as an image of its own: a mask of the whole one is large.
    const placed = {
      ...transform,
      offsetX: transform.offsetX + part.x * transform.scaleX,
      offsetY: transform.offsetY + part.y * transform.scaleY,
      width: part.width,
      height: part.height,
    };
    const corners = [box.x - part.x, box.y - part.y, box.x + box.width - part.x, box.y + box.height - part.y];
    const logits = logitsUnder(placed, { coefficients, prototypes, model: this.#size });
    const { data } = await rescaleMasks(logits, new Tensor('float32', [1, 4], Float32Array.from(corners)), {
      transform: placed,
      model: this.#size,
      ...operatorOptions(context),
    });
    return { ...part, data };
  }
}

interface MaskParts {
  readonly coefficients: Float32Array;
  readonly prototypes: Prototypes;
  readonly transform: ImageTransform;
}

function prototypesOf({ dims, data }: Tensor<Float32Array>, name: string): Prototypes[] {
  const [batch, count, height, width] = dims as [number, number, number, number];
  const size = count * height * width;
  if (dims.length !== 4 || size === 0)
    throw new TensorRTError(
      'ERR_TRT_RUN_FAILED',
      `The pipeline expected prototypes [N, coefficients, h, w], but the model's output "${name}" has dims [${dims.join(', ')}].`,
      { details: { output: name, dims } },
    );
  return Array.from({ length: batch }, (_, image) => ({
    ...{ count, height, width },
    data: data.subarray(image * size, (image + 1) * size),
  }));
}

/** The pixels whose column and row are in a box. */
function partOf({ x, y, width, height }: Detection['box']): Part {
  const [left, top] = [Math.ceil(x), Math.ceil(y)];
  return {
    x: left,
    y: top,
    // NaN: no pixels.
    width: Math.max(0, Math.ceil(x + width) - left) || 0,
    height: Math.max(0, Math.ceil(y + height) - top) || 0,
  };
}

/** Products of coefficients and prototypes where they lie under a part of the image; 0 elsewhere. */
function logitsUnder(
  transform: ImageTransform,
  {
    coefficients,
    prototypes,
    model,
  }: { coefficients: Float32Array; prototypes: Prototypes; model: ModelSize },
): Tensor<Float32Array> {
  const { count, width, height, data } = prototypes;
  const columns = rangeUnder(transform.width, {
    scale: (transform.scaleX * width) / model.width,
    offset: (transform.offsetX * width) / model.width,
    size: width,
  });
  const rows = rangeUnder(transform.height, {
    scale: (transform.scaleY * height) / model.height,
    offset: (transform.offsetY * height) / model.height,
    size: height,
  });
  const logits = new Float32Array(width * height);
  for (let prototype = 0; prototype < count; prototype++) {
    const factor = coefficients[prototype]!;
    const from = prototype * width * height;
    for (let row = rows.first; row <= rows.last; row++)
      for (let at = row * width + columns.first; at <= row * width + columns.last; at++)
        logits[at] = logits[at]! + factor * data[from + at]!;
  }
  return new Tensor('float32', [1, height, width], logits);
}

/** The places that interpolation at any of `pixels` looks at. */
function rangeUnder(
  pixels: number,
  { scale, offset, size }: { scale: number; offset: number; size: number },
): { first: number; last: number } {
  const at = (pixel: number): number => Math.floor((pixel + 0.5) * scale + offset - 0.5);
  const within = (place: number): number => Math.min(size - 1, Math.max(0, place));
  // One more at each end: the operator's numbers are rounded to float32.
  return { first: within(at(0) - 1), last: within(at(pixels - 1) + 2) };
}
