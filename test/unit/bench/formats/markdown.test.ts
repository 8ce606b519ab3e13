// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../../../lib/bench/formats/markdown';
import {
  sampleEmpty,
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleResult,
  sampleSweep,
} from '../../../bench-documents';

const header = (text: string) => text.split('\n').find((line) => line.startsWith('| '))!;
const rows = (text: string) => text.split('\n').filter((line) => line.startsWith('| '));

describe('formatMarkdown', () => {
  it('is a table with a row for each measurement', () => {
    const suite = sampleSweep();
    expect(rows(formatMarkdown(suite))).toHaveLength(suite.measurements.length + 1);
  });

  it('is headed by the model', () => {
    expect(formatMarkdown(sampleResult())).toMatch(
      /^### models\/resnet50-v2-7\.onnx on cpu \(onnxruntime\)\n\n\|/,
    );
  });

  it('has no numbers of what was not measured', () => {
    expect(rows(formatMarkdown(sampleEmpty()))).toEqual([
      '| Case | stable |',
      '| cpu | nothing was measured |',
    ]);
  });

  it('has only columns that some measurement has', () => {
    expect(header(formatMarkdown(sampleResult()))).not.toContain('GPU');
    expect(header(formatMarkdown(sampleGpuResult()))).toContain('compute p50 ms');
    expect(header(formatMarkdown(samplePrecisions()))).toContain('cosine');
  });

  it('says below the table what did not go well, and what the numbers depend on', () => {
    const failed = sampleFailed();
    const text = formatMarkdown(failed);
    expect(text).toContain('ended early');
    expect(text).toContain('Settings: ');
    expect(text).toContain(`Node ${failed.environment.node}`);
  });

  it('tells the highest rate of a search, or that none was found', () => {
    const search = {
      limit: { percentile: 'p99', milliseconds: 10 },
      highestRatePerSecond: 1234,
      label: 'x',
      tried: [],
    };
    expect(formatMarkdown({ ...sampleSweep(), search })).toContain('p99 ≤ 10 ms: **1,234 inferences/s**');
    const none = { ...search, highestRatePerSecond: null, label: null };
    expect(formatMarkdown({ ...sampleSweep(), search: none })).toContain(
      'No rate that was tried keeps p99 ≤ 10 ms',
    );
  });

  it('keeps names from breaking the table or becoming markup', () => {
    const text = formatMarkdown({ ...sampleResult(), label: 'a|b\n<img src=x>_c_' });
    expect(text).toContain('| a\\|b &lt;img src=x>\\_c\\_ |');
  });
});
