// SPDX-License-Identifier: Apache-2.0
import { flag, integer, isPlainObject, oneOf, typeError, valueError } from '../../option-checks';
import { finite, positive } from './box-checks';

/** How the four numbers of a box mean it; the formulae are at `decodeBoxes()`. */
export type BoxForm = 'center' | 'corners' | 'yolov3' | 'yolov5' | 'yolox' | 'distances' | 'deltas';

/** One grid of cells of a head. */
export interface BoxLevel {
  /** Cells in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Pixels of the model's input for each cell. */
  readonly stride: number;
  /** For `'yolov3'` and `'yolov5'`: width and height, in pixels, of each of a cell's anchors. */
  readonly anchors?: readonly (readonly [width: number, height: number])[];
}

/** Options of `decodeBoxes()` that its plan depends on. */
export interface DecodeBoxesSettings {
  /** How the four numbers of a box mean it. */
  form: BoxForm;
  /** `'boxes-first'` is `[N, A, K]`, `'channels-first'` is `[N, K, A]`. Default: `'boxes-first'`. */
  layout?: 'boxes-first' | 'channels-first';
  /** There is an objectness between box and classes. Default: true for `'yolov3'`, `'yolov5'` and `'yolox'`. */
  objectness?: boolean;
  /** Objectness and classes are logits. Default: true for `'yolov3'` and `'yolov5'`. */
  sigmoid?: boolean;
  /** The first class is the background, and left out; the class after it is 0. Default: false. */
  background?: boolean;
  /** Gives the best class of each box and its score, not the scores of all. Default: false. */
  best?: boolean;
  /** For forms with cells: the grids in the order of the boxes, at most 8 with 64 anchors together. */
  levels?: readonly BoxLevel[];
  /**
   * Order of the boxes of a level with several anchors: `'outer'` has all cells of the first anchor, then those of the
   * next; `'inner'` has all anchors of the first cell, then those of the next. Default: `'outer'`.
   */
  anchorOrder?: 'outer' | 'inner';
  /** For `'deltas'`: whether anchors are `x1, y1, x2, y2` or `cx, cy, w, h`. Default: `'corners'`. */
  anchorForm?: 'corners' | 'center';
  /**
   * For `'deltas'`: factors of the four numbers. SSD has `[0.1, 0.1, 0.2, 0.2]`; weights, as of Faster R-CNN, are their
   * inverses. Default: `[1, 1, 1, 1]`.
   */
  variances?: readonly [number, number, number, number];
  /** Factors of all corners, x and y: the size of the image for boxes from 0 to 1. Default: `[1, 1]`. */
  scale?: readonly [x: number, y: number];
}

/** Names of the options above. */
export const DECODE_SETTINGS = [
  'form',
  'layout',
  'objectness',
  'sigmoid',
  'background',
  'best',
  'levels',
  'anchorOrder',
  'anchorForm',
  'variances',
  'scale',
] as const;

const MAX_LEVELS = 8;
const MAX_ANCHORS = 64;
const MAX_CELLS = 65_536;
const CELL_FORMS: readonly BoxForm[] = ['yolov3', 'yolov5', 'yolox', 'distances'];
const ANCHOR_FORMS: readonly BoxForm[] = ['yolov3', 'yolov5'];
const OBJECTNESS_FORMS: readonly BoxForm[] = ['yolov3', 'yolov5', 'yolox'];

/** Settings as native code takes them, and what the shapes depend on. */
export interface DecodePlan {
  readonly attributes: ReturnType<typeof attributesOf>;
  readonly best: boolean;
  /** Boxes that the levels have; undefined for forms without cells. */
  readonly cells: number | undefined;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE` */
export function readDecodeSettings(settings: DecodeBoxesSettings): DecodePlan {
  oneOf('center', 'corners', ...CELL_FORMS, 'deltas')('form', settings.form);
  const { best = false } = settings;
  flag('best', best);
  const levels = readLevels(settings);
  return {
    attributes: attributesOf(settings, levels),
    best,
    cells:
      levels.length === 0
        ? undefined
        : levels.reduce((sum, { width, height, anchors }) => sum + width * height * anchors.length, 0),
  };
}

function attributesOf(settings: DecodeBoxesSettings, levels: readonly Required<BoxLevel>[]) {
  const { form, layout = 'boxes-first', anchorOrder = 'outer', anchorForm = 'corners' } = settings;
  const { objectness = OBJECTNESS_FORMS.includes(form), sigmoid = ANCHOR_FORMS.includes(form) } = settings;
  const { background = false, variances = [1, 1, 1, 1], scale = [1, 1] } = settings;
  oneOf('boxes-first', 'channels-first')('layout', layout);
  oneOf('outer', 'inner')('anchorOrder', anchorOrder);
  oneOf('corners', 'center')('anchorForm', anchorForm);
  flag('objectness', objectness);
  flag('sigmoid', sigmoid);
  flag('background', background);
  requireNumbers('variances', variances, 4);
  requireNumbers('scale', scale, 2);
  return {
    form,
    objectness,
    sigmoid,
    variances,
    scale,
    channelsFirst: layout === 'channels-first',
    cellMajor: anchorOrder === 'inner',
    anchorCorners: anchorForm === 'corners',
    firstClass: 4 + Number(objectness) + Number(background),
    levels: levels.flatMap(({ width, height, stride, anchors }) => [width, height, stride, anchors.length]),
    anchors: levels.flatMap(({ anchors }) => anchors.flat()),
  };
}

function readLevels({ form, levels }: DecodeBoxesSettings): Required<BoxLevel>[] {
  if (!CELL_FORMS.includes(form)) {
    if (levels !== undefined) throw valueError('levels', levels, `left out for the form '${form}'`);
    return [];
  }
  const expected = `a list of 1 to ${MAX_LEVELS} levels { width, height, stride } for the form '${form}'`;
  if (!Array.isArray(levels)) throw typeError('levels', levels, expected);
  if (levels.length < 1 || levels.length > MAX_LEVELS) throw valueError('levels', levels, expected);
  const read = (levels as readonly BoxLevel[]).map((level, index) =>
    readLevel(level, form, `levels[${index}]`),
  );
  const anchors = read.reduce((sum, level) => sum + level.anchors.length, 0);
  if (anchors > MAX_ANCHORS) throw valueError('levels', levels, `of at most ${MAX_ANCHORS} anchors together`);
  return read;
}

function readLevel(level: BoxLevel, form: BoxForm, name: string): Required<BoxLevel> {
  if (!isPlainObject(level)) throw typeError(name, level, 'an object { width, height, stride }');
  const { width, height, stride, anchors } = level;
  integer(1, MAX_CELLS)(`${name}.width`, width);
  integer(1, MAX_CELLS)(`${name}.height`, height);
  positive(`${name}.stride`, stride);
  if (!ANCHOR_FORMS.includes(form)) {
    if (anchors !== undefined)
      throw valueError(`${name}.anchors`, anchors, `left out for the form '${form}'`);
    // One box a cell, of no size of its own.
    return { width, height, stride, anchors: [[0, 0]] };
  }
  if (!Array.isArray(anchors) || anchors.length === 0)
    throw typeError(`${name}.anchors`, anchors, 'a list of [width, height]');
  anchors.forEach((size: unknown, index) => {
    if (!Array.isArray(size) || size.length !== 2)
      throw typeError(`${name}.anchors[${index}]`, size, '[width, height]');
    size.forEach((length: unknown) => positive(`${name}.anchors[${index}]`, length));
  });
  return { width, height, stride, anchors };
}

function requireNumbers(name: string, numbers: unknown, count: number): void {
  const expected = `a list of ${count} numbers`;
  if (!Array.isArray(numbers)) throw typeError(name, numbers, expected);
  if (numbers.length !== count) throw valueError(name, numbers, expected);
  numbers.forEach((number: unknown, index) => finite(`${name}[${index}]`, number));
}
