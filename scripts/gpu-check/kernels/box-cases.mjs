// SPDX-License-Identifier: Apache-2.0
import { cornerBoxes, floats, floatsWithExtremes, integers, tiedScores } from './inputs.mjs';
import { largeCase, operatorCase } from './operator-case.mjs';

const TYPES = ['float32', 'float16', 'bfloat16'];
const CELLS = [
  { width: 8, height: 6, stride: 8 },
  { width: 4, height: 3, stride: 16 },
];
const ANCHORS = CELLS.map((level) => ({
  ...level,
  anchors: [
    [10, 13],
    [33, 23],
  ],
}));
const LARGE_CELLS = [80, 40, 20].map((side) => ({ width: side, height: side, stride: 640 / side }));

/** Form, its options, and how many boxes and numbers a box has. */
const FORMS = [
  ['center', {}, 50, 9],
  ['corners', { scale: [640, 480] }, 50, 9],
  ['yolov3', { levels: ANCHORS }, 120, 10],
  ['yolov5', { levels: ANCHORS, anchorOrder: 'inner' }, 120, 10],
  ['yolox', { levels: CELLS }, 60, 10],
  ['distances', { levels: CELLS, sigmoid: true }, 60, 9],
];

const decoded = FORMS.flatMap(([form, options, boxes, numbers], index) =>
  [true, false].flatMap((best) => [
    operatorCase(
      'decodeBoxes',
      () => [floats(TYPES[index % 3], [2, boxes, numbers])],
      [{ form, best, ...options }],
      { note: form },
    ),
    operatorCase(
      'decodeBoxes',
      () => [floats('float32', [2, numbers, boxes])],
      [{ form, best, layout: 'channels-first', ...options }],
      { note: `${form}, channels first` },
    ),
  ]),
);

const deltas = ['corners', 'center'].map((anchorForm) =>
  operatorCase(
    'decodeBoxes',
    () => [floats('float32', [2, 50, 9]), cornerBoxes([50, 4])],
    [{ form: 'deltas', anchorForm, background: true, variances: [0.1, 0.1, 0.2, 0.2] }],
    { note: `deltas of ${anchorForm}` },
  ),
);

const suppressed = [
  [{}, false],
  [{ classAgnostic: true, iouThreshold: 0.3 }, true],
  [{ multiLabel: true, maxOutput: 50, scoreThreshold: 0.2 }, false],
  [{ method: 'linear', scoreThreshold: 0.05 }, true],
  [{ method: 'gaussian', sigma: 0.3, maxCandidates: 100, maxOutput: 100 }, false],
].map(([options, hasClasses]) =>
  operatorCase(
    'nonMaximumSuppression',
    () =>
      hasClasses
        ? [cornerBoxes([2, 300, 4]), tiedScores([2, 300]), integers('int32', [2, 300], { end: 3 })]
        : [cornerBoxes([2, 300, 4]), tiedScores([2, 300, 3])],
    [options],
    { note: JSON.stringify(options) },
  ),
);

const detections = (count) => () => [
  cornerBoxes([1, count, 4]),
  tiedScores([1, count]),
  integers('int32', [1, count], { end: 80 }),
];
const TRANSFORM = { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 80, width: 1279, height: 719 };
const TWO = [TRANSFORM, { ...TRANSFORM, scaleX: 1.25, scaleY: 1.3, offsetX: -7.5, width: 40 }];
const masks = (count, side) => () => [floats('float32', [count, side, side]), cornerBoxes([count, 4])];
const SMALL_IMAGE = { ...TRANSFORM, scaleX: 8, scaleY: 8, offsetY: 3, width: 79, height: 61 };
const MODEL = { width: 640, height: 640 };

export const boxCases = [
  ...decoded,
  ...deltas,
  ...suppressed,
  operatorCase('nonMaximumSuppression', () => [floatsWithExtremes([1, 64, 4]), tiedScores([1, 64])], [{}], {
    note: 'extremes',
  }),
  operatorCase('rescaleBoxes', () => [cornerBoxes([2, 30, 4])], [TRANSFORM]),
  operatorCase('rescaleBoxes', () => [floatsWithExtremes([2, 30, 4])], [TWO], {
    note: 'two transforms, extremes',
  }),
  operatorCase('rescaleKeypoints', () => [floats('float32', [2, 5, 17, 3], { range: 640 })], [TWO]),
  operatorCase('rescaleMasks', masks(3, 20), [{ transform: SMALL_IMAGE, model: MODEL, inside: 255 }]),
  largeCase('decodeBoxes', () => [floats('float32', [16, 8400, 85])], [
    { form: 'yolox', levels: LARGE_CELLS, best: true },
  ]),
  largeCase(
    'decodeBoxes',
    () => [floats('float16', [16, 84, 8400])],
    [{ form: 'center', layout: 'channels-first' }],
    'large, channels first',
  ),
  largeCase('nonMaximumSuppression', detections(25_200), [{ iouThreshold: 0.45 }]),
  largeCase(
    'nonMaximumSuppression',
    detections(100_000),
    [{ maxCandidates: 100_000, maxOutput: 1000 }],
    '100,000 candidates',
  ),
  largeCase(
    'nonMaximumSuppression',
    detections(2000),
    [{ method: 'gaussian', scoreThreshold: 0.01 }],
    'large, soft',
  ),
  largeCase('rescaleMasks', masks(20, 160), [{ transform: TRANSFORM, model: MODEL }]),
];
