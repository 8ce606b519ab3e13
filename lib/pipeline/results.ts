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

/** A point of a thing. */
export interface Keypoint {
  /** In pixels of the original image, from its left edge; inside of it. */
  readonly x: number;
  /** From its upper edge. */
  readonly y: number;
  /** What the model gives for it: mostly, how sure it is that the point is to be seen. */
  readonly score?: number;
  /** Its name, where the spec has names. */
  readonly name?: string;
}

/** A thing that was found, with points of it. */
export interface KeypointDetection extends Detection {
  /** In the spec's order, all of them. */
  readonly points: readonly Keypoint[];
}

/** The pixels of a thing: a part of the image, in whole pixels. */
export interface InstanceMask {
  /** Left column of the part. */
  readonly x: number;
  /** Upper row. */
  readonly y: number;
  /** Pixels of a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `[height, width]`: 1 for pixels of the thing, else 0. */
  readonly data: Uint8Array;
}

/** A thing that was found, with its pixels. */
export interface InstanceDetection extends Detection {
  /** As large as the box. */
  readonly mask: InstanceMask;
}

/** A class of a segmented image. */
export interface SegmentClass {
  /** Its number, from 0. */
  readonly classId: number;
  /** Pixels of the image that have it. */
  readonly pixels: number;
  /** The same as a part of all pixels, 0 to 1. */
  readonly share: number;
  /** Its name, where the spec has labels. */
  readonly label?: string;
}

/** The class of each pixel of an image. */
export interface Segmentation {
  /** Of the original image. */
  readonly width: number;
  /** Of the original image. */
  readonly height: number;
  /** `[height, width]`: classes; of 16 bits where there can be more than 255. */
  readonly map: Uint8Array | Uint16Array;
  /** What pixels have that the model has not seen, or gave no class: 255, or 65,535 of 16 bits. */
  readonly none: number;
  /** Classes that there are, the largest first. */
  readonly classes: readonly SegmentClass[];
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
  /** Best first. */
  keypoints: readonly KeypointDetection[];
  /** Over the whole image. */
  segmentation: Segmentation;
  /** Best first. */
  'instance-segmentation': readonly InstanceDetection[];
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
  /** An image. */
  keypoints: PipelineImage;
  /** An image. */
  segmentation: PipelineImage;
  /** An image. */
  'instance-segmentation': PipelineImage;
  /** What the spec's `pre` takes. */
  embedding: PipelineImage | PipelineSound;
  /** What the spec's `pre` takes. */
  tensors: PipelineImage | PipelineSound;
}
