// SPDX-License-Identifier: Apache-2.0
import { type ComparedMetric, type Comparison, type ConditionOutcome } from '../lib/bench/compare/comparison';

function outcome(text: string, changes: Partial<ConditionOutcome>): ConditionOutcome {
  const condition = {
    text,
    metric: text.slice(0, 3),
    operator: '>' as const,
    limit: { kind: 'change' as const, percent: Number(text.slice(5, -1)) },
  };
  return { text, condition, case: 'cpu', holds: false, isDecided: true, reason: '', ...changes };
}

/** Two measurements of which the second is slower; a condition holds, one passes, one cannot be decided. */
export function sampleComparison(): Comparison {
  const side = {
    name: 'before.json',
    model: 'models/resnet50-v2-7.onnx',
    modelSha256: null,
    backend: 'onnxruntime',
    device: 'cpu',
    node: '22.0.0',
    versions: {},
    date: '2026-03-14T09:26:53.589Z',
  };
  const p50: ComparedMetric = {
    name: 'p50',
    unit: 'ms',
    isLowerBetter: true,
    a: 7.5,
    b: 7.8,
    changePercent: 4,
    intervalPercent: { low: 3.1, high: 4.9 },
    pValue: 0.0001,
    verdict: 'slower',
  };
  const p999: ComparedMetric = {
    ...p50,
    name: 'p999',
    a: 12.1,
    b: 12.2,
    changePercent: 0.83,
    intervalPercent: null,
    pValue: null,
    verdict: 'not judged',
    reason: 'fewer than ten calls lie beyond it in each of both measurements',
  };
  return {
    schemaVersion: 1,
    kind: 'comparison',
    method: 'blocks',
    a: side,
    b: { ...side, name: 'after.json' },
    primary: 'p50',
    thresholdPercent: 1,
    confidence: 0.95,
    verdict: 'slower',
    cases: [
      {
        label: 'cpu',
        case: {},
        verdict: 'slower',
        stable: { a: true, b: false },
        inferences: { a: 1000, b: 900 },
        metrics: [p50, p999],
      },
    ],
    unmatched: { a: [], b: ['gpu'] },
    differences: [],
    noted: [{ what: 'environment.date', a: '1', b: '2' }],
    conditions: [
      outcome('p50>+3%', { holds: true, reason: 'it rose by 4 %' }),
      outcome('p90>+9%', { reason: 'it rose by 1 %' }),
      outcome('p99>+5%', { isDecided: false, reason: 'too few calls' }),
    ],
    warnings: [],
  };
}
