// SPDX-License-Identifier: Apache-2.0
// Each operator that a cast changes: ONNX Runtime runs it in FP16, and TensorRT-RTX builds it in both types.
import { describe, expect, it } from 'vitest';

import { buildEngine, createSession } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { castModel } from '../../lib/onnx/passes/cast-model';
import { CAST_RULES } from '../../lib/onnx/passes/cast-rules';
import { noise, operatorModel, sqnr } from '../precision-models';

async function run(model: Uint8Array): Promise<Float32Array> {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    const { y0 } = await session.run({ x: noise(1024, 1, 5) });
    return y0!.data as Float32Array;
  } finally {
    await session.close();
  }
}

describe.each([...CAST_RULES.keys()])('%s', (op) => {
  it('runs in FP16', async () => {
    const model = await loadModel(operatorModel(op));
    const { kept } = castModel(model, { to: 'fp16' });
    expect(kept.filter(({ node }) => node === 'it')).toEqual([]);
    expect(sqnr(await run(operatorModel(op)), await run(model.toBytes()))).toBeGreaterThan(50);
  });

  it.each(['fp16', 'bf16'] as const)('builds after a cast to %s', async (to) => {
    const model = await loadModel(operatorModel(op));
    const { kept } = castModel(model, { to });
    const isRefused = to === 'bf16' && ['ConvTranspose', 'HardSwish'].includes(op);
    expect(kept.filter(({ node }) => node === 'it')).toHaveLength(isRefused ? 1 : 0);
    const options = { runtime: 'tensorrt-rtx', isolation: 'thread', optimizationLevel: 0 } as const;
    const engine = await buildEngine(model.toBytes(), options);
    expect(engine.bytes).toBeGreaterThan(0);
  });
});
