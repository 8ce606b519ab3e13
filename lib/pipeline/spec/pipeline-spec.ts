// SPDX-License-Identifier: Apache-2.0
// The declarative form of a pipeline: what is done before and after a model, as JSON. These types are published as
// docs/reference/pipeline.schema.json.

import type { PreprocessSettings } from '../../ops/image/preprocess-options';
import type { SuppressionSettings } from '../../ops/boxes/non-maximum-suppression';
import type { DecodeBoxesSettings } from '../../ops/boxes/decode-settings';
import type { WindowName } from '../../ops/signals/frame-options';
import type { LogMelPreset, LogMelSettings } from '../../ops/signals/log-mel';

/** What a pipeline is for: it decides what a result looks like. */
export type PipelineTask = 'classification' | 'detection' | 'embedding' | 'tensors' | 'audio-classification';

/** How an image becomes the model's input: the settings of `preprocessImages()`, as far as the model does not fix them. */
export interface ImagePre extends Omit<PreprocessSettings, 'size'> {
  /** Tells this form from the others. */
  kind: 'image';
  /** The model's input. Default: its only one. */
  input?: string;
  /** Width and height of the model's input; one number for a square. Default: the model's, where it fixes them. */
  size?: PreprocessSettings['size'];
  /** Turns photos as their EXIF orientation says. Default: true. */
  autoOrient?: boolean;
}

/** How a sound becomes the model's input: the settings of `logMel()`. */
export interface AudioPre extends Partial<
  Omit<LogMelSettings, 'threads' | 'signal' | 'out' | 'window' | 'sampleRate'>
> {
  /** Tells this form from the others. */
  kind: 'audio';
  /** The model's input. Default: its only one. */
  input?: string;
  /** Settings to begin with; those that are given win over it. */
  preset?: LogMelPreset;
  /** Samples per second that the model was trained on; sounds must have it. Default: the preset's. */
  sampleRate?: number;
  /** What a frame is multiplied by: a window by name, or a number for each sample. Default: `'hann'`. */
  window?: WindowName | readonly number[];
}

/** Scores of classes to the best of them. */
export interface ClassificationPost {
  /** Tells this form from the others. */
  kind: 'classification';
  /** The model's output, `[N, classes]`. Default: its only one. */
  output?: string;
  /** Classes of a result, 1 to 1024. Default: 5, or all where there are fewer. */
  topK?: number;
  /**
   * What makes scores of the outputs: `'softmax'` (default) for one class of many, `'sigmoid'` for classes that do not
   * exclude each other, `'none'` where the model has it inside.
   */
  activation?: 'softmax' | 'sigmoid' | 'none';
  /** Of `'softmax'`: what the outputs are divided by before. Default: 1. */
  temperature?: number;
  /** Classes with a lower score are left out. Default: none is. */
  threshold?: number;
  /** Names of the classes, in order; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** How the numbers of a detector's head become boxes: the settings of `decodeBoxes()`. */
export interface BoxDecoding extends Omit<DecodeBoxesSettings, 'best'> {
  /** For `'deltas'`: the boxes that they start from, four numbers each. */
  anchors?: readonly (readonly number[])[];
}

/** A detector's head to boxes in the image. */
export interface DetectionPost {
  /** Tells this form from the others. */
  kind: 'detection';
  /** The model's output, `[N, boxes, numbers]` or `[N, numbers, boxes]`. Default: its only one. */
  output?: string;
  /** How the head becomes boxes. */
  decode: BoxDecoding;
  /** Settings of `nonMaximumSuppression()`. `scoreThreshold` is 0.25 unless told. */
  nms?: SuppressionSettings;
  /** Names of the classes, in order; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** A vector for each input. */
export interface EmbeddingPost {
  /** Tells this form from the others. */
  kind: 'embedding';
  /** The model's output: `[N, size]`, or `[N, tokens, size]` with `pool`. Default: its only one. */
  output?: string;
  /** What becomes of tokens: their `'mean'`, the `'first'` of them, or `'none'` (default) where there are none. */
  pool?: 'none' | 'mean' | 'first';
  /** Makes vectors of length 1, so that their products are cosines. Default: true. */
  normalize?: boolean;
}

/** The model's outputs as they are. */
export interface TensorsPost {
  /** Tells this form from the others. */
  kind: 'tensors';
  /** The model's outputs that are wanted. Default: all. */
  outputs?: readonly string[];
}

interface SpecBase {
  /** For editors: where the JSON schema is. */
  $schema?: string;
  /** Version of the form. */
  version: 1;
}

/** A pipeline that names what is in an image. */
export interface ClassificationSpec extends SpecBase {
  /** What a result looks like. */
  task: 'classification';
  /** What is done before the model. */
  pre: ImagePre;
  /** What is done after the model. */
  post: ClassificationPost;
}

/** A pipeline that finds things in an image. */
export interface DetectionSpec extends SpecBase {
  /** What a result looks like. */
  task: 'detection';
  /** What is done before the model. */
  pre: ImagePre;
  /** What is done after the model. */
  post: DetectionPost;
}

/** A pipeline that makes vectors of images or sounds. */
export interface EmbeddingSpec extends SpecBase {
  /** What a result looks like. */
  task: 'embedding';
  /** What is done before the model. */
  pre: ImagePre | AudioPre;
  /** What is done after the model. */
  post: EmbeddingPost;
}

/** A pipeline that gives what the model gives. */
export interface TensorsSpec extends SpecBase {
  /** What a result looks like. */
  task: 'tensors';
  /** What is done before the model. */
  pre: ImagePre | AudioPre;
  /** What is done after the model. */
  post: TensorsPost;
}

/** A pipeline that names what is heard in a sound. */
export interface AudioClassificationSpec extends SpecBase {
  /** What a result looks like. */
  task: 'audio-classification';
  /** What is done before the model. */
  pre: AudioPre;
  /** What is done after the model. */
  post: ClassificationPost;
}

/** What is done before and after a model, as it is written in JSON. */
export type PipelineSpec =
  ClassificationSpec | DetectionSpec | EmbeddingSpec | TensorsSpec | AudioClassificationSpec;
