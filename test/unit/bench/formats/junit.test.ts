// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatJunit } from '../../../../lib/bench/formats/junit';
import { sampleEmpty, sampleFailed, sampleResult, sampleSweep } from '../../../bench-documents';

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

describe('formatJunit', () => {
  it('is a test for each measurement, with its numbers as properties', () => {
    const suite = sampleSweep();
    const xml = formatJunit(suite);
    expect(count(xml, /<testcase /g)).toBe(suite.measurements.length + suite.failed.length);
    expect(xml).toContain(`<property name="p99Ms" value="${suite.measurements[0]!.latencyMs.p99}"/>`);
  });

  it('fails the test of a measurement that failed or was interrupted', () => {
    expect(formatJunit(sampleFailed())).toMatch(/failures="1"[\s\S]*<failure type="ERR_TRT_/);
    const interrupted = { ...sampleResult(), end: 'interrupted' as const };
    expect(formatJunit(interrupted)).toContain('<failure type="interrupted"');
  });

  it('fails an unstable one only where stability is required', () => {
    const result = { ...sampleResult(), stable: false, unstableReason: 'throughput differs by 20 %' };
    expect(formatJunit(result)).not.toContain('<failure');
    expect(formatJunit(result, { requireStable: true })).toContain('message="throughput differs by 20 %"');
  });

  it('says that nothing was measured, and has no numbers of it', () => {
    const xml = formatJunit(sampleEmpty());
    expect(xml).toContain('message="the measurement was interrupted: nothing was measured"');
    expect(xml).not.toContain('p50Ms');
    expect(formatJunit({ ...sampleEmpty(), end: 'complete' })).toContain('message="nothing was measured"');
  });

  it('is a test for each condition too', () => {
    const xml = formatJunit(sampleResult(), {
      checks: [
        { name: 'p99>+5%', failure: 'p99 rose by 7 %' },
        { name: 'p50>+5%', failure: null },
      ],
    });
    expect(xml).toContain('tests="3" failures="1"');
    expect(xml).toContain('<testcase name="p99&gt;+5%"');
    expect(xml).toContain('message="p99 rose by 7 %"');
  });

  it('escapes what XML reads as its own, and replaces what it cannot hold', () => {
    const xml = formatJunit({ ...sampleResult(), label: `<a> & "b"\n\u0000\ud800` });
    expect(xml).toContain('name="&lt;a&gt; &amp; &quot;b&quot;&#10;\ufffd\ufffd"');
  });
});
