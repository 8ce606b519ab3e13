// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatComparisonHtml, formatHtml } from '../../../../../lib/bench/formats/html/format-html';
import { type BenchDocument } from '../../../../../lib/bench/result';
import {
  sampleEmpty,
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleRateSearch,
  sampleResult,
  sampleSweep,
} from '../../../../bench-documents';
import { sampleComparison } from '../../../../comparison-documents';

/** The page without its scripts and styles: what a reader without JavaScript gets. */
const body = (document: BenchDocument, options = {}) =>
  formatHtml(document, options).replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');

/** Its text, with entities and white space as a browser shows them. */
const text = (document: BenchDocument, options = {}) =>
  body(document, options)
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

const charts = (page: string) =>
  JSON.parse(/<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)![1]!) as {
    title: string;
    xs: number[];
    series: { label: string; ys: number[]; points?: unknown[] }[];
  }[];

const ALL: Record<string, BenchDocument> = {
  cpu: sampleResult(),
  gpu: sampleGpuResult(),
  sweep: sampleSweep(),
  precisions: samplePrecisions(),
  search: sampleRateSearch(),
  failed: sampleFailed(),
};

describe('formatHtml', () => {
  test.each(Object.entries(ALL))('names no address outside the page (%s)', (_name, document) => {
    const page = formatHtml(document);
    expect(page).not.toMatch(/(src|href|action)\s*=\s*["']?(?!#|data:,)[a-z/]/i);
    expect(page).not.toMatch(/@import|url\(|https?:\/\/(?!www\.w3\.org)/);
  });

  test.each(Object.entries(ALL))(
    'uses each id once, and links only to ids that are there (%s)',
    (_name, document) => {
      const page = body(document);
      const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
      expect(ids).toHaveLength(new Set(ids).size);
      for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
      for (const [, target] of page.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(target);
    },
  );

  test('lets only its own scripts and styles run', () => {
    const page = formatHtml(sampleResult());
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/
      .exec(page)![1]!
      .replaceAll('&#39;', "'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const [, , inside] of page.matchAll(/<(script|style)>([\s\S]*?)<\/\1>/g)) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(inside!).digest('base64')}'`);
    }
    expect(body(sampleGpuResult())).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  test('carries the licence of the charting library', () => {
    expect(formatHtml(sampleResult())).toMatch(/Leon Sorokin[\s\S]+WITHOUT WARRANTY OF ANY KIND/);
  });

  test('stays small', () => {
    expect(formatHtml(sampleGpuResult()).length).toBeLessThan(250_000);
  });

  test('is the same page for the same document', () => {
    expect(formatHtml(sampleGpuResult())).toBe(formatHtml(sampleGpuResult()));
  });
});

describe('a measurement', () => {
  test('opens with its verdict and the numbers that are quoted', () => {
    const result = sampleGpuResult();
    const page = text(result);
    expect(page).toMatch(/Stable Throughput and p99 latency of the last windows agree within 10 %/);
    expect(page).toContain(`Median latency ${result.latencyMs.p50.toFixed(3)} ms 95 % CI`);
    expect(page).toContain(`${result.throughput.inferencesPerSecond.toFixed(1)} inferences/s`);
    expect(page).toMatch(/GPU energy per inference [\d.]+ mJ/);
    expect(page).toContain('throttled The clocks were lowered');
  });

  test('says why it is not stable', () => {
    const page = text(sampleResult({ stable: false, unstableReason: 'p99 differs by 23 %' }));
    expect(page).toContain('Not stable P99 differs by 23 %.');
  });

  test('that failed gives the error, what to do and what was measured', () => {
    const page = text(sampleFailed());
    expect(page).toMatch(/Failed ERR_TRT_RUN_FAILED OrtRun: .*Check that the inputs.*999 inferences in/);
  });

  test('that was interrupted says how far it came', () => {
    expect(text(sampleResult({ end: 'interrupted' }))).toMatch(
      /Interrupted .* ended early, after [\d,]+ inferences/,
    );
  });

  test('gives reasons for what could not be read, and no zeros', () => {
    const page = text(
      sampleResult({ layers: { unavailable: 'no profiler' }, gpu: { unavailable: 'no NVML' } }),
    );
    expect(page).toContain(
      'Energy of the processor /sys/class/powercap/intel-rapl:0/energy_uj: permission denied',
    );
    expect(page).toContain('Layer times no profiler');
    expect(page).toContain('GPU sensors no NVML');
    expect(page).not.toContain('energy per inference');
    expect(text(sampleGpuResult())).toContain('GPU: Memory clock nvmlDeviceGetClockInfo: Not Supported');
  });

  test('marks percentiles for which there were too few calls', () => {
    const times = { ...sampleResult().latencyMs, count: 500 };
    expect(text(sampleResult({ latencyMs: times }))).toContain('† Too few calls for this percentile');
  });

  test('puts percentiles that were asked for among the usual ones', () => {
    const times = { ...sampleResult().latencyMs, percentiles: { '97.5': 8.765 } };
    expect(text(sampleResult({ latencyMs: times }))).toMatch(/p95 p97\.5 p99 p99\.9 .* 8\.765 /);
  });

  test('shows all layers, stages one at a time and pipelined, and trtexec’s numbers in tables', () => {
    const page = text(sampleGpuResult());
    expect(page).toContain('Layers by time');
    expect(body(sampleGpuResult()).match(/<tr>\s*<th scope="row" class="text">\/layer/g)).toHaveLength(41);
    expect(page).toContain('pipelined (2 in flight), ms');
    expect(page).toContain('GPU Compute Time');
    expect(page).toContain('958.3 qps');
  });

  test('shows all settings and the environment', () => {
    const page = text(sampleGpuResult({ settings: { ...sampleResult().settings, trtexecCompat: 10 } }));
    for (const part of [
      'TensorRT 10',
      'intraOpNumThreads 8',
      'binding (no copies)',
      'AMD EPYC 7763',
      '10.9.0.34',
    ])
      expect(page).toContain(part);
  });

  test('without any call still gives a page', () => {
    const none = {
      ...sampleFailed().latencyMs,
      count: 0,
      mean: NaN,
      p50: NaN,
      p99: NaN,
      medianInterval: undefined,
    };
    const page = formatHtml({ ...sampleFailed(), blocks: [], windows: [], inferences: 0, latencyMs: none });
    expect(page).not.toMatch(/NaN|undefined<|Infinity</);
    expect(charts(page).filter(({ title }) => title === 'Histogram')).toHaveLength(0);
  });
});

describe('text of the document', () => {
  const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert('2')"> & <!-- '"`;

  test('is never markup, wherever it stands', () => {
    const suite = sampleSweep();
    const first = sampleGpuResult({
      model: HOSTILE,
      label: HOSTILE,
      device: HOSTILE,
      fallbackReason: HOSTILE,
      unstableReason: HOSTILE,
      stable: false,
      case: { device: HOSTILE, concurrency: 1 },
      layers: [{ name: HOSTILE, type: HOSTILE, meanMs: 1, share: 1 }],
      cpuEnergy: { unavailable: HOSTILE },
      warnings: [{ code: 'sensor', message: HOSTILE }],
      accuracy: [{ output: HOSTILE, cosine: 1, sqnrDb: null, maxAbsDifference: 0 }],
      settings: { ...sampleResult().settings, session: { [HOSTILE]: HOSTILE } },
      environment: { ...suite.environment, date: HOSTILE, versions: { [HOSTILE]: HOSTILE } },
    });
    const failed = [{ label: HOSTILE, case: {}, error: { code: HOSTILE, message: HOSTILE, hint: HOSTILE } }];
    const page = formatHtml(
      { ...suite, measurements: [first, ...suite.measurements], failed },
      { title: HOSTILE },
    );
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page.match(/<script/g)).toHaveLength(4);
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;2&#39;)&quot;&gt;');
    expect(charts(page)[0]!.series.map(({ label }) => label)).toContain(HOSTILE);
  });
});

describe('a suite', () => {
  test('gives every case a row, a panel and a place in the chooser', () => {
    const suite = sampleSweep();
    const page = body(suite);
    suite.measurements.forEach(({ label }, index) => {
      expect(page).toContain(`<a href="#case-${index + 1}">${label}</a>`);
      expect(page).toContain(`<article class="case" id="case-${index + 1}"`);
      expect(page).toContain(`<option value="case-${index + 1}">${label}</option>`);
    });
    expect(text(suite)).toContain('9 of 11 cases stable 1 failed, 1 not stable');
    expect(text(suite)).toContain('cuda:0 · concurrency 64 ERR_TRT_CUDA_MEMORY');
  });

  test('draws a sweep as one line for each device, one point for each case', () => {
    const [median] = charts(formatHtml(sampleSweep()));
    expect(median!.series.map(({ label }) => label)).toEqual(['cpu', 'cuda:0']);
    expect(median!.series.map(({ points }) => points?.length)).toEqual([5, 5]);
  });

  test('puts accuracy, size and energy of precisions side by side', () => {
    const page = text(samplePrecisions());
    expect(page).toMatch(/int8 logits 0\.9987100 25\.80 0\.4120 98\.40 %/);
    expect(page).toMatch(/fp32 logits 1\.000000 equal 0 100\.0 %/);
    expect(page).toContain('25.00 MiB');
  });

  test('is judged by the rate that a search found', () => {
    const suite = sampleRateSearch();
    expect(text(suite)).toContain('1,200 calls/s keep p99 within 10 ms');
    const none = { ...suite, search: { ...suite.search!, highestRatePerSecond: null, label: null } };
    expect(text(none)).toContain('No rate keeps p99 within 10 ms');
  });

  test('of which every case failed has only the reasons', () => {
    const page = text({ ...sampleSweep(), measurements: [] });
    expect(page).toContain('0 of 1 cases stable');
    expect(page).toContain('out of memory');
  });
});

test('a sweep of the batch alone is drawn over the batch, throughput from zero', () => {
  const measurements = [1, 2, 16].map((batch) => {
    const result = sampleResult({ label: `batch ${batch}`, case: { batch } });
    return { ...result, settings: { ...result.settings, batch } };
  });
  const suite = { ...sampleSweep(), axes: ['batch' as const], measurements, failed: [] };
  const [first] = charts(formatHtml(suite));
  expect(first).toMatchObject({
    title: 'Throughput by batch',
    xs: [1, 2, 16],
    x: { label: 'batch', isLog: true },
    y: { fromZero: true },
  });
});

test('a search is drawn over a logarithmic axis, and listed by rate', () => {
  const [first] = charts(formatHtml(sampleRateSearch()));
  expect(first).toMatchObject({ x: { isLog: true } });
  const rates = [...body(sampleRateSearch()).matchAll(/<th scope="row" class="number">([\d,]+)<\/th>/g)];
  const numbers = rates.slice(0, 6).map((match) => Number(match[1]!.replace(',', '')));
  expect(numbers).toEqual([400, 800, 1200, 1300, 1400, 1600]);
});

test('lines that coincide are drawn once', () => {
  const { blocks } = sampleResult();
  const single = blocks.map((block) => ({ ...block, p99Ms: block.p50Ms, maxMs: block.p50Ms }));
  const latency = charts(formatHtml(sampleResult({ blocks: single }))).find(
    ({ title }) => title === 'Latency',
  )!;
  expect(latency.series.map(({ label }) => label)).toEqual(['p50 = p99 = max']);
});

test('settings are told as people write them', () => {
  const { settings } = sampleResult();
  const session = { shapes: { x: [8, 3] }, inputs: { x: 'random' } };
  const page = text(sampleResult({ settings: { ...settings, session } }));
  expect(page).toContain('shapes x 8×3');
  expect(page).toContain('inputs x random');
});

test('a suite with nothing stable is a warning, not a failure', () => {
  const suite = sampleSweep();
  const measurements = suite.measurements.map((result) => ({ ...result, stable: false }));
  expect(body({ ...suite, measurements, failed: [] })).toMatch(/verdict warn[\s\S]*0 of 10 cases stable/);
});

test('what was not measured has no numbers', () => {
  const page = text(sampleEmpty());
  expect(page).toContain('Nothing was measured.');
  expect(page).not.toMatch(/Median latency|Latency in milliseconds/);
  const both = text({
    ...sampleSweep(),
    measurements: [sampleResult(), { ...sampleEmpty(), label: 'none' }],
  });
  expect(both).toMatch(/none Interrupted – –/);
  expect(both).not.toContain('Lowest median latency');
});

describe('a comparison', () => {
  test('shows the change with its interval and verdict', () => {
    const comparison = sampleComparison();
    const page = text(sampleResult(), { comparison });
    expect(page).toContain('after.json against before.json');
    expect(page).toContain('Slower p50 of B against A: +4.00 % (95 % interval +3.10 % … +4.90 %).');
    expect(page).toContain('p50 7.500 7.800 ms +4.00 % +3.10 % … +4.90 % &lt; 0.001 slower');
    expect(page).toContain('p99.9 12.10 12.20 ms');
    expect(page).toContain('Not stable: after.json.');
    expect(page).toContain('Only in after.json: gpu.');
  });

  test('is headed by its own verdict and numbers, not by those of one measurement', () => {
    const page = body(sampleResult(), { comparison: sampleComparison() });
    const header = page.slice(0, page.indexOf('</header>')).replace(/\s+/g, ' ');
    expect(header).toMatch(/<dt>A: p50<\/dt>.*7\.500.*<dt>B: p50<\/dt>.*7\.800.*<dt>Change<\/dt>.*\+4\.00/);
    expect(header).not.toContain('Median latency');
    expect(page.indexOf('id="comparison"')).toBeLessThan(page.indexOf('id="case-1"'));
  });

  test('says of each condition whether it holds, passes or could not be decided, and why', () => {
    const page = text(sampleResult(), { comparison: sampleComparison() });
    expect(page).toContain('Fails the build: p50&gt;+3%. Could not be decided: p99&gt;+5%.');
    expect(page).toMatch(/p50&gt;\+3% holds cpu it rose by 4 %/);
    expect(page).toMatch(/p90&gt;\+9% passes cpu it rose by 1 %/);
    expect(page).toMatch(/p99&gt;\+5% undecided cpu too few calls/);
  });

  test('shows each round, and what was measured of B in it', () => {
    const { blocks: _, ...rest } = sampleResult();
    const round = { ...rest, blocks: [] };
    const measurements = { a: [round, round], b: [round, round] };
    const comparison = { ...sampleComparison(), method: 'interleaved' as const, rounds: 2, measurements };
    const page = text(sampleResult(), { comparison });
    expect(page).toContain('Measurements in the order of the rounds');
    expect(page).toContain('Round 2 of after.json');
  });

  test('needs no measurement where it ended before there was one', () => {
    expect(formatComparisonHtml(sampleComparison())).toContain('id="comparison"');
  });
});
