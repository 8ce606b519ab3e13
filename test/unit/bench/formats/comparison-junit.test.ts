// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatComparisonJunit } from '../../../../lib/bench/formats/comparison-junit';
import { sampleResult } from '../../../bench-documents';
import { sampleComparison } from '../../../comparison-documents';

describe('formatComparisonJunit', () => {
  it('is a test for each condition; what could not be decided is skipped, and says why', () => {
    const xml = formatComparisonJunit(sampleComparison());
    expect(xml).toContain('tests="3" failures="1" errors="0" skipped="1"');
    expect(xml).toMatch(
      /name="cpu · p50&gt;\+3%"[^>]*>\s*<failure type="condition" message="it rose by 4 %"/,
    );
    expect(xml).toMatch(/name="cpu · p90&gt;\+9%"[^>]*\/>/);
    expect(xml).toMatch(/name="cpu · p99&gt;\+5%"[^>]*>\s*<skipped message="too few calls"/);
  });

  it('took as long as all rounds of both sides', () => {
    const round = { ...sampleResult(), measuredMs: 3000 };
    const measurements = { a: [round, round], b: [round, round] };
    expect(formatComparisonJunit({ ...sampleComparison(), measurements })).toContain('time="12.000"');
  });

  it('fails where a measurement did, and is never empty', () => {
    const { conditions: _, ...without } = sampleComparison();
    expect(formatComparisonJunit(without)).toContain('tests="1" failures="0"');
    const failed = formatComparisonJunit({ ...without, failures: ['round 2 of B failed'] });
    expect(failed).toContain('<failure type="measurement" message="round 2 of B failed"/>');
  });
});
