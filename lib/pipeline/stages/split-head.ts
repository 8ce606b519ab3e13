// SPDX-License-Identifier: Apache-2.0
// A detector's head whose boxes have more behind their classes: what decodes boxes takes the front of it.

import { TensorRTError } from '../../errors';
import { Tensor } from '../../runtime/tensor';

/** A head in two. */
export interface SplitHead {
  /** The numbers up to the last class, in the same layout. */
  readonly front: Tensor<Float32Array>;
  /** Those behind them, of one box. */
  extrasOf(image: number, box: number): Float32Array;
}

/** How a head lies, and how many numbers come last. */
export interface HeadLayout {
  readonly name: string;
  readonly isChannelsFirst: boolean;
  readonly extras: number;
}

/**
 * Splits a head.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_FAILED` for one that has fewer numbers.
 */
export function splitHead(
  { dims, data }: Tensor<Float32Array>,
  { name, isChannelsFirst, extras }: HeadLayout,
): SplitHead {
  const [batch, second, third] = dims as [number, number, number];
  const [numbers, boxes] = isChannelsFirst ? [second, third] : [third, second];
  const front = numbers - extras;
  if (dims.length !== 3 || front < 5)
    throw new TensorRTError(
      'ERR_TRT_RUN_FAILED',
      `The model's output "${name}" has dims [${dims.join(', ')}]: with ${extras} numbers behind the classes there are too few before.`,
      { details: { output: name, dims } },
    );
  const [boxStep, numberStep] = isChannelsFirst ? [1, boxes] : [numbers, 1];
  return {
    front: isChannelsFirst
      ? new Tensor(
          'float32',
          [batch, front, boxes],
          cut(data, { rows: batch, size: numbers * boxes, keep: front * boxes }),
        )
      : new Tensor(
          'float32',
          [batch, boxes, front],
          cut(data, { rows: batch * boxes, size: numbers, keep: front }),
        ),
    extrasOf: (image, box) => {
      const at = image * numbers * boxes + box * boxStep + front * numberStep;
      return Float32Array.from({ length: extras }, (_, number) => data[at + number * numberStep]!);
    },
  };
}

/** The first `keep` elements of each of `rows` rows; without a copy where there is one. */
function cut(
  data: Float32Array,
  { rows, size, keep }: { rows: number; size: number; keep: number },
): Float32Array {
  if (rows === 1) return data.subarray(0, keep);
  const kept = new Float32Array(rows * keep);
  for (let row = 0; row < rows; row++) kept.set(data.subarray(row * size, row * size + keep), row * keep);
  return kept;
}
