// SPDX-License-Identifier: Apache-2.0
// What pipelines take and give, by their task.

import type { ImageTransform } from '../ops/image/transform';
import type { RawImage } from '../ops/image/raw-image';
import type { Tensor } from '../runtime/tensor';

/** An image: the bytes of a JPEG, PNG or WebP file, or pixels. */
export type PipelineImage = Uint8Array | RawImage;

/** Sound in memory: one channel. */
export interface RawSound {
  /** From -1 to 1, or whole numbers of 16 bits. */
  readonly samples: Float32Array | Int16Array;
  /** Samples per second. */
  readonly sampleRate: number;
}

/** A sound: the bytes of a WAV file, whose channels are mixed, or samples. */
export type PipelineSound = Uint8Array | RawSound;

/** A class with its score. */
export interface ScoredClass {
  /** Its number, from 0. */
  readonly classId: number;
  /** The higher the surer; its range is that of the activation. */
  readonly score: number;
  /** Its name, where the spec has labels. */
  readonly label?: string;
}

/** A thing that was found. */
export interface Detection extends ScoredClass {
  /** In pixels of the original image, from its left upper corner; inside of it. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** A model's outputs for one input. */
export interface TensorsResult {
  /** By name, without the batch dimension; their arrays may be parts of larger ones. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Of an image: how to get from the model's pixels to the image's. */
  readonly transform?: ImageTransform;
}

/** Result of one input, by task. */
export interface PipelineResults {
  /** Best first. */
  classification: readonly ScoredClass[];
  /** Best first. */
  'audio-classification': readonly ScoredClass[];
  /** Best first. */
  detection: readonly Detection[];
  /** The vector. */
  embedding: Float32Array;
  /** The model's outputs. */
  tensors: TensorsResult;
}

/** Input, by task. */
export interface PipelineInputs {
  /** An image. */
  classification: PipelineImage;
  /** A sound. */
  'audio-classification': PipelineSound;
  /** An image. */
  detection: PipelineImage;
  /** What the spec's `pre` takes. */
  embedding: PipelineImage | PipelineSound;
  /** What the spec's `pre` takes. */
  tensors: PipelineImage | PipelineSound;
}
