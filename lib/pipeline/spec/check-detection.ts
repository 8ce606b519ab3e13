// SPDX-License-Identifier: Apache-2.0
import { isPlainObject, typeError, typed, valueError } from '../../option-checks';
import { finite } from '../../ops/boxes/box-checks';
import { DECODE_SETTINGS, readDecodeSettings } from '../../ops/boxes/decode-settings';
import { planNonMaximumSuppression, type SuppressionSettings } from '../../ops/boxes/non-maximum-suppression';
import { checkLabels, checkName } from './names';
import type { BoxDecoding, DetectionPost } from './pipeline-spec';
import { checkedAt, refuseUnknownKeys } from './spec-error';

const NMS_SETTINGS = [
  ...['iouThreshold', 'scoreThreshold', 'maxOutput', 'maxCandidates'],
  ...['method', 'sigma', 'classAgnostic', 'multiLabel'],
] as const satisfies readonly (keyof SuppressionSettings)[];

const DECODE_KEYS = [...DECODE_SETTINGS.filter((name) => name !== 'best'), 'anchors'];

/** Scores below this are seldom wanted, and a head has thousands of them. */
const DEFAULT_SCORE_THRESHOLD = 0.25;

/** Settings of the suppression, with the threshold that a spec has unless it says otherwise. */
export function suppressionSettings({ nms = {} }: DetectionPost): SuppressionSettings {
  return { scoreThreshold: DEFAULT_SCORE_THRESHOLD, ...nms };
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkDetection(at: string, post: DetectionPost): void {
  refuseUnknownKeys(at, post, ['kind', 'output', 'decode', 'nms', 'labels']);
  const { output, decode, nms, labels } = post;
  checkedAt(at, () => {
    if (output !== undefined) checkName('output', output);
    typed('an object', isPlainObject)('decode', decode);
    if (nms !== undefined) typed('an object', isPlainObject)('nms', nms);
    if (labels !== undefined) checkLabels('labels', labels);
  });
  refuseUnknownKeys(`${at}.decode`, decode, DECODE_KEYS);
  checkedAt(`${at}.decode`, () => {
    readDecodeSettings(decode);
    checkAnchors(decode);
  });
  if (nms === undefined) return;
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
