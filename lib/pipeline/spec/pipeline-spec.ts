// SPDX-License-Identifier: Apache-2.0
// The declarative form of a pipeline: what is done before and after a model, as JSON. These types are published as
// docs/reference/pipeline.schema.json.

import type { PreprocessSettings } from '../../ops/image/preprocess-options';
import type { WindowName } from '../../ops/signals/frame-options';
import type { LogMelPreset, LogMelSettings } from '../../ops/signals/log-mel';
import type {
  BoxesScoresPost,
  ClassificationPost,
  DetectionPost,
  EmbeddingPost,
  EndToEndPost,
  InstanceSegmentationPost,
  KeypointsPost,
  SegmentationPost,
  TensorsPost,
} from './post-spec';

/** What a pipeline is for: it decides what a result looks like. */
export type PipelineTask =
  | 'classification'
  | 'detection'
  | 'keypoints'
  | 'segmentation'
  | 'instance-segmentation'
  | 'embedding'
  | 'tensors'
  | 'audio-classification';

/** Sizes of the images of a run, as an input of the model: `[N, 2]`. */
export interface ImageSizeInput {
  /** Tells this form from the others. */
  kind: 'image-size';
  /**
   * Pixels of the `'image'` (default), so that the model gives boxes in the image's pixels (`"units": "image"`); those of
   * the `'model'`'s input, which is right with a letterbox too; or the `'scale'` between them, the model's pixels for each
   * of the image's.
   */
  of?: 'image' | 'model' | 'scale';
  /** Which number comes first. Default: `'height-width'`. */
  order?: 'height-width' | 'width-height';
}

/** An input of the model that is the same in each run. */
export interface ConstantInput {
  /** Tells this form from the others. */
  kind: 'constant';
  /**
   * Its elements: as many as the model's input has; or as many as it has for one image where its first dimension is the
   * batch, which is open. `bool` has 0 and 1.
   */
  values: readonly number[];
  /** Dimensions that the model leaves open, the batch left out. Default: one dimension of what `values` has. */
  dims?: readonly number[];
}

/** An input of the model that comes with each call: `run(images, { others: { name: tensor } })`. */
export interface GivenInput {
  /** Tells this form from the others. */
  kind: 'given';
}

/** What an input of the model gets that is not the image or sound. */
export type OtherInput = ImageSizeInput | ConstantInput | GivenInput;

/** The model's other inputs, by name. */
export type OtherInputs = Readonly<Record<string, OtherInput>>;

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
  /** The model's other inputs. Needed where it has any. */
  others?: OtherInputs;
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
  /** The model's other inputs. Needed where it has any. */
  others?: OtherInputs;
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
  post: DetectionPost | BoxesScoresPost | EndToEndPost;
}

/** A pipeline that finds things and points of them in an image. */
export interface KeypointsSpec extends SpecBase {
  /** What a result looks like. */
  task: 'keypoints';
  /** What is done before the model. */
  pre: ImagePre;
  /** What is done after the model. */
  post: KeypointsPost;
}

/** A pipeline that gives each pixel of an image a class. */
export interface SegmentationSpec extends SpecBase {
  /** What a result looks like. */
  task: 'segmentation';
  /** What is done before the model. */
  pre: ImagePre;
  /** What is done after the model. */
  post: SegmentationPost;
}

/** A pipeline that finds things in an image with their outlines. */
export interface InstanceSegmentationSpec extends SpecBase {
  /** What a result looks like. */
  task: 'instance-segmentation';
  /** What is done before the model. */
  pre: ImagePre;
  /** What is done after the model. */
  post: InstanceSegmentationPost;
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
  | ClassificationSpec
  | DetectionSpec
  | KeypointsSpec
  | SegmentationSpec
  | InstanceSegmentationSpec
  | EmbeddingSpec
  | TensorsSpec
  | AudioClassificationSpec;
