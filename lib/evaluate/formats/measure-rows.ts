// SPDX-License-Identifier: Apache-2.0
// The numbers of an evaluation in the order in which people ask for them; the table and the report show the same.

import type { Evaluation } from '../evaluation';

/** A number with its name; shares are from 0 to 1. */
export interface MeasureRow {
  readonly title: string;
  readonly value: number | null;
  readonly unit?: 'share' | 'dB' | 'nats';
  /** What stands in place of null. */
  readonly otherwise?: string;
}

/** How right the model is. */
export function measureRows(evaluation: Evaluation): MeasureRow[] {
  switch (evaluation.task) {
    case 'classification': {
      const { accuracy, topK, precision, recall, f1, averages, rocAuc } = evaluation;
      const others = Object.entries(topK).filter(([k]) => k !== '1');
      return [
        { title: 'accuracy', value: accuracy, unit: 'share' },
        ...others.map(([k, value]) => ({ title: `top-${k}`, value, unit: 'share' as const })),
        { title: 'precision (macro)', value: precision, unit: 'share' },
        { title: 'recall (macro)', value: recall, unit: 'share' },
        { title: 'F1 (macro)', value: f1, unit: 'share' },
        { title: 'F1 (weighted)', value: averages.weighted.f1, unit: 'share' },
        { title: 'ROC-AUC', value: rocAuc?.macro ?? null },
      ];
    }
    case 'regression':
      return [
        { title: 'mean absolute error', value: evaluation.mae },
        { title: 'root mean squared error', value: evaluation.rmse },
        { title: 'R²', value: evaluation.r2 },
        { title: 'largest error', value: evaluation.largestError },
      ];
    case 'detection':
      return [
        { title: 'mAP 0.5:0.95', value: evaluation.map, unit: 'share' },
        { title: 'mAP 0.5', value: evaluation.map50, unit: 'share' },
        { title: 'mAP 0.75', value: evaluation.map75, unit: 'share' },
        { title: 'mAP 0.5 (VOC, 11 points)', value: evaluation.map50Voc11, unit: 'share' },
        { title: 'mAP 0.5 (area)', value: evaluation.map50Area, unit: 'share' },
      ];
  }
}

/** How near the model is to its reference; none without one. */
export function referenceRows(evaluation: Evaluation): MeasureRow[] {
  const { reference, cosine, overallCosine, sqnrDb, kl, top1Agreement, largestDifference } = evaluation;
  if (reference === undefined) return [];
  const drop =
    evaluation.task === 'classification' && reference.accuracy !== undefined
      ? [{ title: 'accuracy of the reference', value: reference.accuracy, unit: 'share' as const }]
      : [];
  return [
    ...drop,
    { title: 'cosine (mean of samples)', value: cosine ?? null },
    { title: 'cosine (all)', value: overallCosine ?? null },
    { title: 'SQNR', value: sqnrDb ?? null, unit: 'dB', otherwise: 'equal' },
    ...(kl === null ? [] : [{ title: 'KL divergence', value: kl ?? null, unit: 'nats' as const }]),
    ...(top1Agreement === null
      ? []
      : [{ title: 'top-1 agreement', value: top1Agreement ?? null, unit: 'share' as const }]),
    { title: 'largest difference', value: largestDifference ?? null },
  ];
}
