// SPDX-License-Identifier: Apache-2.0
// Checks of what detectors end with whose boxes need no decoding.

import { finite, fraction } from '../../ops/boxes/box-checks';
import { integer, oneOf, typed, valueError } from '../../option-checks';
import { checkSuppression } from './check-detection';
import { checkLabels, checkName, isNames } from './names';
import type { BoxesScoresPost, DetectionColumn, EndToEndPost, SegmentationPost } from './post-spec';
import { checkedAt, refuseUnknownKeys } from './spec-error';

const FORMS = ['corners', 'corners-yx', 'center', 'corner-size'] as const;
const UNITS = ['model', 'unit', 'image'] as const;
const COLUMNS = ['image', 'box', 'score', 'class'] as const satisfies readonly DetectionColumn[];
const NEEDED: readonly DetectionColumn[] = ['box', 'score'];

/** Outputs of a model with the suppression in it, each with a part of what was found. */
export const END_TO_END_PARTS = ['boxes', 'scores', 'classes', 'counts', 'indices'] as const;

/** Columns of a table where the spec says nothing. */
export const DEFAULT_COLUMNS: readonly DetectionColumn[] = ['box', 'score', 'class'];

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkBoxesScores(at: string, post: BoxesScoresPost): void {
  refuseUnknownKeys(at, post, [
    ...['kind', 'boxes', 'scores', 'layout', 'form', 'units', 'activation', 'background', 'nms', 'labels'],
  ]);
  const { boxes, scores, layout, activation, background } = post;
  checkedAt(at, () => {
    for (const [name, value] of Object.entries({ boxes, scores }))
      if (value !== undefined) checkName(name, value);
    if (boxes !== undefined && boxes === scores)
      throw valueError('scores', scores, 'another output than `boxes`');
    if (layout !== undefined) oneOf('boxes-first', 'channels-first')('layout', layout);
    if (activation !== undefined) oneOf('softmax', 'sigmoid', 'none')('activation', activation);
    if (background !== undefined) oneOf('first', 'last', 'none')('background', background);
    checkCoordinates(post);
  });
  checkSuppression(at, post.nms);
}

function checkCoordinates({ form, units, labels }: BoxesScoresPost | EndToEndPost): void {
  if (form !== undefined) oneOf(...FORMS)('form', form);
  if (units !== undefined) oneOf(...UNITS)('units', units);
  if (labels !== undefined) checkLabels('labels', labels);
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkEndToEnd(at: string, post: EndToEndPost): void {
  refuseUnknownKeys(at, post, [
    ...['kind', 'output', 'columns', 'form', 'units', 'firstClass', 'scoreThreshold', 'labels'],
    ...END_TO_END_PARTS,
  ]);
  const { output, columns, firstClass, scoreThreshold } = post;
  checkedAt(at, () => {
    if (output !== undefined) checkName('output', output);
    checkColumns(columns);
    checkParts(post);
    if (firstClass !== undefined) integer(0, 2 ** 31)('firstClass', firstClass);
    if (scoreThreshold !== undefined) fraction('scoreThreshold', scoreThreshold);
    checkCoordinates(post);
  });
}

function checkColumns(columns: EndToEndPost['columns']): void {
  if (columns === undefined) return;
  typed('a list of columns', isNames)('columns', columns);
  columns.forEach((column, index) => oneOf(...COLUMNS)(`columns[${index}]`, column));
  if (new Set(columns).size !== columns.length || NEEDED.some((name) => !columns.includes(name)))
    throw valueError('columns', columns, "each once, 'box' and 'score' among them");
}

/** A table or outputs of their own, not both. */
function checkParts(post: EndToEndPost): void {
  const given = END_TO_END_PARTS.filter((name) => post[name] !== undefined);
  for (const name of given) checkName(name, post[name]);
  if (given.length === 0) return;
  for (const name of ['output', 'columns'] as const)
    if (post[name] !== undefined) throw valueError(name, post[name], `left out beside \`${given[0]!}\``);
  for (const name of ['boxes', 'scores'] as const)
    if (post[name] === undefined) throw valueError(name, undefined, `given beside \`${given[0]!}\``);
  if (post.indices === undefined) return;
  for (const name of ['classes', 'counts'] as const)
    if (post[name] !== undefined)
      throw valueError(name, post[name], 'left out beside `indices`, which have it');
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkSegmentation(at: string, post: SegmentationPost): void {
  refuseUnknownKeys(at, post, ['kind', 'output', 'layout', 'threshold', 'labels']);
  const { output, layout, threshold, labels } = post;
  checkedAt(at, () => {
    if (output !== undefined) checkName('output', output);
    if (layout !== undefined) oneOf('nchw', 'nhwc')('layout', layout);
    if (threshold !== undefined) finite('threshold', threshold);
    if (labels !== undefined) checkLabels('labels', labels);
  });
}
