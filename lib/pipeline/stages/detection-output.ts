// SPDX-License-Identifier: Apache-2.0
import { decodeBoxes } from '../../ops/boxes/decode-boxes';
import { nonMaximumSuppression, splitDetections } from '../../ops/boxes/non-maximum-suppression';
import { rescaleBoxes } from '../../ops/boxes/rescale';
import type { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Detection } from '../results';
import { suppressionSettings } from '../spec/check-detection';
import type { DetectionPost } from '../spec/pipeline-spec';
import { namesOf, requireBatch, scored, type Outputs } from './output-rows';
import { operatorOptions, toHost, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** A head to boxes in the images. */
export class DetectionOutput implements OutputStage<readonly Detection[]> {
  readonly outputs: readonly string[];
  readonly staysOnDevice = true;
  readonly #post: DetectionPost;

  constructor(post: DetectionPost, info: TensorInfo) {
    this.outputs = [info.name];
    this.#post = post;
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const name = this.outputs[0]!;
    requireBatch(name, outputs[name]!.dims, batch);
    const kept = await this.#suppress(outputs[name]!, context);
    const { scope } = context;
    const boxes = scope.keep(await rescaleBoxes(kept.boxes, transforms, operatorOptions(context)));
    const found = splitDetections({
      boxes: (await toHost(boxes)) as Tensor<Float32Array>,
      scores: (await toHost(kept.scores)) as Tensor<Float32Array>,
      classes: (await toHost(kept.classes)) as Tensor<Int32Array>,
      indices: (await toHost(kept.indices)) as Tensor<Int32Array>,
      counts: (await toHost(kept.counts)) as Tensor<Int32Array>,
    });
    const labels = namesOf(this.#post.labels);
    return found.slice(0, count).map((image) =>
      Array.from({ length: image.count }, (_, index): Detection => {
        const [left, top, right, bottom] = image.boxes.subarray(index * 4, index * 4 + 4) as unknown as [
          number,
          number,
          number,
          number,
        ];
        return {
          ...scored(image.classes[index]!, image.scores[index]!, labels),
          box: { x: left, y: top, width: right - left, height: bottom - top },
        };
      }),
    );
  }

  async #suppress(head: Tensor | DeviceTensor, context: StageContext) {
    const { anchors, ...decode } = this.#post.decode;
    const nms = suppressionSettings(this.#post);
    const options = operatorOptions(context);
    const decoded = await decodeBoxes(head, {
      ...decode,
      ...options,
      best: nms.multiLabel !== true,
      ...(anchors === undefined
        ? {}
        : { anchors: new Tensor('float32', [anchors.length, 4], Float32Array.from(anchors.flat())) }),
    });
    const { scope } = context;
    for (const tensor of Object.values(decoded)) scope.keep(tensor as Tensor | DeviceTensor);
    const kept = await nonMaximumSuppression(decoded.boxes as Tensor | DeviceTensor, decoded.scores, {
      ...nms,
      ...options,
      ...(decoded.classes === undefined ? {} : { classes: decoded.classes }),
    });
    for (const tensor of Object.values(kept)) scope.keep(tensor as Tensor | DeviceTensor);
    return kept as Record<'boxes' | 'scores' | 'classes' | 'indices' | 'counts', Tensor | DeviceTensor>;
  }
}
