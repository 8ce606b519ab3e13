// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { sigmoid, softmax } from '../../ops/scores/softmax';
import { transpose } from '../../ops/tensors/transpose';
import type { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Detection } from '../results';
import { pairLayout, squeezed, type PairLayout } from '../spec/fit-boxes';
import type { BoxesScoresPost } from '../spec/post-spec';
import { transformsIn, writeCorners, type ModelSize } from './box-numbers';
import { findInImages, suppress } from './found-boxes';
import { hostFloats } from './host-numbers';
import { requireBatch, type Outputs } from './output-rows';
import { operatorOptions, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** Boxes and scores of two outputs to boxes in the images. */
export class BoxesScoresOutput implements OutputStage<readonly Detection[]> {
  readonly outputs: readonly string[];
  /** Where nothing is to be rearranged the operators take both as they are. */
  readonly staysOnDevice: boolean;
  readonly #post: BoxesScoresPost;
  readonly #size: ModelSize;

  constructor(post: BoxesScoresPost, infos: readonly TensorInfo[], size: ModelSize) {
    this.outputs = infos.map(({ name }) => name);
    this.#post = post;
    this.#size = size;
    this.staysOnDevice = isReady(post, infos);
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const [boxes, scores] = this.outputs.map((name) => {
      requireBatch(name, outputs[name]!.dims, batch);
      return outputs[name]!;
    }) as [Tensor | DeviceTensor, Tensor | DeviceTensor];
    const ready = this.staysOnDevice
      ? { boxes, scores: await this.#activate(scores, context) }
      : await this.#arrange(boxes, scores, context);
    const kept = await suppress(ready, this.#post, context);
    const { labels, units = 'model' } = this.#post;
    const inUnits = transformsIn(units, transforms, this.#size);
    const found = await findInImages(kept, { count, transforms: inUnits, labels }, context);
    return found.map((image) => image.map(({ detection }) => detection));
  }

  async #activate(scores: Tensor | DeviceTensor, context: StageContext): Promise<Tensor | DeviceTensor> {
    const { activation = 'none' } = this.#post;
    if (activation === 'none') return scores;
    const act = activation === 'softmax' ? softmax : sigmoid;
    const activated = await act(scores, { ...operatorOptions(context), type: 'float32' });
    return context.scope.keep(activated);
  }

  /** On the host: corners `[N, A, 4]`, and scores `[N, A, C]` without the background. */
  async #arrange(
    boxes: Tensor | DeviceTensor,
    scores: Tensor | DeviceTensor,
    context: StageContext,
  ): Promise<{ boxes: Tensor; scores: Tensor }> {
    const [numbers, values] = await Promise.all([hostFloats(boxes, context), hostFloats(scores, context)]);
    const dims = squeezed(numbers.dims);
    const layout = pairLayout(dims, squeezed(values.dims), this.#post.layout);
    if (layout === undefined) throw this.#unfit(numbers, values);
    const corners = cornersOf(numbers.data, dims, { ...this.#post, ...layout });
    const arranged = await this.#arrangeScores(values, layout, context);
    return { boxes: corners, scores: dropBackground(arranged, this.#post.background ?? 'none') };
  }

  async #arrangeScores(
    scores: Tensor<Float32Array>,
    { isScoresFirst }: PairLayout,
    context: StageContext,
  ): Promise<Tensor<Float32Array>> {
    const dims = squeezed(scores.dims);
    const shaped = new Tensor('float32', dims.length === 2 ? [...dims, 1] : dims, scores.data);
    const turned = isScoresFirst
      ? shaped
      : await transpose<Tensor<Float32Array>, Float32Array>(shaped, [0, 2, 1], operatorOptions(context));
    return (await this.#activate(turned as Tensor, context)) as Tensor<Float32Array>;
  }

  #unfit(boxes: Tensor, scores: Tensor): TensorRTError {
    const [first, second] = this.outputs;
    return new TensorRTError(
      'ERR_TRT_RUN_FAILED',
      `The model's outputs "${first}" [${boxes.dims.join(', ')}] and "${second}" [${scores.dims.join(', ')}] are no boxes of four numbers with scores of as many boxes.`,
      { details: { boxes: boxes.dims, scores: scores.dims } },
    );
  }
}

function isReady(
  { form = 'corners', background = 'none', activation = 'none', layout }: BoxesScoresPost,
  [boxes, scores]: readonly TensorInfo[],
): boolean {
  const isCorners = form === 'corners' && background === 'none' && boxes!.type === 'float32';
  const isTyped = activation !== 'none' || scores!.type === 'float32';
  const sizes = (info: TensorInfo): (number | undefined)[] =>
    info.dims.map((size) => (typeof size === 'number' && size >= 0 ? size : undefined));
  const [boxSizes, scoreSizes] = [sizes(boxes!), sizes(scores!)];
  // Sizes that are not known yet may turn out to lie the other way.
  const isKnown =
    layout !== undefined || [...boxSizes.slice(1), ...scoreSizes.slice(1)].every((one) => one !== undefined);
  if (!isCorners || !isTyped || !isKnown || boxSizes.length !== 3 || scoreSizes.length !== 3) return false;
  const found = pairLayout(boxSizes, scoreSizes, layout);
  return found?.isBoxesFirst === true && found.isScoresFirst;
}

function cornersOf(
  numbers: Float32Array,
  [batch, second, third]: readonly number[],
  { form = 'corners', isBoxesFirst }: BoxesScoresPost & PairLayout,
): Tensor<Float32Array> {
  const count = isBoxesFirst ? second! : third!;
  if (form === 'corners' && isBoxesFirst) return new Tensor('float32', [batch!, count, 4], numbers);
  const corners = new Float32Array(batch! * count * 4);
  const [boxStep, numberStep] = isBoxesFirst ? [4, 1] : [1, count];
  for (let image = 0; image < batch!; image++)
    for (let box = 0; box < count; box++) {
      const at = image * count * 4 + box * boxStep;
      const four = [0, 1, 2, 3].map((number) => numbers[at + number * numberStep]!);
      writeCorners(form, four as [number, number, number, number], {
        corners,
        to: (image * count + box) * 4,
      });
    }
  return new Tensor('float32', [batch!, count, 4], corners);
}

function dropBackground(
  scores: Tensor<Float32Array>,
  background: 'first' | 'last' | 'none',
): Tensor<Float32Array> {
  if (background === 'none') return scores;
  const [batch, count, classes] = scores.dims as [number, number, number];
  const first = background === 'first' ? 1 : 0;
  const rest = new Float32Array(batch * count * (classes - 1));
  for (let row = 0; row < batch * count; row++) {
    const from = row * classes + first;
    rest.set(scores.data.subarray(from, from + classes - 1), row * (classes - 1));
  }
  return new Tensor('float32', [batch, count, classes - 1], rest);
}
