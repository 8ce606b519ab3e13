// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { meanPool } from '../../ops/scores/mean-pool';
import { l2Normalize } from '../../ops/scores/similarity';
import { convert } from '../../ops/tensors/convert';
import type { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import { elementArray } from '../../tensor/element-arrays';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { EmbeddingPost } from '../spec/post-spec';
import { asRows, requireBatch, type Outputs } from './output-rows';
import { operatorOptions, toHost, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** Vectors, pooled and of length 1. */
export class EmbeddingOutput implements OutputStage<Float32Array> {
  readonly outputs: readonly string[];
  readonly staysOnDevice: boolean;
  readonly #post: EmbeddingPost;

  constructor(post: EmbeddingPost, info: TensorInfo) {
    this.outputs = [info.name];
    const { pool = 'none' } = post;
    // What is cut or shaped on the host goes there first; the operators give the same bits.
    this.staysOnDevice = pool === 'mean' || (pool === 'none' && info.dims.length === 2);
    this.#post = post;
  }

  async finish(outputs: Outputs, { count, batch }: FinishedBatch, context: StageContext) {
    const name = this.outputs[0]!;
    const { pool = 'none', normalize = true } = this.#post;
    const { scope } = context;
    const options = operatorOptions(context);
    const output = outputs[name]!;
    requireBatch(name, output.dims, batch);
    let vectors: Tensor | DeviceTensor =
      pool === 'first' ? firstTokens(output as Tensor) : pool === 'none' ? asRows(output) : output;
    if (pool === 'mean') vectors = scope.keep(await meanPool(vectors, undefined, options));
    if (normalize) vectors = scope.keep(await l2Normalize(vectors, options));
    else if (vectors.type !== 'float32')
      vectors = scope.keep(await convert(vectors, { ...options, type: 'float32' }));
    const { data, dims } = (await toHost(vectors)) as Tensor<Float32Array>;
    const size = dims[1]!;
    return Array.from({ length: count }, (_, row) => data.slice(row * size, (row + 1) * size));
  }
}

/** `[N, tokens, size]` to `[N, size]`. */
function firstTokens({ type, dims, data }: Tensor): Tensor {
  const [batch, tokens, size] = dims as [number, number, number];
  if (tokens === 0 || dims.length !== 3)
    throw new TensorRTError(
      'ERR_TRT_RUN_FAILED',
      `The model gave [${dims.join(', ')}], which has no first token.`,
    );
  const first = new (elementArray(type)!.ArrayClass)(batch * size);
  const source = data as Float32Array;
  for (let row = 0; row < batch; row++)
    (first as Float32Array).set(source.subarray(row * tokens * size, (row * tokens + 1) * size), row * size);
  return new Tensor(type, [batch, size], first);
}
