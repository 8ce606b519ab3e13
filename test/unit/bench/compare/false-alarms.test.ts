// SPDX-License-Identifier: Apache-2.0
// How often a comparison cries wolf, and how often it misses one: measurements in virtual time with seeds, so that each
// run of this file counts the same ones.
import { describe, expect, it } from 'vitest';
import { compareResults } from '../../../../lib/bench/compare/compare-documents';
import type { BenchResult } from '../../../../lib/bench/result';
import { latencies, uniform, type LatencySource } from '../../../simulated-device';
import { measureSimulated, resultOfDraws } from './drawn-results';

/** How many measurements are compared with one of the same, and with one that is 3 % slower. */
interface Pairs {
  readonly same: number;
  readonly slower: number;
}

const MANY: Pairs = { same: 50, slower: 100 };
const SOME: Pairs = { same: 20, slower: 20 };
/** Where no seed changes anything. */
const ONE: Pairs = { same: 1, slower: 1 };
// A quarter of a minute of arithmetic in all, on a machine that may have other work.
const TIMEOUT_MS = 300_000;

type Measure = (seed: number, slowness: number) => BenchResult | Promise<BenchResult>;

interface Rates {
  /** Of pairs of the same: verdicts other than `no difference seen`. */
  falseAlarms: number;
  /** The same, of any metric. */
  anyFalseAlarms: number;
  found: number;
}

async function countVerdicts(measure: Measure, pairs: Pairs): Promise<Rates> {
  const rates = { falseAlarms: 0, anyFalseAlarms: 0, found: 0 };
  for (let pair = 0; pair < Math.max(pairs.same, pairs.slower); pair++) {
    const a = await measure(3 * pair, 1);
    const isSlowerAsked = pair < pairs.slower;
    if (isSlowerAsked && compareResults(a, await measure(3 * pair + 1, 1.03)).verdict === 'slower')
      rates.found += 1;
    if (pair >= pairs.same) continue;
    const same = compareResults(a, await measure(3 * pair + 2, 1));
    if (same.verdict !== 'no difference seen') rates.falseAlarms += 1;
    const isSeen = same.cases[0]!.metrics.some(({ verdict }) => verdict === 'slower' || verdict === 'faster');
    if (isSeen) rates.anyFalseAlarms += 1;
  }
  return rates;
}

const simulated =
  (source: (seed: number) => LatencySource, durationMs?: number): Measure =>
  (seed, slowness) =>
    measureSimulated(source(seed + 1), { slowness, durationMs });

function normalFrom(seed: number): () => number {
  const random = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/** Draws of a seed, each 3 % slower where that is asked for. */
const drawn =
  (source: (seed: number) => () => number): Measure =>
  (seed, slowness) => {
    const draw = source(seed + 1);
    return resultOfDraws(() => draw() * slowness);
  };

/** Each call is like the one before it: the values of `correlation` back. */
function correlated(seed: number, correlation: number): () => number {
  const normal = normalFrom(seed);
  let state = normal();
  return () => {
    state = correlation * state + Math.sqrt(1 - correlation ** 2) * normal();
    return 2 * (1 + 0.02 * state + 0.02 * normal());
  };
}

/** Now and then another process takes the core for up to 120 calls. */
function bursts(seed: number): () => number {
  const [random, normal] = [uniform(seed), normalFrom(seed + 7_000_000)];
  let left = 0;
  return () => {
    if (left > 0) left -= 1;
    else if (random() < 0.002) left = Math.floor(120 * random());
    return (left > 0 ? 3 : 2) * (1 + 0.02 * normal());
  };
}

/** Clocks that rise and fall by 1 % three times in a measurement, from anywhere. */
function swinging(seed: number): () => number {
  const normal = normalFrom(seed);
  let phase = uniform(seed + 9_000_000)() * 2 * Math.PI;
  return () => {
    phase += (2 * Math.PI * 3) / 3000;
    return 2 * (1 + 0.01 * Math.sin(phase)) * (1 + 0.02 * normal());
  };
}

const FINDS_A_SLOW_DOWN: readonly [name: string, measure: Measure, pairs: Pairs][] = [
  ['a constant latency', simulated(() => latencies.constant(2)), ONE],
  ['noise of 10 %', simulated((seed) => latencies.lognormal(2, 0.1, seed)), MANY],
  ['two peaks', simulated((seed) => latencies.twoPeaked(2, 3, 0.3, seed)), SOME],
  ['a heavy tail', simulated((seed) => latencies.pareto(1, 4, seed), 8000), SOME],
  ['a latency that grows by 1 % a measurement', simulated(() => latencies.drifting(2, 0.007)), ONE],
  ['bursts', drawn(bursts), SOME],
  ['clocks that swing', drawn(swinging), SOME],
];

describe.each(FINDS_A_SLOW_DOWN)('comparing measurements of %s', (_, measure, pairs) => {
  it(
    'sees a difference of the same in 5 of 100 at most, and 3 % in 95 of 100 at least',
    async () => {
      const { falseAlarms, anyFalseAlarms, found } = await countVerdicts(measure, pairs);
      expect(falseAlarms / pairs.same).toBeLessThanOrEqual(0.05);
      expect(anyFalseAlarms / pairs.same).toBeLessThanOrEqual(0.05);
      expect(found / pairs.slower).toBeGreaterThanOrEqual(0.95);
    },
    TIMEOUT_MS,
  );
});

describe.each([
  ['100 calls', 0.99],
  ['500 calls', 0.998],
])('comparing measurements whose calls resemble those of %s before', (_, correlation) => {
  it(
    'sees a difference of the same in 5 of 100 at most',
    async () => {
      const pairs = { same: SOME.same, slower: 0 };
      const { falseAlarms } = await countVerdicts(
        drawn((seed) => correlated(seed, correlation)),
        pairs,
      );
      expect(falseAlarms / pairs.same).toBeLessThanOrEqual(0.05);
    },
    TIMEOUT_MS,
  );
});

/** A machine with two levels, each of which lasts about as long as a measurement. */
function switching(seed: number, slowness: number): BenchResult {
  const [random, noise] = [uniform(seed + 1), normalFrom(seed + 5_000_000)];
  let isFast = random() < 0.5;
  const result = resultOfDraws(() => {
    if (random() < 1 / 3000) isFast = !isFast;
    return 2 * slowness * (isFast ? 1 : 1.25) * (1 + 0.02 * noise());
  });
  const windows = [0, 20, 40].map((from) => {
    const blocks = result.blocks.slice(from, from + 20);
    const meanLatencyMs = blocks.reduce((sum, { meanMs }) => sum + meanMs, 0) / blocks.length;
    const inferencesPerSecond = 1000 / meanLatencyMs;
    return { inferences: 1000, inferencesPerSecond, meanLatencyMs, judgedLatencyMs: meanLatencyMs };
  });
  const means = windows.map(({ meanLatencyMs }) => meanLatencyMs);
  return { ...result, stable: Math.max(...means) <= 1.1 * Math.min(...means), windows };
}

describe('comparing measurements that are not stable', () => {
  it(
    'sees a difference of the same in 5 of 100 at most, and a large one in half of them at least',
    () => {
      const seeds = Array.from({ length: 50 }, (_, i) => 2 * i + 100);
      const unstable = seeds.filter((seed) => [seed, seed + 1].some((one) => !switching(one, 1).stable));
      expect(unstable.length).toBeGreaterThan(20);
      const verdicts = (slowness: number) =>
        unstable.map((seed) => compareResults(switching(seed, 1), switching(seed + 1, slowness)).verdict);
      const falseAlarms = verdicts(1).filter((verdict) => verdict !== 'no difference seen').length;
      expect(falseAlarms / unstable.length).toBeLessThanOrEqual(0.05);
      const found = verdicts(4).filter((verdict) => verdict === 'slower').length;
      expect(found / unstable.length).toBeGreaterThanOrEqual(0.5);
    },
    TIMEOUT_MS,
  );
});
