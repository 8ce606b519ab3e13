// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  compareDocuments,
  compareResults,
  compareRounds,
} from '../../../../lib/bench/compare/compare-documents';
import type { CompareOptions, Difference } from '../../../../lib/bench/compare/comparison';
import type { TensorRTError } from '../../../../lib/errors';
import type { BenchResult, BenchSuite } from '../../../../lib/bench/result';
import { sampleGpuResult, sampleResult, sampleSweep } from '../../../bench-documents';
import { uniform } from '../../../simulated-device';
import { resultOfDraws } from './drawn-results';

const noisy = (seed: number, slowness = 1, changes: Partial<BenchResult> = {}) => {
  const random = uniform(seed);
  return resultOfDraws(() => 10 * slowness * (1 + 0.05 * (random() - 0.5)), 3000, changes);
};

const refusal = (a: BenchResult, b: BenchResult, options: CompareOptions = {}): readonly Difference[] => {
  try {
    compareResults(a, b, options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_TRT_BENCH_INCOMPARABLE' });
    return (error as TensorRTError).details.differences as Difference[];
  }
  return [];
};

describe('comparing two measurements', () => {
  it('sees what is slower, in every metric that has enough samples', () => {
    const comparison = compareResults(noisy(1), noisy(2, 1.1));
    expect(comparison).toMatchObject({
      kind: 'comparison',
      method: 'blocks',
      verdict: 'slower',
      primary: 'p50',
    });
    const metrics = new Map(comparison.cases[0]!.metrics.map((metric) => [metric.name, metric]));
    expect(metrics.get('p50')!.changePercent).toBeCloseTo(10, 0);
    expect(metrics.get('p50')!.intervalPercent!.low).toBeGreaterThan(8);
    expect(metrics.get('p50')!.intervalPercent!.high).toBeLessThan(12);
    for (const name of ['mean', 'p90', 'p99', 'throughput'])
      expect(metrics.get(name)!.verdict).toBe('slower');
    expect(metrics.get('throughput')!.changePercent).toBeLessThan(0);
    expect(metrics.get('p999')).toMatchObject({ verdict: 'not judged', intervalPercent: null, pValue: null });
    expect(metrics.get('p999')!.reason).toContain('3000 inferences have 3 beyond it');
  });

  it('says faster of the other direction, and no difference of the same', () => {
    expect(compareResults(noisy(2, 1.1), noisy(1)).verdict).toBe('faster');
    expect(compareResults(noisy(1), noisy(2)).verdict).toBe('no difference seen');
    expect(compareResults(noisy(1), noisy(1)).cases[0]!.metrics[0]!.changePercent).toBe(0);
  });

  it('calls a change below the threshold no difference, however sure it is', () => {
    const constant = (ms: number) => resultOfDraws(() => ms);
    expect(compareResults(constant(10), constant(10.3)).verdict).toBe('slower');
    expect(compareResults(constant(10), constant(10.3), { thresholdPercent: 4 }).verdict).toBe(
      'no difference seen',
    );
  });

  it('gives the same numbers each time', () => {
    expect(compareResults(noisy(1), noisy(2))).toEqual(compareResults(noisy(1), noisy(2)));
  });

  it('judges no metric of a measurement with too few pieces', () => {
    const short = { ...noisy(1), blocks: noisy(1).blocks.slice(0, 5) };
    const [first] = compareResults(short, noisy(2)).cases;
    expect(first!.verdict).toBe('not judged');
    expect(first!.metrics.find(({ name }) => name === 'mean')!.reason).toContain('5 pieces');
  });

  it('decides by another metric where told, and refuses one that is not there', () => {
    expect(compareResults(noisy(1), noisy(2, 1.1), { primary: 'throughput' }).verdict).toBe('slower');
    expect(() => compareResults(noisy(1), noisy(2), { primary: 'p42' })).toThrow(/they have mean, p50/);
  });

  it('refuses wrong options', () => {
    const compare = (options: object) => () => compareResults(noisy(1), noisy(2), options);
    expect(compare({ treshold: 1 })).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_UNKNOWN_OPTION' }));
    for (const wrong of [
      { thresholdPercent: -1 },
      { thresholdPercent: NaN },
      { seed: 0.5 },
      { ignore: 'model' },
    ])
      expect(compare(wrong)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
  });

  it('warns of measurements that are not stable or not complete, and of the one process that it knows', () => {
    const shaky = noisy(2, 1, { stable: false, unstableReason: 'p99 differs by 20 %' });
    const { warnings } = compareResults(noisy(1, 1, { end: 'interrupted' }), shaky);
    expect(warnings[0]).toContain('interrupted');
    expect(warnings[1]).toContain('p99 differs by 20 %');
    expect(warnings[2]).toContain('One process');
  });
});

describe('refusing what cannot be compared', () => {
  const base = noisy(1);
  const settings = (changes: object): BenchResult => ({
    ...base,
    settings: { ...base.settings, ...changes },
  });
  const environment = (changes: object): BenchResult => ({
    ...base,
    environment: { ...base.environment, ...changes },
  });

  it.each<[string, BenchResult]>([
    ['model', { ...base, modelSha256: 'f'.repeat(64) }],
    ['backend', { ...base, backend: 'tensorrt' }],
    ['device', { ...base, device: 'cuda:0' }],
    ['settings.batch', settings({ batch: 4 })],
    ['settings.calls', settings({ calls: 'run' })],
    ['settings.load.concurrency', settings({ load: { kind: 'closed', concurrency: 2 } })],
    ['settings.stageTimes', settings({ stageTimes: false })],
    ['settings.trtexecCompat', settings({ trtexecCompat: 10 })],
    [
      'settings.session.intraOpNumThreads',
      settings({ session: { ...base.settings.session, intraOpNumThreads: 2 } }),
    ],
    ['environment.cpu.model', environment({ cpu: { ...base.environment.cpu, model: 'another' } })],
  ])('names %s', (what, other) => {
    expect(refusal(base, other).map((difference) => difference.what)).toEqual([what]);
    expect(refusal(base, other, { ignore: [what] })).toEqual([]);
  });

  it('names another GPU', () => {
    const gpu = sampleGpuResult();
    const other = { ...gpu, gpu: { ...gpu.gpu, name: 'NVIDIA H200' } } as BenchResult;
    expect(refusal(gpu, other)).toEqual([{ what: 'device.name', a: 'NVIDIA L4', b: 'NVIDIA H200' }]);
  });

  it('compares all the same where forced, and repeats why not', () => {
    const forced = compareResults(base, settings({ batch: 4 }), { force: true });
    expect(forced.differences).toEqual([{ what: 'settings.batch', a: '1', b: '4' }]);
  });

  it('takes the same model at another place, and by name where there is no digest', () => {
    expect(refusal(base, { ...base, model: 'elsewhere/model.onnx' })).toEqual([]);
    const unnamed = { ...base, modelSha256: null };
    expect(refusal(unnamed, { ...unnamed, model: 'another' }).map(({ what }) => what)).toEqual(['model']);
  });

  it('only notes versions, dates and how long was measured', () => {
    const other = {
      ...settings({ durationMs: 1, percentiles: [97.5] }),
      environment: {
        ...base.environment,
        node: '99.0.0',
        date: 'later',
        versions: { 'tensorrt-node': '9.9.9' },
      },
    };
    const { noted } = compareResults(base, other);
    expect(noted.map(({ what }) => what)).toEqual([
      'settings.durationMs',
      'settings.percentiles',
      'environment.versions.tensorrt-node',
      'environment.versions.onnxruntime',
      'environment.node',
      'environment.date',
    ]);
  });
});

describe('comparing suites', () => {
  const sweep = sampleSweep();

  it('matches cases and lists those that the other side has not', () => {
    const fewer: BenchSuite = { ...sweep, measurements: sweep.measurements.slice(2) };
    const comparison = compareDocuments(fewer, sweep);
    expect(comparison.cases).toHaveLength(fewer.measurements.length);
    expect(comparison.unmatched).toEqual({ a: [], b: ['cpu · concurrency 1', 'cpu · concurrency 2'] });
    expect(comparison.verdict).toBe('no difference seen');
  });

  it('says which case differs', () => {
    const [first, ...rest] = sweep.measurements;
    const changed = { ...first!, settings: { ...first!.settings, batch: 7 } };
    const comparison = compareDocuments(
      sweep,
      { ...sweep, measurements: [changed, ...rest] },
      { force: true },
    );
    expect(comparison.differences).toEqual([
      { what: 'settings.batch', a: '1', b: '7', case: 'cpu · concurrency 1' },
    ]);
  });

  it('compares devices with each other where the device is what is asked', () => {
    const of = (device: string): BenchSuite => ({
      ...sweep,
      measurements: sweep.measurements.filter((result) => result.device === device),
    });
    const ignore = ['device', 'backend', 'settings.session'];
    const comparison = compareDocuments(of('cpu'), of('cuda:0'), { ignore });
    expect(comparison.cases).toHaveLength(5);
    expect(comparison.verdict).toBe('faster');
  });

  it('refuses suites without a case in common', () => {
    const other = { ...sweep, measurements: sweep.measurements.slice(0, 2) };
    const another = { ...sweep, measurements: sweep.measurements.slice(3, 5) };
    expect(() => compareDocuments(other, another)).toThrow(/at least one case in common/);
  });
});

describe('comparing rounds', () => {
  const withP50 = (p50: number): BenchResult => {
    const base = sampleResult();
    return { ...base, latencyMs: { ...base.latencyMs, p50 } };
  };

  it('judges by how much the rounds differ', () => {
    const slower = compareRounds([10, 11, 12].map(withP50), [10.5, 11.6, 12.5].map(withP50));
    expect(slower).toMatchObject({ method: 'interleaved', rounds: 3, verdict: 'slower' });
    const noise = compareRounds([10, 11, 12].map(withP50), [10.5, 10.4, 12.5].map(withP50));
    expect(noise.verdict).toBe('no difference seen');
  });

  it('judges stage times too, and nothing with fewer than three rounds', () => {
    const results = [sampleResult(), sampleResult(), sampleResult()];
    const metric = compareRounds(results, results).cases[0]!.metrics.find(
      ({ name }) => name === 'computeMs.p50',
    );
    expect(metric!.verdict).toBe('no difference seen');
    expect(compareRounds(results.slice(1), results.slice(1)).cases[0]!.verdict).toBe('not judged');
  });

  it('refuses sides with different numbers of rounds', () => {
    expect(() => compareRounds([sampleResult()], [])).toThrow(/as many measurements/);
  });
});
