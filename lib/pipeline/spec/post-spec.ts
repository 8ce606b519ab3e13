// SPDX-License-Identifier: Apache-2.0
// The declarative form of what is done after a model. These types are published as part of
// docs/reference/pipeline.schema.json.

import type { DecodeBoxesSettings } from '../../ops/boxes/decode-settings';
import type { SuppressionSettings } from '../../ops/boxes/non-maximum-suppression';

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

/** What the four numbers of a box are; `y` before `x` in `'corners-yx'`, left and top before the size in `'corner-size'`. */
export type BoxNumbers = 'corners' | 'corners-yx' | 'center' | 'corner-size';

/** What coordinates count: pixels of the model's input, shares of it from 0 to 1, or pixels of the original image. */
export type BoxUnits = 'model' | 'unit' | 'image';

/** A detector with an output for boxes and one for scores. */
export interface BoxesScoresPost {
  /** Tells this form from the others. */
  kind: 'boxes-scores';
  /** The output with `[N, boxes, 4]`, `[N, boxes, 1, 4]` or `[N, 4, boxes]`. Default: of two, the one with a 4. */
  boxes?: string;
  /** The output with `[N, boxes, classes]`, `[N, classes, boxes]` or `[N, boxes]`. Default: of two, the other. */
  scores?: string;
  /** Whether boxes come before the numbers of a box. Default: as the sizes of both outputs say. */
  layout?: 'boxes-first' | 'channels-first';
  /** What the four numbers are. Default: `'corners'`. */
  form?: BoxNumbers;
  /** What they count. Default: `'model'`. */
  units?: BoxUnits;
  /** What makes scores of the outputs. Default: `'none'`. */
  activation?: 'softmax' | 'sigmoid' | 'none';
  /** Which class means that there is nothing: it is left out, after the activation. Default: `'none'`. */
  background?: 'first' | 'last' | 'none';
  /** Settings of `nonMaximumSuppression()`. `scoreThreshold` is 0.25 unless told. */
  nms?: SuppressionSettings;
  /** Names of the classes, in order, without the background; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** What a column of a table of detections has; `box` is four of them. */
export type DetectionColumn = 'image' | 'box' | 'score' | 'class';

/** A detector with the suppression in it: a table of what it found, or an output for each part of it. */
export interface EndToEndPost {
  /** Tells this form from the others. */
  kind: 'end-to-end';
  /** A table `[N, found, columns]`; `[all found, columns]` with a column `'image'`. Default: the model's only output. */
  output?: string;
  /** Columns of the table, in order; those behind them are not looked at. Default: `['box', 'score', 'class']`. */
  columns?: readonly DetectionColumn[];
  /** Instead of a table: the output with `[N, found, 4]`, or `[found, 4]` of a model for one image. */
  boxes?: string;
  /** With `boxes`: the output with `[N, found]`, or `[N, classes, boxes]` with `indices`. */
  scores?: string;
  /** With `boxes`: the output with `[N, found]` numbers of classes. Default: all are of class 0. */
  classes?: string;
  /** With `boxes`: the output with `[N]` or `[N, 1]` numbers of what was found. Default: all that is there. */
  counts?: string;
  /** With `boxes`: the output of ONNX's NonMaxSuppression, `[all found, 3]`: image, class, box. */
  indices?: string;
  /** What the four numbers of a box are. Default: `'corners'`. */
  form?: BoxNumbers;
  /** What they count. Default: `'model'`. */
  units?: BoxUnits;
  /** The number that the model gives the first class. Default: 0. */
  firstClass?: number;
  /** Scores that do not exceed this are left out. Default: 0.25. */
  scoreThreshold?: number;
  /** Names of the classes, in order; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** A detector's head with points behind the classes of each box. */
export interface KeypointsPost {
  /** Tells this form from the others. */
  kind: 'keypoints';
  /** The model's output, `[N, boxes, numbers]` or `[N, numbers, boxes]`. Default: its only one. */
  output?: string;
  /** How the head becomes boxes. */
  decode: BoxDecoding;
  /** Names of the points, in order, or how many there are: 1 to 1024. */
  points: readonly string[] | number;
  /** A point has a score behind x and y. Default: true. */
  pointScores?: boolean;
  /** Settings of `nonMaximumSuppression()`. `scoreThreshold` is 0.25 unless told. */
  nms?: SuppressionSettings;
  /** Names of the classes, in order; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** Scores of classes for each pixel, or its class. */
export interface SegmentationPost {
  /** Tells this form from the others. */
  kind: 'segmentation';
  /**
   * The model's output: scores `[N, classes, h, w]`, or whole numbers `[N, h, w]` or `[N, 1, h, w]` that are classes.
   * Default: its only one.
   */
  output?: string;
  /** `'nhwc'` for scores `[N, h, w, classes]`. Default: `'nchw'`. */
  layout?: 'nchw' | 'nhwc';
  /** For scores of one class: pixels above it are class 1, others class 0. Default: 0. */
  threshold?: number;
  /** Names of the classes, in order; or the path of a text file with one a line, beside the spec. */
  labels?: readonly string[] | string;
}

/** A detector's head with coefficients behind the classes of each box, and the masks that they are of. */
export interface InstanceSegmentationPost {
  /** Tells this form from the others. */
  kind: 'instance-segmentation';
  /** The head, `[N, boxes, numbers]` or `[N, numbers, boxes]`. Default: of two outputs, the one of three dimensions. */
  output?: string;
  /** The masks that coefficients are of, `[N, coefficients, h, w]`. Default: of two outputs, the other one. */
  prototypes?: string;
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
