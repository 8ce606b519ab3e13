// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { argMax } from '../../ops/scores/top-k';
import { transpose } from '../../ops/tensors/transpose';
import type { DeviceTensor } from '../../runtime/device-tensor';
import type { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Segmentation } from '../results';
import { fixedSize, SCORE_TYPES } from '../spec/model-tensors';
import type { SegmentationPost } from '../spec/post-spec';
import type { ModelSize } from './box-numbers';
import { spreadClasses } from './class-map';
import { hostFloats, hostNumbers, type NumberArray } from './host-numbers';
import { namesOf, requireBatch, type Outputs } from './output-rows';
import { operatorOptions, toHost, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** Classes of all pixels of a batch, over the model's output. */
interface ClassifiedBatch {
  readonly width: number;
  readonly height: number;
  readonly classes: NumberArray;
  /** Classes that there can be. */
  readonly most: number;
}

/** Scores of pixels to their classes, over the whole image. */
export class SegmentationOutput implements OutputStage<Segmentation> {
  readonly outputs: readonly string[];
  readonly staysOnDevice: boolean;
  readonly #post: SegmentationPost;
  readonly #size: ModelSize;
  readonly #isScores: boolean;

  constructor(post: SegmentationPost, info: TensorInfo, size: ModelSize) {
    this.outputs = [info.name];
    this.#post = post;
    this.#size = size;
    this.#isScores = SCORE_TYPES.includes(info.type);
    // One class is held against a threshold, on the host.
    const classes = fixedSize(info, post.layout === 'nhwc' ? 3 : 1) ?? 1;
    this.staysOnDevice = this.#isScores && classes > 1;
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const name = this.outputs[0]!;
    requireBatch(name, outputs[name]!.dims, batch);
    const { classes, width, height, most } = await this.#classify(outputs[name]!, context);
    const labels = namesOf(this.#post.labels);
    const area = width * height;
    return Array.from({ length: count }, (_, image) =>
      spreadClasses(
        { width, height, classes: classes.subarray(image * area, (image + 1) * area) },
        { transform: transforms[image]!, model: this.#size, most, labels },
      ),
    );
  }

  async #classify(output: Tensor | DeviceTensor, context: StageContext): Promise<ClassifiedBatch> {
    const { dims } = output;
    if (!this.#isScores) {
      const [height, width] = dims.slice(-2) as [number, number];
      if (dims.length !== 3 && (dims.length !== 4 || dims[1] !== 1)) throw this.#misshaped(dims);
      const most = ['uint8', 'bool'].includes(output.type) ? 255 : 65_535;
      return { width, height, most, classes: await hostNumbers(output, context) };
    }
    if (dims.length !== 4) throw this.#misshaped(dims);
    const isLast = this.#post.layout === 'nhwc';
    const [height, width, most] = (isLast ? dims.slice(1) : [dims[2], dims[3], dims[1]]) as [
      number,
      number,
      number,
    ];
    if (most === 0 || most > 65_535) throw this.#misshaped(dims);
    const classes = most === 1 ? await this.#compare(output, context) : await best(output, isLast, context);
    return { width, height, most: Math.max(2, most), classes };
  }

  /** One class, by the threshold. */
  async #compare(output: Tensor | DeviceTensor, context: StageContext): Promise<Uint8Array> {
    const { threshold = 0 } = this.#post;
    return Uint8Array.from((await hostFloats(output, context)).data, (score) => Number(score > threshold));
  }

  #misshaped(dims: readonly number[]): TensorRTError {
    const [name] = this.outputs;
    return new TensorRTError(
      'ERR_TRT_RUN_FAILED',
      `The pipeline expected ${this.#isScores ? 'scores [N, classes, h, w] of 1 to 65,535 classes' : 'classes [N, h, w]'}, but the model's output "${name}" has dims [${dims.join(', ')}].`,
      { details: { output: name, dims } },
    );
  }
}

/** The class of the highest score of each pixel. */
async function best(
  scores: Tensor | DeviceTensor,
  isLast: boolean,
  context: StageContext,
): Promise<NumberArray> {
  const { scope } = context;
  const options = operatorOptions(context);
  const rows = isLast ? scores : scope.keep(await transpose(scores, [0, 2, 3, 1], options));
  const classes = scope.keep(await argMax(rows, options));
  return (await toHost(classes)).data as Int32Array;
}
