// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../lib/errors';
import { OnnxModel } from '../../../lib/onnx/graph/onnx-model';
import { isSingle, nameChoice, UNCHANGED, type Choice } from '../../../lib/compress/search/choice';
import { drawPareto } from '../../../lib/compress/search/draw-pareto';
import { placeLabels } from '../../../lib/compress/search/place-labels';
import {
  DEFAULT_SPACE,
  orderPredictions,
  predictCompositions,
  singleChoices,
  type SearchSpace,
} from '../../../lib/compress/search/order-trials';
import { runSearch, type SearchWork } from '../../../lib/compress/search/run-search';
import { SearchState } from '../../../lib/compress/search/search-state';
import { paretoSet, type CompressionTrial } from '../../../lib/compress/search/trial';
import { compress } from '../../../lib/compress/compress';
import { makeModel } from '../../onnx-builder';
import { temporaryFolder } from '../../temporary-folder';

const SPACE: SearchSpace = { channels: [0.3], rank: [0.5], storage: ['fp32', 'int8'], spared: [0] };
const model = new OnnxModel({ graph: { node: [] }, opsetImport: [] } as never);

/** A model of 1,000 bytes: every step takes its share, and noise adds up. */
function trialOf(choice: Choice): CompressionTrial {
  const { channels, rank, storage, spared } = choice;
  const shrink = (1 - channels) * rank * (storage === 'int8' ? 0.25 : storage === 'fp16' ? 0.5 : 1);
  const bytes = 1000 * (shrink * (1 - spared) + spared);
  const noise = 1e-12 + channels * 1e-2 + (1 - rank) * 1e-2 + (storage === 'int8' ? 1e-3 : 0);
  return {
    choice,
    name: nameChoice(choice),
    bytes,
    zippedBytes: bytes,
    parameters: bytes,
    multiplyAdds: bytes,
    drop: noise - 1e-12,
    sqnrDb: -10 * Math.log10(noise),
  };
}

interface Searched {
  readonly tried: string[];
  readonly end: string;
  readonly state: SearchState;
}

async function search(parts: Partial<SearchWork> = {}): Promise<Searched> {
  const tried: string[] = [];
  const state = parts.state ?? (await SearchState.open(undefined, 'key'));
  const end = await runSearch({
    space: SPACE,
    aim: {},
    state,
    mostTrials: 100,
    isLate: () => false,
    make: () => Promise.resolve(model),
    measure: (choice) => {
      tried.push(nameChoice(choice));
      return Promise.resolve(trialOf(choice));
    },
    ...parts,
  });
  return { tried, end, state };
}

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it resolved'),
    (error: unknown) => error,
  );

describe('choices', () => {
  it('have names that tell them apart', () => {
    const all = [...singleChoices(DEFAULT_SPACE), UNCHANGED];
    expect(new Set(all.map(nameChoice)).size).toBe(all.length);
    expect(nameChoice(UNCHANGED)).toBe('unchanged');
    expect(nameChoice({ channels: 0.3, rank: 0.5, storage: 'int8', spared: 0.2 })).toBe(
      'channels -30%, low rank 50%, int8, 20% of layers spared',
    );
    expect(singleChoices(DEFAULT_SPACE).every(isSingle)).toBe(true);
    expect(isSingle(UNCHANGED)).toBe(false);
  });
});

describe('the search', () => {
  it('measures the source, single steps, then compositions', async () => {
    const { tried, end } = await search();
    expect(end).toBe('all tried');
    expect(tried.slice(0, 4)).toEqual(['unchanged', 'int8', 'channels -30%', 'low rank 50%']);
    expect(new Set(tried).size).toBe(8);
    expect(tried).toContain('channels -30%, low rank 50%, int8');
  });

  it('tries first what is expected to reach the size with the least noise', async () => {
    const { tried } = await search({ aim: { size: 0.2 } });
    // 0.7 x 0.25 = 0.175 with less noise than 0.5 x 0.25 and than all three.
    expect(tried[4]).toBe('channels -30%, int8');
  });

  it('leaves out compositions with a step that the model refused, and keeps the reason', async () => {
    const make = (choice: Choice) =>
      choice.channels > 0
        ? Promise.reject(new TensorRTError('ERR_TRT_COMPRESS_UNSUPPORTED', 'No channel can be removed.'))
        : Promise.resolve(model);
    const { tried, state } = await search({ make });
    expect(tried.filter((name) => name.includes('channels'))).toEqual([]);
    expect([...state.failed.values()]).toEqual([
      expect.objectContaining({ name: 'channels -30%', reason: 'No channel can be removed.' }),
    ]);
  });

  it('passes on errors that are no refusal', async () => {
    const fault = new TensorRTError('ERR_TRT_RUN_CLOSED', 'The session is closed.');
    expect(await rejection(search({ make: () => Promise.reject(fault) }))).toBe(fault);
  });

  it('ends at the number of trials and at the time limit', async () => {
    expect(await search({ mostTrials: 3 })).toMatchObject({ end: 'number of trials', tried: { length: 3 } });
    let asked = 0;
    const { end, tried } = await search({ isLate: () => ++asked > 2 });
    expect([end, tried.length]).toEqual(['time limit', 3]);
  });

  it('stops between two trials, and goes on from its file', async () => {
    const path = join(temporaryFolder(), 'search.json');
    const stop = new AbortController();
    const first = await SearchState.open(path, 'key');
    const stopped = search({
      state: first,
      signal: stop.signal,
      onTrial: () => first.trials.size === 2 && stop.abort(),
    });
    expect(await rejection(stopped)).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    const again = await search({ state: await SearchState.open(path, 'key') });
    const whole = await search();
    expect(again.tried).toEqual(whole.tried.slice(3));
    expect([...again.state.trials.values()]).toEqual([...whole.state.trials.values()]);
  });
});

describe('the state of a search', () => {
  it.each([
    [
      'another search',
      JSON.stringify({
        format: 'tensorrt-node compression search',
        version: 1,
        key: 'b',
        trials: [],
        failed: [],
      }),
    ],
    ['no JSON', '{'],
    ['something else', '[]'],
  ])('refuses a file of %s and leaves it as it is', async (_, text) => {
    const path = join(temporaryFolder(), 'search.json');
    writeFileSync(path, text);
    const error = await rejection(SearchState.open(path, 'a'));
    expect(error).toMatchObject({ code: 'ERR_TRT_ARG_VALUE', message: expect.stringContaining(path) });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('keeps nothing without a path', async () => {
    const path = join(temporaryFolder(), 'search.json');
    await (await SearchState.open(undefined, 'a')).add(trialOf(UNCHANGED));
    expect(existsSync(path)).toBe(false);
  });
});

describe('predictions', () => {
  it('multiply sizes and add noise', () => {
    const trials = new Map(
      [...singleChoices(SPACE), UNCHANGED].map((choice) => [nameChoice(choice), trialOf(choice)]),
    );
    const found = predictCompositions(SPACE, { source: trialOf(UNCHANGED), trials });
    const all = found.find(({ choice }) => nameChoice(choice) === 'channels -30%, low rank 50%, int8')!;
    expect(all.size).toBeCloseTo(0.7 * 0.5 * 0.25, 12);
    expect(all.noise).toBeCloseTo(0.3e-2 + 0.5e-2 + 1e-3, 9);
    expect(orderPredictions(found, { size: 0.1 })[0]).toBe(all);
  });
});

describe('the Pareto set', () => {
  const at = (bytes: number, drop: number) => ({ ...trialOf(UNCHANGED), bytes, drop, name: `${bytes}` });

  it('has what no other one beats in both', () => {
    const trials = [at(1000, 0), at(500, 0.01), at(500, 0.02), at(600, 0.01), at(250, 0.05), at(1200, 0)];
    expect(paretoSet(trials).map(({ bytes, drop }) => [bytes, drop])).toEqual([
      [250, 0.05],
      [500, 0.01],
      [1000, 0],
    ]);
    expect(paretoSet([])).toEqual([]);
  });

  it('keeps what drops as much and has less noise', () => {
    const trials = [at(100, 0), { ...at(200, 0), sqnrDb: 200 }, { ...at(300, 0), sqnrDb: 150 }];
    expect(paretoSet(trials.reverse()).map(({ bytes }) => bytes)).toEqual([100, 200]);
  });

  it('is drawn with a point for every trial', () => {
    const trials = [at(1000, 0), at(500, 0.01), at(600, 0.02), at(250, 0.05)];
    const picture = drawPareto(trials, trials[0]!, trials[1]);
    expect(picture.match(/<circle/g)).toHaveLength(4);
    expect(picture).toContain('1 250: 25.0 % of the size, drop');
    expect(picture.match(/class="chosen"/g)).toHaveLength(1);
    // Also from a report that was written and read again.
    expect(drawPareto(trials, trials[0]!, { ...trials[1]! })).toBe(picture);
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is drawn within its borders, whatever sizes and drops there are, gains too', () => {
    const wide = [at(1000, 0), at(1, 0.9), at(2, 0.5), at(3, 0.0004), at(1400, -0.03), at(30, 0)];
    for (const trials of [wide, [at(1000, 0)], [at(1000, 0), at(1000, 0), at(900, 0.2)]]) {
      const picture = drawPareto(trials, trials[0]!, trials[1]);
      const points = [...picture.matchAll(/cx="([\d.-]+)" cy="([\d.-]+)"/g)].map(([, x, y]) => [
        Number(x),
        Number(y),
      ]);
      expect(points).toHaveLength(trials.length);
      for (const [x, y] of points) {
        expect(x).toBeGreaterThanOrEqual(64);
        expect(x).toBeLessThanOrEqual(870);
        expect(y).toBeGreaterThanOrEqual(40);
        expect(y).toBeLessThanOrEqual(388);
      }
      // Zero and the source's size are among the ticks.
      expect(picture).toMatch(/>0 %</);
      expect(picture).toMatch(/>\s*100 %\s*</);
    }
    expect(drawPareto(wide, wide[0]!)).not.toContain('(taken)');
  });

  it('lists a trial that was taken though others beat it', () => {
    const trials = [at(1000, 0), at(500, 0), at(600, 0.02)];
    const picture = drawPareto(trials, trials[0]!, trials[2]);
    expect(picture).toMatch(/– 600: 60\.0 % of the size, drop\s+2\.0 %, [\d.]+ dB \(taken\)/);
  });

  it('places numbers where no other number and no point covers them', () => {
    const points = [0, 1, 2, 3, 4].map((step) => ({ x: 100 + 6 * step, y: 100 + 3 * step }));
    const places = placeLabels(points, points);
    const distances = places.flatMap((one, index) =>
      places
        .slice(0, index)
        .map((other) => Math.max(Math.abs(one.x - other.x) / 16, Math.abs(one.y - other.y) / 11)),
    );
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(1);
    expect(placeLabels([{ x: 5, y: 50 }], [])).toEqual([{ x: 5, y: 41 }]);
  });
});

describe('the time limit', () => {
  const options = {
    steps: ['channels'] as const,
    calibration: [{ x: Float32Array.of(1, 2) }],
    runner: async function* (_: unknown, feeds: AsyncIterable<unknown>) {
      for await (const _one of feeds) yield { y: { data: Float32Array.of(1, 0), dims: [1, 2] } };
    },
  };
  const source = makeModel({
    inputs: [{ name: 'x', dims: [1, 2] }],
    outputs: [{ name: 'y' }],
    initializers: [{ name: 'w', dims: [2, 2], data: [1, 2, 3, 4] }],
    nodes: [{ op: 'MatMul', name: 'up', inputs: ['x', 'w'], outputs: ['y'] }],
  });

  it('counts the ranking of the layers, and leaves the source as the answer', async () => {
    const state = join(temporaryFolder(), 'search.json');
    const { report } = await compress(source, { ...options, timeLimit: 0, state });
    expect([report.end, report.chosen.name, report.trials.length]).toEqual(['time limit', 'unchanged', 1]);
    expect(report.sensitivity).toEqual([]);
    // A ranking that was not finished is made again.
    expect(JSON.parse(readFileSync(state, 'utf8'))).not.toHaveProperty('sensitivity');
    const stop = new AbortController();
    const onProgress = (step: string) => step.startsWith('trying channels') && stop.abort();
    await expect(compress(source, { ...options, state, signal: stop.signal, onProgress })).rejects.toThrow();
    expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ sensitivity: ['up'] });
  });

  it('names the closest of what there was time for', async () => {
    await expect(compress(source, { ...options, timeLimit: 0, target: { size: 0.5 } })).rejects.toMatchObject(
      {
        code: 'ERR_TRT_COMPRESS_TARGET',
        message: expect.stringContaining(
          'the smallest within the drop is unchanged: 100.0 % of the size',
        ) as string,
      },
    );
  });

  it('does not go on with a state of another score', async () => {
    const state = join(temporaryFolder(), 'search.json');
    const scored = { ...options, state, timeLimit: 0, score: async () => 1 };
    await compress(source, { ...scored, scoreKey: 'a' });
    await compress(source, { ...scored, scoreKey: 'a' });
    await expect(compress(source, { ...scored, scoreKey: 'b' })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('other data or other options') as string,
    });
  });
});
