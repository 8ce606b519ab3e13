// SPDX-License-Identifier: Apache-2.0
// Models with channels removed, on ONNX Runtime: where what is removed counted for nothing, outputs stay as they were.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzeDependencies } from '../../lib/compress/channels/analyze-dependencies';
import { weightPositions, zeroWeights } from '../../lib/compress/channels/mask-units';
import { findGroups } from '../../lib/compress/channels/removable-groups';
import { removeSlots } from '../../lib/compress/channels/remove-slots';
import { pruneChannels } from '../../lib/compress/prune-channels';
import { buildEngine, createSession, sessionRunner } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { simplifyModel } from '../../lib/onnx/passes/simplify-model';
import { createUniform } from '../../lib/random';
import { CHANNEL_PATTERNS, type ChannelPattern } from '../channel-patterns';

const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 } as const;
const SEEDS = [1, 2, 3];
const FOLDER = join(__dirname, '../../benchmarks/precision/networks');
const BATCH = 8;

describe.each(
  CHANNEL_PATTERNS.filter(({ groups }) => groups.length > 0).map((one) => [one.name, one] as const),
)('%s', (_, pattern) => {
  test('without channels that nothing reads, the outputs are the same', async () => {
    for (const seed of SEEDS) {
      const { zeroed, pruned, removed } = await removeAtRandom(pattern, seed);
      expect(removed).toBeGreaterThan(0);
      const [expected, actual] = [
        await outputsOf(zeroed, pattern, seed),
        await outputsOf(pruned, pattern, seed),
      ];
      const largest = Math.max(1, ...expected.map(Math.abs));
      expect(actual).toHaveLength(expected.length);
      // Sums of fewer terms are rounded in another order.
      actual.forEach((value, index) =>
        expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-5 * largest),
      );
    }
  });
});

/** Sets the weights that read some units to zero, and removes these from a copy. */
async function removeAtRandom({ model: bytes }: ChannelPattern, seed: number) {
  const pruned = await loadModel(bytes);
  simplifyModel(pruned, { layerNormalization: 'keep-opset' });
  const analysis = analyzeDependencies(pruned);
  const groups = findGroups(analysis);
  const random = createUniform(seed);
  const roots = new Set(
    groups.flatMap(({ units }) => {
      const count = 1 + Math.floor(random() * (units.length - 1));
      return [...units].sort(() => random() - 0.5).slice(0, count);
    }),
  );
  // Of products of two values, one side is nothing where what makes it is zero.
  const isProduct = ({ weight }: { weight: string | undefined }) => weight === undefined;
  const readers = groups.map((group) => ({
    ...group,
    makers: group.readers.some(isProduct) ? group.makers : [],
  }));
  zeroWeights(pruned, weightPositions(analysis, readers, roots));
  const zeroed = pruned.clone();
  removeSlots(pruned, analysis, { roots });
  return { zeroed, pruned, removed: roots.size };
}

async function outputsOf(model: OnnxModel, { dims }: ChannelPattern, seed: number): Promise<number[]> {
  const random = createUniform(seed + 100);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const isWhole = model.graph.input[0]!.type!.tensorType!.elemType === 7;
  const data = isWhole
    ? BigInt64Array.from({ length: count }, () => BigInt(Math.floor(random() * 10)))
    : Float32Array.from({ length: count }, () => random() * 2 - 1);
  const session = await createSession(model.toBytes(), ON_ONE_THREAD);
  try {
    const [output] = Object.values(await session.run({ x: { data, dims: [...dims] } }));
    return Array.from(output!.data as Float32Array);
  } finally {
    await session.close();
  }
}

describe.each(['cnn', 'separable', 'transformer-pre', 'transformer-post'])('%s', (name) => {
  const path = join(FOLDER, `${name}.onnx`);

  test('loses three points at most with 30 % of its channels', { timeout: 240_000 }, async () => {
    const before = await accuracyOf(path);
    const calibration = calibrationRuns();
    const { model, report } = await pruneChannels(path, {
      ratio: 0.3,
      calibration,
      runner: sessionRunner(ON_ONE_THREAD),
    });
    expect(report.channels.after / report.channels.before).toBeLessThan(0.73);
    expect(report.multiplyAdds.after).toBeLessThan(0.9 * report.multiplyAdds.before);
    expect(report.score!.sqnrDb).toBeGreaterThan(8);
    expect(await accuracyOf(model.toBytes())).toBeGreaterThan(before - 0.03);
    await buildEngine(model.toBytes(), {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      dynamicAxes: { batch: [1, BATCH, BATCH] },
    });
  });
});

async function accuracyOf(model: string | Uint8Array): Promise<number> {
  const inputs = readNpy('digits-test.npy');
  const labels = readNpy('digits-labels.npy').values;
  const session = await createSession(model, ON_ONE_THREAD);
  try {
    const input = { data: Float32Array.from(inputs.values), dims: inputs.dims };
    const { logits } = await session.run({ input });
    const scores = logits!.data as Float32Array;
    const classes = scores.length / labels.length;
    let right = 0;
    for (let sample = 0; sample < labels.length; sample++) {
      const row = scores.subarray(sample * classes, (sample + 1) * classes);
      if (row.indexOf(Math.max(...row)) === labels[sample]) right++;
    }
    return right / labels.length;
  } finally {
    await session.close();
  }
}

function calibrationRuns() {
  const { values, dims } = readNpy('digits-calibration.npy');
  const [count = 0, ...rest] = dims;
  const each = values.length / count;
  return Array.from({ length: Math.floor(count / BATCH) }, (_, run) => ({
    input: {
      data: Float32Array.from(values.subarray(run * BATCH * each, (run + 1) * BATCH * each)),
      dims: [BATCH, ...rest],
    },
  }));
}

function readNpy(name: string): { values: Uint8Array | Float32Array; dims: number[] } {
  const bytes = readFileSync(join(FOLDER, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const dims = [.../'shape': \(([^)]*)\)/.exec(header)![1]!.matchAll(/\d+/g)].map(Number);
  const content = Uint8Array.from(bytes.subarray(start));
  return { values: header.includes("'|u1'") ? content : new Float32Array(content.buffer), dims };
}
