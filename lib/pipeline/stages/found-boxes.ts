// SPDX-License-Identifier: Apache-2.0
// From boxes that a detector gives to those that stay, and to where they are in the images.

import { nonMaximumSuppression, splitDetections } from '../../ops/boxes/non-maximum-suppression';
import { rescaleBoxes } from '../../ops/boxes/rescale';
import type { ImageTransform } from '../../ops/image/transform';
import type { DeviceTensor } from '../../runtime/device-tensor';
import type { Tensor } from '../../runtime/tensor';
import type { Detection } from '../results';
import { suppressionSettings } from '../spec/check-detection';
import type { DetectionPost } from '../spec/post-spec';
import { namesOf, scored } from './output-rows';
import { operatorOptions, toHost, type StageContext } from './stage';

/** Boxes with their scores, before or after the suppression. */
export interface ScoredBoxes {
  readonly boxes: Tensor | DeviceTensor;
  readonly scores: Tensor | DeviceTensor;
  readonly classes?: Tensor | DeviceTensor;
}

/** What stays of the boxes of a batch. */
export type KeptBoxes = Record<'boxes' | 'scores' | 'classes' | 'indices' | 'counts', Tensor | DeviceTensor>;

/** A box that stays, and where in the head it was. */
export interface FoundBox {
  readonly detection: Detection;
  readonly index: number;
}

/** Leaves out boxes that overlap a better one. */
export async function suppress(
  { boxes, scores, classes }: ScoredBoxes,
  post: Pick<DetectionPost, 'nms'>,
  context: StageContext,
): Promise<KeptBoxes> {
  const kept = await nonMaximumSuppression(boxes, scores, {
    ...suppressionSettings(post),
    ...operatorOptions(context),
    ...(classes === undefined ? {} : { classes }),
  });
  for (const tensor of Object.values(kept)) context.scope.keep(tensor as Tensor | DeviceTensor);
  return kept as KeptBoxes;
}

/** Where boxes of a batch go. */
export interface FoundTarget {
  /** Images, padding left out. */
  readonly count: number;
  readonly transforms: readonly ImageTransform[];
  readonly labels: readonly string[] | string | undefined;
}

/** Brings boxes to the host and into the images: a list for each. */
export async function findInImages(
  kept: KeptBoxes,
  { count, transforms, labels }: FoundTarget,
  context: StageContext,
): Promise<FoundBox[][]> {
  const boxes = context.scope.keep(await rescaleBoxes(kept.boxes, transforms, operatorOptions(context)));
  const found = splitDetections({
    boxes: (await toHost(boxes)) as Tensor<Float32Array>,
    scores: (await toHost(kept.scores)) as Tensor<Float32Array>,
    classes: (await toHost(kept.classes)) as Tensor<Int32Array>,
    indices: (await toHost(kept.indices)) as Tensor<Int32Array>,
    counts: (await toHost(kept.counts)) as Tensor<Int32Array>,
  });
  const names = namesOf(labels);
  return found.slice(0, count).map((image) =>
    Array.from({ length: image.count }, (_, index) => ({
      detection: {
        ...scored(image.classes[index]!, image.scores[index]!, names),
        box: boxAt(image.boxes, index),
      },
      index: image.indices[index]!,
    })),
  );
}

/** A box of corners, x1, y1, x2, y2. */
export function boxAt(corners: Float32Array, index: number): Detection['box'] {
  const [left, top, right, bottom] = corners.subarray(index * 4, index * 4 + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return { x: left, y: top, width: right - left, height: bottom - top };
}
