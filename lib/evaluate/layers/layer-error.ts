// SPDX-License-Identifier: Apache-2.0

/** How far a tensor of a model is from the same tensor of its source. */
export interface LayerError {
  /** The node that makes it. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Name of the tensor. */
  readonly tensor: string;
  /** Signal-to-noise ratio in dB; null or Infinity where both are equal. */
  readonly sqnrDb: number | null;
  /** Cosine between the two. */
  readonly cosine: number;
  /** Largest difference of two elements. */
  readonly largestError: number;
}
