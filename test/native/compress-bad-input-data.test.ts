// SPDX-License-Identifier: Apache-2.0
// Calibration data that tells little or is broken: said, and weights stay where they were; or refused with the place.
import { describe, expect, test } from 'vitest';
import { factorize } from '../../lib/compress/factorize';
import { pruneChannels } from '../../lib/compress/prune-channels';
import { sessionRunner, type RunOutputs } from '../../lib/index';
import { makeModel } from '../onnx-builder';
import { noise } from '../precision-models';
import { ON_ONE_THREAD } from '../trained-networks';
import { images, inputsOf, vectors, type CaseFeeds } from '../unit/compress/bad-input/graph-case';
import { GraphSketch } from '../unit/compress/bad-input/graph-sketch';
import { OPERATION_NAMES, OPERATIONS } from '../unit/compress/bad-input/operations';
import type { Operation } from '../unit/compress/bad-input/planted-weights';

const runner = sessionRunner(ON_ONE_THREAD);

function twoLayers(operation: Operation): Uint8Array {
  const graph = new GraphSketch(operation);
  graph.pair('x', 'y');
  return makeModel(graph.spec());
}

/** Eight runs of four vectors, each number changed. */
const changed = (change: (value: number, column: number, row: number) => number): CaseFeeds[] =>
  Array.from({ length: 8 }, (_, run) => {
    const data = noise(64, 1, run + 1);
    return {
      x: { dims: [4, 16], data: data.map((value, at) => change(value, at % 16, run * 4 + (at >> 4))) },
    };
  });

/** Data that can be worked with, and what is said of it. */
const POOR: readonly (readonly [string, CaseFeeds[], Partial<Record<Operation, RegExp>>])[] = [
  [
    'inputs that are always zero',
    changed(() => 0),
    {
      prune: /constant on the data/,
      cluster: /constant on the data/,
      factorize: /constant on the data/,
      channels: /constant on the data/,
    },
  ],
  [
    'inputs that are always the same',
    changed((_, column) => column),
    {
      prune: /constant on the data/,
      cluster: /constant on the data/,
      factorize: /constant on the data/,
      channels: /constant on the data/,
    },
  ],
  [
    'dead, constant and equal inputs',
    changed((_, column, row) => (column < 4 ? 0 : column < 8 ? 2 : Math.sin(row * 3 + (column % 4)))),
    {},
  ],
  [
    'fewer samples than inputs',
    inputsOf(2, 16)(2),
    {
      prune: /fewer samples/,
      cluster: /fewer samples/,
      factorize: /Too little data/,
      channels: /fewer samples/,
    },
  ],
  ['a batch of nothing among others', [...vectors(8), ...inputsOf(0, 16)(1)], {}],
  ['batches of nothing', inputsOf(0, 16)(2), { prune: /constant/, factorize: /Too little data/ }],
  ['numbers near the largest', changed((value) => value * 1e30), {}],
  ['numbers near the smallest', changed((value) => value * 1e-30), {}],
];

/** Data that cannot be used. */
const BROKEN: readonly (readonly [string, CaseFeeds[], string, RegExp])[] = [
  [
    'NaN',
    changed((value, column, row) => (row === 5 && column === 1 ? NaN : value)),
    'ERR_TRT_QUANT_CALIBRATION',
    /"x" holds NaN at position 17 in run 1/,
  ],
  [
    'infinity',
    changed((value, column, row) => (row === 5 && column === 1 ? Infinity : value)),
    'ERR_TRT_QUANT_CALIBRATION',
    /"x" holds Infinity at position 17 in run 1/,
  ],
  [
    'minus infinity, which masks may hold',
    changed((value, column, row) => (row === 5 && column === 1 ? -Infinity : value)),
    'ERR_TRT_QUANT_CALIBRATION',
    /reads or makes on the calibration data is not finite/,
  ],
  ['no run', [], 'ERR_TRT_QUANT_CALIBRATION', /empty/],
  [
    'another input',
    [{ z: { data: noise(64, 1, 1), dims: [4, 16] } }],
    'ERR_TRT_RUN_INPUT_NAME',
    /no input "z"/,
  ],
  ['vectors of another size', inputsOf(4, 15)(2), 'ERR_TRT_RUN_INPUT_SHAPE', /15/],
];

async function outputsOf(model: Uint8Array, feeds: readonly CaseFeeds[]): Promise<RunOutputs[]> {
  const outputs: RunOutputs[] = [];
  for await (const one of runner(model, feeds)) outputs.push(one);
  return outputs;
}

describe.each(OPERATION_NAMES)('%s on', (operation) => {
  test.each(POOR)('%s: loses nothing that is planted', async (_, calibration, warnings) => {
    const source = twoLayers(operation);
    const { model, report } = await OPERATIONS[operation](source, { calibration, runner });
    const said = warnings[operation];
    if (said !== undefined) expect(report.warnings).toContainEqual(expect.stringMatching(said));
    const [expected, actual] = [
      await outputsOf(source, calibration),
      await outputsOf(model.toBytes(), calibration),
    ];
    for (const [run, { y }] of expected.entries()) {
      const [before, after] = [y!.data as Float32Array, actual[run]!.y!.data as Float32Array];
      const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      before.forEach((value, at) => expect(Math.abs(after[at]! - value)).toBeLessThanOrEqual(1e-4 * largest));
    }
  });

  test.each(BROKEN)('%s: is refused', async (_, calibration, code, message) => {
    const work = OPERATIONS[operation](twoLayers(operation), { calibration, runner });
    await expect(work).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('data that fails in the middle: hands its error on', async () => {
    const calibration = {
      *[Symbol.iterator]() {
        yield* vectors(2);
        throw new RangeError('the disk is gone');
      },
    };
    const work = OPERATIONS[operation](twoLayers(operation), { calibration, runner });
    await expect(work).rejects.toThrow('the disk is gone');
  });
});

describe('a budget holds with the biases that data adds', () => {
  const convolutions = () => {
    const graph = new GraphSketch('cluster');
    graph.images();
    graph.conv(
      graph.relu(graph.conv(graph.relu(graph.conv('x', 'a', { hasBias: false })), 'b', { hasBias: false })),
      'y',
      { hasBias: false },
    );
    return makeModel(graph.spec());
  };
  const given = { calibration: images(8), runner };

  test('of channels', async () => {
    const { report } = await pruneChannels(convolutions(), {
      ...given,
      target: { parameters: 0.5 },
      multipleOf: 1,
    });
    expect(report.parameters.after).toBeLessThanOrEqual(report.parameters.before * 0.5);
  });

  test('of factors', async () => {
    const { report } = await factorize(convolutions(), { ...given, target: { parameters: 0.5 } });
    expect(report.parameters.after).toBeLessThanOrEqual(report.parameters.before * 0.5);
  });
});
