// SPDX-License-Identifier: Apache-2.0
import { rescaleKeypoints } from '../../ops/boxes/rescale';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Keypoint, KeypointDetection } from '../results';
import { extraNumbers } from '../spec/fit-outputs';
import type { KeypointsPost } from '../spec/post-spec';
import { decodeAndSuppress } from './detection-output';
import { findInImages, type FoundBox } from './found-boxes';
import { hostFloats } from './host-numbers';
import { requireBatch, type Outputs } from './output-rows';
import { splitHead, type SplitHead } from './split-head';
import { operatorOptions, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** A head with points to boxes and points in the images. */
export class KeypointsOutput implements OutputStage<readonly KeypointDetection[]> {
  readonly outputs: readonly string[];
  /** The head is cut in two, which the host does. */
  readonly staysOnDevice = false;
  readonly #post: KeypointsPost;

  constructor(post: KeypointsPost, info: TensorInfo) {
    this.outputs = [info.name];
    this.#post = post;
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const name = this.outputs[0]!;
    requireBatch(name, outputs[name]!.dims, batch);
    const { decode, labels } = this.#post;
    const head = splitHead(await hostFloats(outputs[name]!, context), {
      name,
      isChannelsFirst: decode.layout === 'channels-first',
      extras: extraNumbers(this.#post),
    });
    const kept = await decodeAndSuppress(head.front, this.#post, context);
    const found = await findInImages(kept, { count, transforms, labels }, context);
    return this.#pointsOf(found, head, { transforms, context });
  }

  async #pointsOf(
    found: readonly (readonly FoundBox[])[],
    head: SplitHead,
    { transforms, context }: Pick<FinishedBatch, 'transforms'> & { context: StageContext },
  ): Promise<KeypointDetection[][]> {
    const most = Math.max(...found.map(({ length }) => length));
    if (most === 0) return found.map(() => []);
    const { points, pointScores = true } = this.#post;
    const names = typeof points === 'number' ? undefined : points;
    const [count, step] = [names?.length ?? (points as number), pointScores ? 3 : 2];
    const size = count * step;
    const data = new Float32Array(found.length * most * size);
    found.forEach((boxes, image) =>
      boxes.forEach(({ index }, place) =>
        data.set(head.extrasOf(image, index), (image * most + place) * size),
      ),
    );
    const tensor = new Tensor('float32', [found.length, most, count, step], data);
    const inImages = await rescaleKeypoints(
      tensor,
      transforms.slice(0, found.length),
      operatorOptions(context),
    );
    return found.map((boxes, image) =>
      boxes.map(({ detection }, place) => ({
        ...detection,
        points: Array.from({ length: count }, (_, point): Keypoint => {
          const [x, y, score] = inImages.data.subarray(((image * most + place) * count + point) * step);
          return {
            x: x!,
            y: y!,
            ...(pointScores ? { score: score! } : {}),
            ...(names === undefined ? {} : { name: names[point]! }),
          };
        }),
      })),
    );
  }
}
