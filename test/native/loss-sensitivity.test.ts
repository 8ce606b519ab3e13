// SPDX-License-Identifier: Apache-2.0
// Criterion 'taylor': what gradients say of a channel is what the loss does when the channel gets a little smaller.
import { describe, expect, test } from 'vitest';
import { lossSensitivity, pruneChannels, type ChannelGroup, type TrainingTensor } from '../../lib/compress';
import { createSession, sessionTrainer } from '../../lib/index';
import { DATA_TYPE } from '../../lib/onnx/data-type';
import type { OnnxModel } from '../../lib/onnx';
import { makeNode } from '../../lib/onnx/graph/make-node';
import { CHANNEL_PATTERNS, type ChannelPattern } from '../channel-patterns';
import { inferShapes } from '../../lib/onnx/infer/infer-shapes';
import { noise } from '../precision-models';
import { networkPath, readSamples } from '../training-samples';

const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 } as const;
const trainer = sessionTrainer(ON_ONE_THREAD);
const STEP = 4e-3;

interface Request {
  readonly model: OnnxModel;
  readonly groups: readonly ChannelGroup[];
}

/** What `pruneChannels` asks a sensitivity for. */
async function requestOf(source: Uint8Array | string): Promise<Request> {
  let request: Request | undefined;
  await pruneChannels(source, {
    ratio: 0.1,
    multipleOf: 1,
    sensitivity: (model, groups) => {
      request = { model: model.clone(), groups };
      return Promise.resolve(groups.map(({ units }) => new Float64Array(units)));
    },
  });
  return request!;
}

/** The model with a factor for each channel on each edge that reads it; the factors are inputs. */
function withFactors({ model, groups }: Request): {
  bytes: Uint8Array;
  factors: (
    group: number,
    unit: number,
    value: number,
  ) => Record<string, { data: Float32Array; dims: number[] }>;
} {
  const readers = groups.flatMap((group) => group.readers);
  const changed = model.clone();
  const { graph } = changed;
  const types = inferShapes(model);
  const edges = new Map<string, string>();
  const sizes = readers.map(({ node, tensor, axis, rank }, at) => {
    const size = types.typeOf(tensor)!.dims![axis] as number;
    const reader = graph.node.find(({ name }) => name === node)!;
    const scaled = `scaled_${at}`;
    // Groups may lie side by side along what one node reads.
    const edge = `${node} ${tensor}`;
    const from = edges.get(edge) ?? tensor;
    edges.set(edge, scaled);
    graph.node.splice(
      graph.node.indexOf(reader),
      0,
      makeNode({ op: 'Mul', name: scaled, inputs: [from, `factor_${at}`], outputs: [scaled] }),
    );
    reader.input = reader.input.map((name) => (name === from ? scaled : name));
    const dims = Array.from({ length: rank }, (_, one) => (one === axis ? size : 1));
    const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
    graph.input.push({ name: `factor_${at}`, type: { tensorType: { elemType: 1, shape } } });
    return { size, dims };
  });
  const factors = (group: number, unit: number, value: number) =>
    Object.fromEntries(
      groups.flatMap((one, index) =>
        one.readers.map((reader) => {
          const at = readers.indexOf(reader);
          const data = new Float32Array(sizes[at]!.size).fill(1);
          if (index === group) for (const position of reader.positions[unit]!) data[position] = value;
          return [`factor_${at}`, { data, dims: sizes[at]!.dims }] as const;
        }),
      ),
    );
  return { bytes: changed.toBytes(), factors };
}

/** For each unit the mean over samples of the squared slope of the sample's own loss. */
async function slopesOf(
  request: Request,
  inputs: Readonly<Record<string, TrainingTensor>>,
  lossesOf: (outputs: Float32Array) => number[],
): Promise<number[][]> {
  const { bytes, factors } = withFactors(request);
  await using session = await createSession(bytes, ON_ONE_THREAD);
  const losses = async (group: number, unit: number, value: number) => {
    const outputs = await session.run({ ...inputs, ...factors(group, unit, value) });
    return lossesOf(Object.values(outputs)[0]!.data as Float32Array);
  };
  const result: number[][] = [];
  for (const [group, { units }] of request.groups.entries()) {
    result.push([]);
    for (let unit = 0; unit < units; unit++) {
      const [more, less] = [await losses(group, unit, 1 + STEP), await losses(group, unit, 1 - STEP)];
      const slopes = more.map((loss, sample) => (loss - less[sample]!) / (2 * STEP));
      result.at(-1)!.push(slopes.reduce((sum, slope) => sum + slope ** 2, 0) / slopes.length);
    }
  }
  return result;
}

function expectAlike(
  found: readonly ArrayLike<number>[],
  expected: readonly number[][],
  share: number,
): void {
  const largest = Math.max(...expected.flat());
  expect(largest).toBeGreaterThan(0);
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  expected.forEach((units, group) =>
    units.forEach((value, unit) =>
      expect(Math.abs(found[group]![unit]! - value), `group ${group}, unit ${unit}`).toBeLessThan(
        share * largest,
      ),
    ),
  );
}

describe('on trained networks, with labels', () => {
  test.each(['mlp', 'cnn', 'transformer-pre'])('%s', async (name) => {
    const { inputs, labels } = await readSamples(name === 'mlp' ? 'clusters' : 'digits', 'train', 16);
    const request = await requestOf(networkPath(name));
    const input = inputs.input as { data: Float32Array; dims: readonly number[] };
    const expected = await slopesOf(request, { input }, (scores) => {
      const classes = scores.length / 16;
      return Array.from({ length: 16 }, (_, sample) => {
        const row = scores.subarray(sample * classes, (sample + 1) * classes);
        const sum = row.reduce((total, score) => total + Math.exp(score), 0);
        return Math.log(sum) - row[Number(labels.data[sample])]!;
      });
    });
    const options = { trainer, batchSize: 7 };
    const found = await lossSensitivity({ inputs, labels }, options)(request.model, request.groups);
    expectAlike(found, expected, 0.03);
  });
});

// Samples are counted by the first axis; there it counts tokens, of which each sees all others.
const TOKENS_FIRST = 'heads that are merged with a batch of no fixed size';
const REAL = CHANNEL_PATTERNS.filter(({ groups, name }) => groups.length > 0 && name !== TOKENS_FIRST);

describe('however channels hang together, with targets', () => {
  test.each(REAL.map((one) => [one.name, one] as const))('%s', async (_, pattern: ChannelPattern) => {
    const request = await requestOf(pattern.model);
    const [batch, ...rest] = pattern.dims as [number, ...number[]];
    const size = rest.reduce((product, dim) => product * dim, batch);
    const isIndex = request.model.graph.input[0]!.type!.tensorType!.elemType === DATA_TYPE.INT64;
    const values = noise(size, 1, 3);
    const given = isIndex
      ? BigInt64Array.from(values, (one) => BigInt(Math.floor(Math.abs(9 * one))))
      : values;
    const x = { data: given, dims: pattern.dims };
    await using session = await createSession(pattern.model, ON_ONE_THREAD);
    const [output, made] = Object.entries(await session.run({ x }))[0]!;
    const { dims } = made;
    const data = made.data as Float32Array;
    const targets = { data: noise(data.length, 1, 4).map((value, at) => value + data[at]!), dims };
    const each = data.length / batch;
    const expected = await slopesOf(request, { x }, (values) =>
      Array.from({ length: batch }, (_unused, sample) => {
        const row = values.subarray(sample * each, (sample + 1) * each);
        return (
          row.reduce((sum, value, at) => sum + (value - targets.data[sample * each + at]!) ** 2, 0) / each
        );
      }),
    );
    const options = { trainer, loss: 'mse', output } as const;
    const found = await lossSensitivity({ inputs: { x }, targets }, options)(request.model, request.groups);
    expectAlike(found, expected, 0.05);
  });
});
