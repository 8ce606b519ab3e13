// SPDX-License-Identifier: Apache-2.0
import { decodeBoxes } from '../../ops/boxes/decode-boxes';
import type { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Detection } from '../results';
import type { DetectionPost } from '../spec/post-spec';
import { findInImages, suppress, type KeptBoxes } from './found-boxes';
import { requireBatch, type Outputs } from './output-rows';
import { operatorOptions, type FinishedBatch, type OutputStage, type StageContext } from './stage';

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
    const kept = await decodeAndSuppress(outputs[name]!, this.#post, context);
    const { labels } = this.#post;
    const found = await findInImages(kept, { count, transforms, labels }, context);
    return found.map((image) => image.map(({ detection }) => detection));
  }
}

/** A head to the boxes that stay. */
export async function decodeAndSuppress(
  head: Tensor | DeviceTensor,
  post: Pick<DetectionPost, 'decode' | 'nms'>,
  context: StageContext,
): Promise<KeptBoxes> {
  const { anchors, ...decode } = post.decode;
  const decoded = await decodeBoxes(head, {
    ...decode,
    ...operatorOptions(context),
    best: post.nms?.multiLabel !== true,
    ...(anchors === undefined
      ? {}
      : { anchors: new Tensor('float32', [anchors.length, 4], Float32Array.from(anchors.flat())) }),
  });
  for (const tensor of Object.values(decoded)) context.scope.keep(tensor as Tensor | DeviceTensor);
  return suppress(decoded as Parameters<typeof suppress>[0], post, context);
}
