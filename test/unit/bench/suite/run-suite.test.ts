// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { planCases } from '../../../../lib/bench/suite/plan-cases';
import { runSuite } from '../../../../lib/bench/suite/run-suite';
import { TensorRTError } from '../../../../lib/errors';
import { sampleResult } from '../../../bench-documents';

const cases = planCases({ devices: ['cpu'], batches: [1, 2, 4] });

describe('runSuite', () => {
  it('measures each case in order and tells the axes', async () => {
    const seen: string[] = [];
    const suite = await runSuite({
      cases,
      measureCase: async ({ label, case: place }) => sampleResult({ label, case: place }),
      onCase: ({ label }, index) => seen.push(`${index} ${label}`),
    });
    expect(seen).toEqual(['0 batch 1', '1 batch 2', '2 batch 4']);
    expect(suite).toMatchObject({
      schemaVersion: 1,
      kind: 'suite',
      axes: ['batch'],
      measurements: [{ case: { batch: 1 } }, { case: { batch: 2 } }, { case: { batch: 4 } }],
      failed: [],
      environment: suite.measurements[0]!.environment,
    });
  });

  it('keeps a case that fails, and goes on', async () => {
    const suite = await runSuite({
      cases,
      measureCase: async ({ label, values, case: place }) => {
        if (values.batch === 1) throw new TensorRTError('ERR_TRT_RUN_PROFILE', 'no', { hint: 'build' });
        if (values.batch === 2) throw new Error('broken');
        return sampleResult({ label, case: place });
      },
    });
    expect(suite.measurements.map(({ label }) => label)).toEqual(['batch 4']);
    expect(suite.failed).toEqual([
      {
        label: 'batch 1',
        case: { batch: 1 },
        error: { code: 'ERR_TRT_RUN_PROFILE', message: 'no', hint: 'build' },
      },
      { label: 'batch 2', case: { batch: 2 }, error: { code: 'ERROR', message: 'broken' } },
    ]);
  });

  it('ends at its signal and names the cases that it did not get to', async () => {
    const controller = new AbortController();
    const suite = await runSuite({
      cases,
      signal: controller.signal,
      measureCase: async ({ label }) => {
        controller.abort();
        return sampleResult({ label, end: 'interrupted' });
      },
    });
    expect(suite.measurements).toMatchObject([{ label: 'batch 1', end: 'interrupted' }]);
    expect(suite.failed.map(({ label, error }) => `${label} ${error.code}`)).toEqual([
      'batch 2 ERR_TRT_RUN_ABORTED',
      'batch 4 ERR_TRT_RUN_ABORTED',
    ]);
  });

  it('has an environment even where nothing could be measured', async () => {
    const suite = await runSuite({ cases, measureCase: () => Promise.reject(new Error('no')) });
    expect(suite.failed).toHaveLength(3);
    expect(suite.environment.node).toBe(process.versions.node);
  });
});
