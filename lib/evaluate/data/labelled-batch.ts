// SPDX-License-Identifier: Apache-2.0
import type { TensorData, TensorLike } from '../../index';
import type { LabelledBox } from '../metrics/detection';

/** Inputs of one call by name; the samples lie along the first axis. */
export type BatchFeeds = Readonly<Record<string, TensorLike | TensorData>>;

/**
 * What is true of the samples of a batch:
 *
 * - classes from 0, one for each row of scores;
 * - numbers for a regression, as an array or as a tensor `[N, ...]`;
 * - the boxes of each sample, for a detection.
 */
export type BatchLabels = ArrayLike<number | bigint> | TensorLike | readonly (readonly LabelledBox[])[];

/** Some samples with their labels. */
export interface LabelledBatch {
  /** As `session.run` takes them. */
  readonly feeds: BatchFeeds;
  /** One for each sample, in the same order. */
  readonly labels: BatchLabels;
  /** How messages call the samples; their numbers in the set if absent. */
  readonly names?: readonly string[];
  /** Samples at the end of the feeds that are there to fill a batch of fixed size; they have no labels. Default 0. */
  readonly padding?: number;
}

/** Batches from anywhere: a list, a generator, a stream of objects. It is gone through once. */
export type LabelledBatches = Iterable<LabelledBatch> | AsyncIterable<LabelledBatch>;

/** One sample as files hold it, before it is put into a batch. */
export interface Sample {
  /** How messages call it. */
  readonly name: string;
  /** Its inputs without the axis of the batch. */
  readonly tensors: Readonly<Record<string, TensorLike>>;
  /** What is right for it. */
  readonly label: SampleLabel;
}

/** A class, a number or numbers to be predicted, or boxes. */
export type SampleLabel = number | readonly number[] | readonly LabelledBox[];
