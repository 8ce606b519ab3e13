// SPDX-License-Identifier: Apache-2.0
import { flag, integer, isPlainObject, typeError, typed, valueError } from '../../option-checks';
import { finite } from '../../ops/boxes/box-checks';
import { DECODE_SETTINGS, readDecodeSettings } from '../../ops/boxes/decode-settings';
import { planNonMaximumSuppression, type SuppressionSettings } from '../../ops/boxes/non-maximum-suppression';
import { checkLabels, checkName, isNames } from './names';
import type { BoxDecoding, DetectionPost, InstanceSegmentationPost, KeypointsPost } from './post-spec';
import { checkedAt, refuseUnknownKeys } from './spec-error';

const NMS_SETTINGS = [
  ...['iouThreshold', 'scoreThreshold', 'maxOutput', 'maxCandidates'],
  ...['method', 'sigma', 'classAgnostic', 'multiLabel'],
] as const satisfies readonly (keyof SuppressionSettings)[];

const HEAD_KEYS = ['kind', 'output', 'decode', 'nms', 'labels'];
const DECODE_KEYS = [...DECODE_SETTINGS.filter((name) => name !== 'best'), 'anchors'];

/** Points of a box: enough for faces and hands. */
const MAX_POINTS = 1024;

/** Scores below this are seldom wanted, and a head has thousands of them. */
export const DEFAULT_SCORE_THRESHOLD = 0.25;

/** Settings of the suppression, with the threshold that a spec has unless it says otherwise. */
export function suppressionSettings({ nms = {} }: { nms?: SuppressionSettings }): SuppressionSettings {
  return { scoreThreshold: DEFAULT_SCORE_THRESHOLD, ...nms };
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkDetection(at: string, post: DetectionPost): void {
  refuseUnknownKeys(at, post, HEAD_KEYS);
  checkHead(at, post);
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkKeypoints(at: string, post: KeypointsPost): void {
  refuseUnknownKeys(at, post, [...HEAD_KEYS, 'points', 'pointScores']);
  const { points, pointScores } = post;
  checkedAt(at, () => {
    if (pointScores !== undefined) flag('pointScores', pointScores);
    if (typeof points === 'number') return integer(1, MAX_POINTS)('points', points);
    typed('a number, or a list of names', isNames)('points', points);
    if (points.length < 1 || points.length > MAX_POINTS)
      throw valueError('points', points, `1 to ${MAX_POINTS} names`);
  });
  checkHead(at, post);
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkInstances(at: string, post: InstanceSegmentationPost): void {
  refuseUnknownKeys(at, post, [...HEAD_KEYS, 'prototypes']);
  const { prototypes } = post;
  if (prototypes !== undefined) checkedAt(at, () => checkName('prototypes', prototypes));
  checkHead(at, post);
}

function checkHead(at: string, { output, decode, nms, labels }: Omit<DetectionPost, 'kind'>): void {
  checkedAt(at, () => {
    if (output !== undefined) checkName('output', output);
    typed('an object', isPlainObject)('decode', decode);
    if (labels !== undefined) checkLabels('labels', labels);
  });
  refuseUnknownKeys(`${at}.decode`, decode, DECODE_KEYS);
  checkedAt(`${at}.decode`, () => {
    readDecodeSettings(decode);
    checkAnchors(decode);
  });
  checkSuppression(at, nms);
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkSuppression(at: string, nms: SuppressionSettings | undefined): void {
  if (nms === undefined) return;
  checkedAt(at, () => typed('an object', isPlainObject)('nms', nms));
  refuseUnknownKeys(`${at}.nms`, nms, NMS_SETTINGS);
  checkedAt(`${at}.nms`, () => {
    // A head of one box and one class: only the settings matter here.
    const scores = nms.multiLabel === true ? [1, 1, 1] : [1, 1];
    planNonMaximumSuppression(
      [
        { type: 'float32', dims: [1, 1, 4] },
        { type: 'float32', dims: scores },
      ],
      nms,
    );
  });
}

function checkAnchors({ form, anchors }: BoxDecoding): void {
  if (form !== 'deltas') {
    if (anchors !== undefined) throw valueError('anchors', '…', `left out for the form '${form}'`);
    return;
  }
  if (!Array.isArray(anchors)) throw typeError('anchors', anchors, "a list of boxes for the form 'deltas'");
  (anchors as readonly unknown[]).forEach((box, index) => {
    const name = `anchors[${index}]`;
    if (!Array.isArray(box) || box.length !== 4) throw typeError(name, box, 'four numbers');
    box.forEach((number: unknown) => finite(name, number));
  });
}
