// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { factorize } from '../../../../lib/compress/factorize';
import { cast } from '../../../../lib/compress/cast';
import { quantize } from '../../../../lib/compress/quantize';
import { assertOnnxModel } from '../../../../lib/onnx/check/check-onnx-model';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeModel } from '../../../onnx-builder';
import { attentionModel, loopModel, normalizedModel, residualModel, weight } from '../../../precision-models';
import { rejection } from '../../../temporary-folder';

describe('factorize without data', () => {
  it('writes valid models with dynamic dims and says what became of each layer', async () => {
    const source = await loadModel(residualModel());
    const before = Buffer.from(source.toBytes());
    const { model, report } = await factorize(source, { target: { parameters: 0.5 } });
    assertOnnxModel(model);
    expect(Buffer.from(source.toBytes()).equals(before)).toBe(true);
    expect(model.graph.input[0]!.type?.tensorType?.shape?.dim[0]?.dimParam).toBe('batch');
    expect(report.parameters.after).toBeLessThanOrEqual(report.parameters.before / 2);
    const saved = report.changed.reduce((sum, { parameters: { before: b, after } }) => sum + b - after, 0);
    expect(report.parameters.before - report.parameters.after).toBe(saved);
    expect(report.warnings.join()).toContain('no data');
  });

  it.each(['channel', 'spatial', 'tucker'] as const)(
    'takes convolutions apart in the %s form',
    async (form) => {
      const { model, report } = await factorize(residualModel(), { ratio: 0.6, form });
      assertOnnxModel(model);
      const left = report.changed.find(({ node }) => node === 'left')!;
      expect(left.form).toBe(form);
      const parts = model.graph.node.filter(({ name }) => name?.startsWith('left'));
      expect(parts).toHaveLength(form === 'tucker' ? 3 : 2);
      // What comes before has no bias: padding stays zero.
      expect(parts.map(({ input }) => input.length)).toEqual([...parts.slice(1).map(() => 2), 3]);
    },
  );

  it('leaves groups, depth-wise and transposed convolutions, shared and computed weights and loops whole', async () => {
    const shared = makeModel({
      inputs: [
        { name: 'x', dims: ['n', 32] },
        { name: 'v', dims: [32, 32] },
      ],
      outputs: [{ name: 'y', dims: ['n', 32] }],
      nodes: [
        { op: 'MatMul', name: 'one', inputs: ['x', 'w'], outputs: ['a'] },
        { op: 'MatMul', name: 'two', inputs: ['a', 'w'], outputs: ['b'] },
        { op: 'MatMul', name: 'given', inputs: ['b', 'v'], outputs: ['c'] },
        { op: 'MatMul', name: 'last', inputs: ['c', 'u'], outputs: ['y'] },
      ],
      initializers: [weight('w', [32, 32], 1), weight('u', [32, 32], 1)],
    });
    const { report } = await factorize(shared, { ratio: 0.5 });
    expect(report.changed.map(({ node }) => node)).toEqual(['last']);
    const reasons = Object.fromEntries(report.kept.map(({ node, reason }) => [node, reason]));
    expect(reasons).toMatchObject({
      one: expect.stringContaining('shared by 2 nodes') as string,
      two: expect.stringContaining('shared by 2 nodes') as string,
      given: expect.stringContaining('constant') as string,
    });
    const { report: others } = await factorize(normalizedModel(), { ratio: 0.5 });
    expect(others.kept.map(({ reason }) => reason).join()).toMatch(/depth-wise.*transposed/);
    expect(await rejection(factorize(loopModel()))).toMatchObject({ code: 'ERR_TRT_COMPRESS_UNSUPPORTED' });
  });

  it('gives the source back, simplified, for a budget that holds already, and says so', async () => {
    const { report, model } = await factorize(attentionModel(), { target: { parameters: 1 } });
    expect(report.changed).toEqual([]);
    expect(report.parameters.after).toBe(report.parameters.before);
    expect(report.warnings.join()).toContain('Nothing came apart');
    assertOnnxModel(model);
  });

  it('leaves excluded nodes whole, and refuses names that are none', async () => {
    const { report } = await factorize(attentionModel(), { ratio: 0.6, exclude: { names: ['up'] } });
    expect(report.kept).toContainEqual({ node: 'up', op: 'MatMul', reason: 'excluded' });
    const unknown = factorize(attentionModel(), { exclude: { names: ['upp'] } });
    expect(await rejection(unknown)).toMatchObject({ code: 'ERR_TRT_QUANT_EXCLUDE' });
  });

  it.each([
    [{ target: { parameters: 0.001 } }, 'ERR_TRT_COMPRESS_TARGET', 'are left'],
    [{ target: {} }, 'ERR_TRT_ARG_VALUE', 'none'],
    [{ target: { parameters: 0.5, flops: 0.5 } }, 'ERR_TRT_ARG_VALUE', 'parameters and flops'],
    [{ target: { parameters: 50 } }, 'ERR_TRT_ARG_VALUE', 'from 0 to 1'],
    [{ target: { parameters: 0.5 }, ratio: 0.5 }, 'ERR_TRT_ARG_VALUE', 'target and ratio'],
    [{ rank: 0 }, 'ERR_TRT_ARG_VALUE', 'rank'],
    [{ form: 'cp' }, 'ERR_TRT_ARG_VALUE', 'tucker'],
    [{ tarpet: {} }, 'ERR_TRT_ARG_UNKNOWN_OPTION', '"target"'],
    [{ calibration: [] }, 'ERR_TRT_ARG_VALUE', 'runner'],
    [{ numerics: {} }, 'ERR_TRT_ARG_TYPE', 'numerics'],
    [{ rank: { nobody: 4 } }, 'ERR_TRT_ARG_VALUE', 'nobody'],
  ])('refuses %j', async (options, code, text) => {
    const error = await rejection(factorize(residualModel(), options as never));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(text);
  });

  it('refuses models that are quantised or half-wide, and stops where it is told to', async () => {
    const { model: quantized } = await quantize(residualModel(), { weightOnly: true });
    expect(await rejection(factorize(quantized))).toMatchObject({ code: 'ERR_TRT_QUANT_UNSUPPORTED' });
    const { model: half } = await cast(residualModel(), { to: 'fp16' });
    expect(await rejection(factorize(half))).toMatchObject({ code: 'ERR_TRT_BUILD_PRECISION' });
    const signal = AbortSignal.abort();
    expect(await rejection(factorize(residualModel(), { signal }))).toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
  });
});
