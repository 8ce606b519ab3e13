// SPDX-License-Identifier: Apache-2.0
// A trained network on the real CPU runtime: the numbers that people quote.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate, validate, type ClassificationEvaluation } from '../../lib/evaluate';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { castModel } from '../../lib/onnx/passes/cast-model';
import { createSession } from '../../lib/index';
import { makeModel } from '../onnx-builder';

const digits = join(__dirname, '..', '..', 'examples', 'digits');
const model = join(digits, 'digits.onnx');
const data = { path: join(digits, 'test-images.npy'), labels: join(digits, 'test-labels.npy') };
const session = { device: 'cpu', intraOpNumThreads: 1 } as const;

async function fp16Digits(): Promise<Uint8Array> {
  const half = await loadModel(model);
  castModel(half, { to: 'fp16' });
  return half.toBytes();
}

describe('evaluate on the CPU', () => {
  it('finds the accuracy of the digits', async () => {
    const found = (await evaluate(model, data, { session, concurrency: 2 })) as ClassificationEvaluation;
    expect(found).toMatchObject({
      task: 'classification',
      samples: 450,
      device: 'cpu',
      backend: 'onnxruntime',
    });
    // 443 of 450, as examples/digits/train.py says.
    expect(found.accuracy).toBeCloseTo(443 / 450, 12);
    expect(found.topK['1']).toBe(found.accuracy);
    expect(found.topK['5']).toBeGreaterThanOrEqual(found.accuracy);
    expect(found.rocAuc!.macro).toBeGreaterThan(0.99);
    expect(found.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(450);
  });

  it('gives the same numbers whatever the batch and the number of contexts', async () => {
    const one = (await evaluate(model, data, { session, batch: 450 })) as ClassificationEvaluation;
    const other = (await evaluate(model, data, {
      session,
      batch: 7,
      concurrency: 3,
    })) as ClassificationEvaluation;
    expect(other.confusion).toEqual(one.confusion);
    expect(other.batches).toBe(65);
  });

  it('holds an FP16 cast against its source, layer by layer', async () => {
    const options = { session, reference: model, profileLayers: true };
    const found = (await evaluate(await fp16Digits(), data, options)) as ClassificationEvaluation;
    expect(found.warnings).toEqual([]);
    expect(found.reference).toMatchObject({ model, accuracy: 443 / 450 });
    expect(found.cosine).toBeGreaterThan(0.9999);
    expect(found.sqnrDb).toBeGreaterThan(40);
    expect(found.kl).toBeLessThan(1e-3);
    expect(found.top1Agreement).toBeGreaterThan(0.99);
    expect(found.layers!.length).toBeGreaterThan(1);
    for (const { sqnrDb } of found.layers!) expect(sqnrDb).toBeGreaterThan(30);
  });

  it('uses a session as it is and leaves it open', async () => {
    const open = await createSession(model, session);
    try {
      const found = await evaluate(open, data);
      expect(found.samples).toBe(450);
      await evaluate(open, data, { reference: open });
    } finally {
      await open.close();
    }
  });
});

describe('validate on the CPU', () => {
  const shapes = { images: [4, 1, 8, 8] };

  it('passes an FP16 cast, on random and on given inputs', async () => {
    const images = new Float32Array((await readFile(data.path)).buffer.slice(-450 * 64 * 4));
    const inputs = [{ images: { data: images.subarray(0, 640), dims: [10, 1, 8, 8] } }];
    const found = await validate(await fp16Digits(), model, { session, shapes, inputs, runs: 3 });
    expect(found).toMatchObject({ passed: true, precision: 'fp16', runs: 4, divergence: null });
    expect(found.outputs[0]!.sqnrDb).toBeGreaterThan(40);
  });

  it('fails a cast that is held to a tolerance of nothing, and says where it parts', async () => {
    const found = await validate(await fp16Digits(), model, { session, shapes, atol: 0, runs: 1 });
    expect(found.passed).toBe(false);
    expect(found.divergence!.first!.op).toBe('Conv');
    expect(found.divergence!.lastGood).toBeNull();
  });

  it('names the first node that computes something else, and the last good one', async () => {
    const chain = (slope: number) =>
      makeModel({
        inputs: [{ name: 'x', dims: [1, 8] }],
        outputs: [{ name: 'y', dims: [1, 8] }],
        nodes: [
          { op: 'Sigmoid', name: 'first', inputs: ['x'], outputs: ['a'] },
          { op: 'Mul', name: 'second', inputs: ['a', 'slope'], outputs: ['b'] },
          { op: 'Tanh', name: 'third', inputs: ['b'], outputs: ['y'] },
        ],
        initializers: [{ name: 'slope', dims: [1], data: [slope] }],
      });
    const found = await validate(chain(2.5), chain(2), { session });
    expect(found.passed).toBe(false);
    expect(found.divergence).toMatchObject({
      first: { node: 'second', op: 'Mul', tensor: 'b' },
      lastGood: { node: 'first', tensor: 'a' },
      tensors: 3,
    });
  });
});
