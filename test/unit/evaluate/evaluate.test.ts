// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  evaluate,
  type ClassificationEvaluation,
  type DetectionEvaluation,
  type LabelledBatch,
  type RegressionEvaluation,
} from '../../../lib/evaluate';
import { rejection } from '../../temporary-folder';
import { fakeModel } from './fake-model';

const batch = (rows: readonly (readonly number[])[], labels: LabelledBatch['labels']): LabelledBatch => ({
  feeds: { x: { data: Float32Array.from(rows.flat()), dims: [rows.length, rows[0]!.length] } },
  labels,
});
const SIX = [
  batch(
    [
      [3, 1, 0],
      [0, 2, 1],
    ],
    [0, 1],
  ),
  batch(
    [
      [1, 2, 0],
      [0, 0, 1],
    ],
    [0, 2],
  ),
  batch(
    [
      [5, 0, 0],
      [0, 1, 9],
    ],
    [0, 1],
  ),
];

describe('evaluate', () => {
  it('measures classes over all batches', async () => {
    const found = (await evaluate(fakeModel().model, SIX)) as ClassificationEvaluation;
    expect(found).toMatchObject({
      schemaVersion: 1,
      kind: 'evaluation',
      task: 'classification',
      samples: 6,
      batches: 3,
      output: 'y',
      accuracy: 4 / 6,
      confusion: [
        [2, 1, 0],
        [0, 1, 1],
        [0, 0, 1],
      ],
      topK: { '1': 4 / 6 },
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('runs as many batches at once as there are contexts, and counts them in order', async () => {
    const { model, seen } = fakeModel({ delayMs: (run) => (run === 0 ? 20 : 0) });
    const progress: number[] = [];
    const onProgress = ({ samples }: { samples: number }) => progress.push(samples);
    await evaluate(model, SIX, { concurrency: 3, onProgress });
    expect(seen.most).toBe(3);
    expect(progress).toEqual([2, 4, 6]);
  });

  it('tells two classes by one column: probabilities at 0.5, logits at 0', async () => {
    const rows = (values: readonly number[]) => [
      batch(
        values.map((value) => [value]),
        [0, 0, 1, 1],
      ),
    ];
    const model = fakeModel({ dims: ['batch', 1] }).model;
    const shares = (await evaluate(model, rows([0.1, 0.6, 0.7, 0.9]))) as ClassificationEvaluation;
    expect(shares).toMatchObject({
      threshold: 0.5,
      accuracy: 0.75,
      rocAuc: { macro: 1 },
      confusion: [
        [1, 1],
        [0, 2],
      ],
    });
    const logits = (await evaluate(model, rows([-3, -1, 0.2, 4]))) as ClassificationEvaluation;
    expect(logits).toMatchObject({ threshold: 0, accuracy: 1 });
    const strict = await evaluate(model, rows([0.1, 0.6, 0.7, 0.9]), { threshold: 0.65 });
    expect(strict).toMatchObject({ threshold: 0.65, accuracy: 1 });
  });

  it('measures numbers where labels are no whole numbers', async () => {
    const model = fakeModel({ score: ([a]) => [a! + 1] }).model;
    const data = [
      batch(
        [
          [1, 0, 0],
          [2, 0, 0],
        ],
        Float32Array.of(1, 2),
      ),
    ];
    const found = (await evaluate(model, data)) as RegressionEvaluation;
    expect(found).toMatchObject({ task: 'regression', mae: 1, rmse: 1, samples: 2 });
  });

  it('measures boxes', async () => {
    const model = fakeModel({ score: (sample) => sample, dims: ['batch', 6] }).model;
    const labels = [[{ box: [0, 0, 4, 4], label: 1 }] as const];
    const data = [batch([[0, 0, 4, 4, 0.9, 1]], labels)];
    // One detection a sample: the output [1, 6] is one row of left, top, right, bottom, score, class.
    const detections = (outputs: Readonly<Record<string, { data: ArrayLike<number | bigint> }>>) => {
      const [left, top, right, bottom, score, label] = Array.from(outputs['y']!.data, Number);
      return [{ box: [left!, top!, right!, bottom!] as const, score: score!, label: label! }];
    };
    const found = (await evaluate(model, data, { detections })) as DetectionEvaluation;
    expect(found).toMatchObject({ task: 'detection', map: 1, output: null });
    const refused = await rejection(evaluate(model, data, { detections, reference: model }));
    expect(refused).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
  });

  it('holds a model against a reference, with the accuracy of both', async () => {
    const candidate = fakeModel({ score: ([a, b, c]) => [a!, b! + 0.25, c!] }).model;
    const found = await evaluate(candidate, SIX, { reference: fakeModel().model });
    expect(found.reference).toMatchObject({ accuracy: 4 / 6, device: 'cpu' });
    expect(found.largestDifference).toBe(0.25);
    expect(found.cosine).toBeGreaterThan(0.98);
    expect(found.top1Agreement).toBe(1);
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const error = await rejection(
      evaluate(fakeModel().model, SIX, { signal: controller.signal, onProgress }),
    );
    expect(error.code).toBe('ERR_TRT_RUN_ABORTED');
  });

  it('says so where scores are NaN', async () => {
    const found = (await evaluate(
      fakeModel({ score: () => [NaN, 1, 2] }).model,
      SIX,
    )) as ClassificationEvaluation;
    expect(found).toMatchObject({
      nanSamples: 6,
      rocAuc: null,
      warnings: ['6 samples have NaN among their scores.'],
    });
  });

  it('asks which of several outputs is meant', async () => {
    const { model } = fakeModel({ outputs: ['logits', 'features'] });
    expect(await rejection(evaluate(model, SIX))).toMatchObject({
      code: 'ERR_TRT_EVAL_OUTPUT',
      message: expect.stringContaining('logits, features'),
    });
    expect(await rejection(evaluate(model, SIX, { output: 'logit' }))).toMatchObject({
      code: 'ERR_TRT_EVAL_OUTPUT',
      message: expect.stringMatching(/[Dd]id you mean .logits./),
    });
    expect((await evaluate(model, SIX, { output: 'logits' })).output).toBe('logits');
  });
});

describe('evaluate with bad data', () => {
  const failure = (data: readonly LabelledBatch[], options = {}) =>
    rejection(evaluate(fakeModel().model, data, options));

  it.each<[string, readonly LabelledBatch[], string]>([
    [
      'a label out of range',
      [SIX[0]!, batch([[0, 0, 1]], [3])],
      'sample 2 of the data: label 3 is none of the 3 classes, 0 to 2',
    ],
    ['a negative label', [batch([[0, 0, 1]], [-1])], 'sample 0 of the data: label -1'],
    [
      'too few labels',
      [
        batch(
          [
            [0, 0, 1],
            [1, 0, 0],
          ],
          [1],
        ),
      ],
      '1',
    ],
    [
      'NaN in an input',
      [
        batch(
          [
            [0, 0, 1],
            [1, NaN, 0],
          ],
          [1, 1],
        ),
      ],
      "sample 1 of the data: input 'x' has NaN at place 1",
    ],
    ['an empty batch', [batch([[0, 0, 1]], [])], 'has no labels'],
    ['no batch', [], 'There are no batches'],
  ])('refuses %s', async (_what, data, message) => {
    expect(await failure(data)).toMatchObject({
      code: 'ERR_TRT_EVAL_DATA',
      message: expect.stringContaining(message),
    });
  });

  it('names the sample as the data names it', async () => {
    const error = await failure([{ ...batch([[0, 0, 1]], [7]), names: ['cats/7.npy'] }]);
    expect(error.message).toMatch(/^cats\/7\.npy: label 7/);
  });

  it('refuses labels that are no classes where classes are asked for', async () => {
    const error = await failure([batch([[0, 0, 1]], [0.5])], { task: 'classification' });
    expect(error).toMatchObject({ code: 'ERR_TRT_EVAL_DATA', hint: expect.stringContaining('regression') });
  });
});
