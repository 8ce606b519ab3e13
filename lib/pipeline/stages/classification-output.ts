// SPDX-License-Identifier: Apache-2.0
import { sigmoid } from '../../ops/scores/softmax';
import { softmaxTopK, topK } from '../../ops/scores/top-k';
import type { DeviceTensor } from '../../runtime/device-tensor';
import type { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { ScoredClass } from '../results';
import type { ClassificationPost } from '../spec/post-spec';
import { asRows, namesOf, requireBatch, scored, type Outputs } from './output-rows';
import { operatorOptions, toHost, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** Classes of a result where neither spec nor model says how many. */
const DEFAULT_TOP_K = 5;

/** Scores to the best classes. */
export class ClassificationOutput implements OutputStage<readonly ScoredClass[]> {
  readonly outputs: readonly string[];
  readonly staysOnDevice: boolean;
  readonly #post: ClassificationPost;

  constructor(post: ClassificationPost, info: TensorInfo) {
    this.outputs = [info.name];
    this.staysOnDevice = info.dims.length === 2;
    this.#post = post;
  }

  async finish(outputs: Outputs, { count, batch }: FinishedBatch, context: StageContext) {
    const name = this.outputs[0]!;
    const logits = asRows(outputs[name]!);
    requireBatch(name, logits.dims, batch);
    const { topK: wanted, labels, threshold = -Infinity } = this.#post;
    const k = wanted ?? Math.min(DEFAULT_TOP_K, logits.dims[1] ?? 0);
    const { values, indices } = await this.#best(logits, k, context);
    const [scores, classes] = await Promise.all([toHost(values), toHost(indices)]);
    const names = namesOf(labels);
    return Array.from({ length: count }, (_, row) =>
      Array.from({ length: k }, (_unused, place) => {
        const at = row * k + place;
        return scored((classes.data as Int32Array)[at]!, (scores.data as Float32Array)[at]!, names);
      }).filter(({ score }) => !(score < threshold)),
    );
  }

  async #best(logits: Tensor | DeviceTensor, k: number, context: StageContext) {
    const { activation = 'softmax', temperature } = this.#post;
    const options = operatorOptions(context);
    const { scope } = context;
    const best =
      activation === 'softmax'
        ? await softmaxTopK(logits, k, { ...options, ...(temperature === undefined ? {} : { temperature }) })
        : await topK(
            activation === 'sigmoid' ? scope.keep(await sigmoid(logits, options)) : logits,
            k,
            options,
          );
    scope.keep(best.values);
    scope.keep(best.indices);
    return best as { values: Tensor | DeviceTensor; indices: Tensor | DeviceTensor };
  }
}
