// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatBenchDocument } from '../../../lib/cli/bench-view';
import { createTerminal } from '../../../lib/cli/terminal/terminal';
import {
  sampleEmpty,
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleRateSearch,
  sampleResult,
  sampleSweep,
} from '../../bench-documents';

const plain = createTerminal({ write: () => undefined }, { write: () => undefined }, {});
const show = (document: Parameters<typeof formatBenchDocument>[0]) =>
  formatBenchDocument(document, plain).join('\n');

describe('one measurement for people', () => {
  it('begins with the two numbers that matter', () => {
    const text = show(sampleResult());
    expect(text).toMatch(/^ {2}throughput +[\d.,]+ inferences\/s/m);
    expect(text).toMatch(/^ {2}latency +7\.\d+ ms median.*p99$/m);
  });

  it('shows the distributions that there are, and no others', () => {
    const text = show(sampleResult());
    expect(text).toMatch(
      /ms +mean +p50 +p90 +p95 +p99 +p99\.9 +max\n +latency( +[\d.]+){7}\n +compute( +[\d.]+){7}/,
    );
    expect(text).toMatch(/event-loop delay( +[\d.]+){7}/);
    expect(text).not.toContain('host to device');
    expect(show(sampleGpuResult())).toMatch(/host to device( +[\d.]+){7}/);
  });

  it('always has the settings that change the numbers', () => {
    const cpu = show(sampleResult());
    expect(cpu).toContain('1 call in flight, closed loop, bindings (inputs and outputs in place)');
    expect(cpu).toMatch(/settings +batch 1, 1 context, 8 threads, stage times on/);
    expect(show(sampleGpuResult())).toMatch(
      /settings +batch \d+, \d+ context.*graph \w+, transfers \w+, spin \w+/,
    );
  });

  it('has percentiles that were asked for as columns of their own', () => {
    const result = sampleResult();
    const latencyMs = { ...result.latencyMs, percentiles: { '97.5': 8.5, '99': 9 } };
    expect(show({ ...result, latencyMs })).toMatch(/max +p97\.5\n +latency.* 8\.500\n/);
  });

  it('shows samples a second, and what an open loop was asked for', () => {
    const result = sampleResult();
    const throughput = { inferencesPerSecond: 90, samplesPerSecond: 720, requestedPerSecond: 100 };
    const settings = { ...result.settings, batch: 8 };
    expect(show({ ...result, throughput, settings })).toContain(
      '90.0 inferences/s of 100 asked for, 720 samples/s',
    );
  });

  it('shows readings of the GPU, energy and cold start', () => {
    expect(show(sampleGpuResult())).toMatch(/gpu +\S.* W, [\d.]+ mJ\/inference/);
    expect(show(sampleResult())).toContain(
      'import 41.3 ms, load 213 ms, first run 24.6 ms, 332 ms in all (median of 5 fresh processes)',
    );
  });

  it('says once what could not be read, and gives it no number', () => {
    const unavailable = 'RAPL cannot be read: permission denied';
    const text = show(sampleResult({ cpuEnergy: { unavailable }, layers: { unavailable } }));
    expect(text.split(unavailable)).toHaveLength(2);
    expect(text).not.toContain('cpu energy');
  });

  it('shows the layers that take longest', () => {
    const text = show(sampleResult());
    expect(text).toMatch(/layer +type +ms +share/);
    expect(text).toMatch(/and 61 layers more; -o result\.json has all/);
  });

  it('shows the numbers of trtexec where its settings are in force', () => {
    const result = sampleGpuResult();
    expect(show(result)).not.toContain('GPU Compute Time');
    const asked = show({ ...result, settings: { ...result.settings, trtexecCompat: 10 } });
    expect(asked).toMatch(/GPU Compute Time( +[\d.]+){4}/);
    expect(asked).toMatch(/Throughput [\d.]+ qps/);
    expect(asked).toContain('as trtexec 10');
  });

  it('says why it failed, is not stable, or is to be read with care', () => {
    const failed = show(sampleFailed());
    expect(failed).toContain('not stable  the measurement failed before three windows were complete');
    expect(failed).toMatch(/failed {2}OrtRun: .* ERR_TRT_RUN_FAILED/);
    const warnings = [{ code: 'few-samples', message: 'only 12 calls were measured' }] as const;
    expect(show(sampleResult({ warnings }))).toContain('warning  only 12 calls were measured');
  });

  it('leaves no control character of a name or message', () => {
    const text = show(sampleResult({ model: 'm\u001b[2J.onnx', stable: false, unstableReason: 'x\u0007y' }));
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('several measurements for people', () => {
  it('are one table, then what they have in common', () => {
    const text = show(sampleSweep());
    const { measurements } = sampleSweep();
    for (const { label } of measurements)
      expect(text).toMatch(new RegExp(`^ +${label.replace(/[.*+?^$()|]/g, '\\$&')} `, 'm'));
    expect(text).toMatch(/case +inferences\/s.*p50 ms +p90 +p99 +max/);
    expect(text.match(/^ +machine /gm)).toHaveLength(1);
  });

  it('show size and accuracy of precisions', () => {
    const text = show(samplePrecisions());
    expect(text).toMatch(/size +cosine/);
    expect(text).toMatch(/MiB +0\.99/);
  });

  it('show what a search found, and which rates were too high', () => {
    const text = show(sampleRateSearch());
    expect(text).toContain('1,200 inferences/s is the highest rate with p99 within 10.0 ms');
    expect(text).toContain('1,600/s is too high: p99 is 412.7 ms; 10 ms are allowed');
    const none = { ...sampleRateSearch().search!, highestRatePerSecond: null };
    expect(show({ ...sampleRateSearch(), search: none })).toContain('no rate that was tried keeps p99');
  });

  it('name the cases that failed, also where nothing was measured', () => {
    const error = { code: 'ERR_TRT_RUN_PROFILE', message: 'too large' };
    const failed = [{ label: 'batch 64', case: { batch: 64 }, error }];
    const text = show({ ...sampleSweep(), measurements: [], failed });
    expect(text).toContain('nothing was measured');
    expect(text).toContain('failed  batch 64: too large  ERR_TRT_RUN_PROFILE');
  });
});

describe('what people should not misread', () => {
  it('says that nothing was measured, and shows no zeros', () => {
    expect(show(sampleEmpty())).toMatch(/^ {2}nothing was measured$/m);
    expect(show(sampleEmpty())).not.toMatch(/^ +(throughput|latency) /m);
    const suite = { ...sampleSweep(), measurements: [sampleResult(), { ...sampleEmpty(), label: 'none' }] };
    expect(show(suite)).toMatch(/^ {2}none +interrupted, nothing was measured$/m);
  });

  it('marks percentiles that no call lies beyond', () => {
    const { latencyMs } = sampleResult();
    const text = show(sampleResult({ latencyMs: { ...latencyMs, count: 500 } }));
    expect(text).toMatch(/latency( +[\d.]+){5} +[\d.]+ † +[\d.]+\n/);
    expect(text).toContain('† too few calls for this percentile');
  });

  it('has samples a second in every row where any batch is not 1', () => {
    const [one, two] = [sampleResult(), sampleResult({ label: 'b8' })];
    const measurements = [one, { ...two, settings: { ...two.settings, batch: 8 } }];
    const text = show({ ...sampleSweep(), measurements });
    expect(text).toContain('samples/s');
    expect(text).toMatch(/^ {2}cpu( +[\d.,]+){2} +\d+\.\d{3}/m);
    expect(show(sampleSweep())).not.toContain('samples/s');
  });

  it('says once for all cases that the machine was busy', () => {
    const busy = (percent: number) => ({ code: 'busy-machine' as const, message: `load ${percent} %` });
    const measurements = [1, 2].map((label) =>
      sampleResult({ label: `case ${label}`, warnings: [busy(label)] }),
    );
    const text = show({ ...sampleSweep(), measurements });
    expect(text.match(/warning/g)).toHaveLength(1);
    expect(text).toContain('all cases  warning  load 1 %');
  });
});
