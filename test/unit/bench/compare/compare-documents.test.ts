// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  compareDocuments,
  compareResults,
  compareRounds,
} from '../../../../lib/bench/compare/compare-documents';
import type { CompareOptions, Difference } from '../../../../lib/bench/compare/comparison';
import type { TensorRTError } from '../../../../lib/errors';
import { emptyDistribution } from '../../../../lib/bench/stats/distribution';
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

  it('warns of measurements that are not stable, and of the one process that it knows', () => {
    const comparison = compareResults(noisy(1), noisy(2, 1, { stable: false, unstableReason: 'it moves' }));
    expect(comparison.warnings[0]).toMatch(/^B: the measurement is not stable \(windows up to \d+ % apart\)/);
    expect(comparison.warnings[1]).toContain('One process');
    expect(comparison.unstable).toMatchObject({ b: { measurements: 1, of: 1 } });
    expect(comparison.unstable!.a).toBeUndefined();
  });

  it('judges nothing where a side failed, was interrupted or measured nothing', () => {
    const error = { code: 'ERR_TRT_RUN_FAILED', message: 'the device is gone' };
    const empty = { inferences: 0, latencyMs: emptyDistribution, blocks: [] };
    const ways: [Partial<BenchResult>, string][] = [
      [{ end: 'failed', error }, 'the device is gone (ERR_TRT_RUN_FAILED)'],
      [{ end: 'interrupted' }, 'interrupted before its end'],
      [empty, 'no inference was measured'],
    ];
    for (const [changes, reason] of ways) {
      const [fine, broken] = [noisy(1), noisy(2, 0.5, changes)];
      for (const side of ['A', 'B']) {
        const comparison = side === 'A' ? compareResults(broken, fine) : compareResults(fine, broken);
        expect(comparison.verdict).toBe('not judged');
        expect(comparison.failures).toEqual([expect.stringContaining(reason)]);
        expect(comparison.failures![0]).toContain(`${side}, `);
        expect(comparison.warnings[0]).toBe(comparison.failures![0]);
        expect(comparison.cases[0]!.metrics.every(({ verdict }) => verdict === 'not judged')).toBe(true);
      }
    }
  });

  it('is not sure of a level that moved: one that is not stable may come out anywhere within its windows', () => {
    const windows = [9, 10, 11.5].map((ms) => ({
      inferences: 100,
      inferencesPerSecond: 1000 / ms,
      meanLatencyMs: ms,
      judgedLatencyMs: ms,
    }));
    const moved = { stable: false, unstableReason: 'it moves', windows };
    expect(compareResults(noisy(1), noisy(2, 1.1)).verdict).toBe('slower');
    expect(compareResults(noisy(1), noisy(2, 1.1, moved)).verdict).toBe('no difference seen');
    expect(compareResults(noisy(1), noisy(2, 3, moved)).verdict).toBe('slower');
  });

  it('fails one that cannot keep up with its schedule where the other can, and only warns of two', () => {
    const [kept, overloaded] = [noisy(1), noisy(2, 1, { unserved: 30 })];
    expect(compareResults(kept, overloaded)).toMatchObject({
      verdict: 'not judged',
      failures: [expect.stringMatching(/^B, .*30 calls .* never made/)],
    });
    const both = compareResults({ ...kept, unserved: 4 }, overloaded);
    expect(both.failures).toBeUndefined();
    expect(both.warnings.filter((warning) => warning.includes('never made'))).toHaveLength(2);
  });

  it('judges the throughput although a block has no duration', () => {
    const halted = noisy(2);
    const blocks = halted.blocks.map((block, i) =>
      i % 2 === 0 ? { ...block, endMs: block.startMs } : block,
    );
    const comparison = compareResults(noisy(1), { ...halted, blocks });
    const throughput = comparison.cases[0]!.metrics.find(({ name }) => name === 'throughput')!;
    expect(throughput.verdict).toBe('no difference seen');
    expect(throughput.intervalPercent!.high).toBeLessThan(3);
  });

  it('judges no metric whose interval is no number', () => {
    const still = noisy(2);
    const blocks = still.blocks.map((block) => ({ ...block, endMs: block.startMs }));
    const comparison = compareResults(noisy(1), { ...still, blocks }, { primary: 'throughput' });
    expect(comparison.verdict).toBe('not judged');
  });

  it('pays for the metrics that are asked about, not for all others', () => {
    const of = (options: CompareOptions) => {
      const { metrics } = compareResults(noisy(1), noisy(2, 1.006), options).cases[0]!;
      return metrics.find(({ name }) => name === 'p90')!.pValue!;
    };
    expect(of({ asked: ['p90'] })).toBeLessThan(of({}));
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

  it('goes by the name that the runtime tells, and only notes one that is not known', () => {
    const [l4, h200] = ['NVIDIA L4', 'NVIDIA H200'].map((deviceName) => ({ ...base, deviceName }));
    expect(refusal(l4!, h200!).map(({ what }) => what)).toEqual(['device.name']);
    expect(compareResults(base, l4!).noted.map(({ what }) => what)).toEqual(['device.name']);
  });

  it('sees another model of the same name by its size', () => {
    const sized = (modelBytes: number) => ({ ...base, modelSha256: null, modelBytes });
    expect(refusal(sized(10), sized(10))).toEqual([]);
    expect(refusal(sized(10), sized(12))).toMatchObject([{ what: 'model', b: /12 bytes/ }]);
  });

  it('lets another model have other inputs, and names all that is to be ignored in one line', () => {
    const other = (name: string, batch: number) => ({
      ...settings({ batch, session: { ...base.settings.session, shapes: { [name]: [1, 3] } } }),
      modelSha256: name.repeat(64),
    });
    const [a, b] = [other('a', 1), other('b', 4)];
    expect(refusal(a, b, { ignore: ['model', 'settings.batch'] })).toEqual([]);
    expect(() => compareResults(a, b)).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining('--ignore model,settings.batch,settings.session.shapes to') as string,
      }),
    );
  });

  it('refuses to ignore what nothing has', () => {
    expect(() => compareResults(base, base, { ignore: ['modle'] })).toThrow(/Did you mean "model"/);
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

  it('only notes versions and how long was measured', () => {
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

  it('judges nothing as a whole where B lost a case of A, and says why it did', () => {
    const [first, ...rest] = sweep.measurements;
    const error = { code: 'ERR_TRT_RUN_FAILED', message: 'no memory' };
    const failure = { label: first!.label, case: first!.case, error };
    const lost = compareDocuments(sweep, { ...sweep, measurements: rest, failed: [failure] });
    expect(lost.verdict).toBe('not judged');
    expect(lost.failures).toEqual([
      `B, ${first!.label}: there is no measurement: no memory (ERR_TRT_RUN_FAILED)`,
    ]);
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

  it('leaves out a metric that one round has not', () => {
    const whole = [10, 11, 12].map(withP50);
    const lacking = whole.map((result, round) =>
      round === 1 ? { ...result, computeMs: undefined } : result,
    );
    const names = compareRounds(whole, lacking).cases[0]!.metrics.map(({ name }) => name);
    expect(names).toContain('p50');
    expect(names).not.toContain('computeMs.p50');
  });

  it('refuses another device in any round', () => {
    const same = [10, 11, 12].map(withP50);
    const moved = same.map((result, round) => (round === 2 ? { ...result, device: 'cuda:0' } : result));
    expect(() => compareRounds(same, moved)).toThrow(/device differs/);
    expect(() => compareRounds(moved, moved)).toThrow(/device differs/);
  });

  it('keeps the measurement of each round, without its blocks', () => {
    const { measurements } = compareRounds([10, 11].map(withP50), [12, 13].map(withP50));
    expect(measurements!.b.map(({ latencyMs }) => latencyMs.p50)).toEqual([12, 13]);
    expect(measurements!.b[0]!.blocks).toEqual([]);
  });

  it('counts the rounds that are not stable, in one line for each side', () => {
    const shaky = (p50: number) => ({ ...withP50(p50), stable: false, unstableReason: 'it moves' });
    const { warnings } = compareRounds([shaky(1), shaky(1), withP50(1)], [1, 1, 1].map(shaky));
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^A: 2 of 3 rounds are not stable/);
    expect(warnings[1]).toMatch(/^B: 3 of 3 rounds are not stable/);
  });

  it('refuses sides with different numbers of rounds', () => {
    expect(() => compareRounds([sampleResult()], [])).toThrow(/as many measurements/);
  });
});
