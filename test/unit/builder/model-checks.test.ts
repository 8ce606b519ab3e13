// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkModel, PARSER_LIMITS } from '../../../lib/builder/model-checks';
import { TensorRTError } from '../../../lib/errors';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel, type ModelSpec } from '../../onnx-builder';
import * as models from '../../onnx-models';

const FAMILY = { family: 'tensorrt-rtx' } as const;

async function refusal(
  bytes: Uint8Array,
  options: { allowTypeChanges?: boolean } = {},
): Promise<TensorRTError> {
  const info = await readModelInfo(bytes);
  try {
    checkModel(info, { ...FAMILY, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(TensorRTError);
    return error as TensorRTError;
  }
  throw new Error('the model was accepted');
}

async function warnings(bytes: Uint8Array, options: { allowTypeChanges?: boolean } = {}): Promise<string[]> {
  return checkModel(await readModelInfo(bytes), { ...FAMILY, ...options });
}

const versioned = (versions: Pick<ModelSpec, 'opset' | 'irVersion'>) =>
  makeModel({ ...versions, outputs: [{ name: 'y', dims: [1] }], initializers: [{ name: 'y', dims: [1] }] });

describe('checkModel: versions', () => {
  const { opset, documentedOpset, irVersion } = PARSER_LIMITS['tensorrt-rtx'];

  it('refuses an opset that no parser knows, with the newest that it does', async () => {
    const error = await refusal(versioned({ opset: 99 }));
    expect(error.code).toBe('ERR_TRT_ONNX_OPSET');
    expect(error.message).toContain(`opset 99; tensorrt-rtx knows opsets up to ${opset}`);
    expect(error.details).toMatchObject({ opset: 99, newest: opset });
  });

  it('refuses an IR version beyond the standard', async () => {
    expect((await refusal(versioned({ irVersion: 99 }))).code).toBe('ERR_TRT_ONNX_IR_VERSION');
  });

  it('warns of opsets that build but are not documented', async () => {
    expect(await warnings(versioned({ opset, irVersion }))).toEqual([
      expect.stringContaining(`opset ${opset}`),
    ]);
    expect(await warnings(versioned({ opset: documentedOpset, irVersion }))).toEqual([]);
  });

  it('leaves old opsets and other domains to the parser', async () => {
    expect(await warnings(versioned({ opset: { '': 1, 'com.example': 999 } }))).toEqual([]);
  });

  it('refuses a file that is larger than a protobuf message can be', async () => {
    const info = { ...(await readModelInfo(models.addModel())), fileBytes: 2 ** 31 };
    expect(() => checkModel(info, FAMILY)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ONNX_INVALID' }));
  });
});

describe('checkModel: types', () => {
  it('accepts float, half and int8 models', async () => {
    expect(await warnings(models.convModel())).toEqual([]);
    expect(await warnings(models.convModel(1, 'BFLOAT16'))).toEqual([]);
    expect(await warnings(models.quantizedModel('INT8'))).toEqual([]);
  });

  it('refuses STRING tensors, whatever is allowed', async () => {
    const error = await refusal(models.stringModel(), { allowTypeChanges: true });
    expect(error.code).toBe('ERR_TRT_ONNX_UNSUPPORTED_TYPE');
    expect(error.message).toContain('input "x" STRING, output "y" STRING');
  });

  it('lists all DOUBLE tensors and says what would become of them', async () => {
    const error = await refusal(models.doubleModel());
    expect(error.code).toBe('ERR_TRT_ONNX_UNSUPPORTED_TYPE');
    expect(error.message).toContain('initializer "bias" DOUBLE (would become FLOAT)');
    expect(error.details['tensors']).toHaveLength(3);
    expect(error.hint).toContain('allowTypeChanges');
  });

  it('finds DOUBLE inside the graph: constants and casts', async () => {
    const value = { name: 'c', type: 'DOUBLE', dims: [1] } as const;
    const model = makeModel({
      inputs: [{ name: 'x', dims: [1] }],
      outputs: [{ name: 'y', dims: [1] }],
      nodes: [
        { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: { tensor: value } } },
        { op: 'Cast', name: 'up', inputs: ['x'], outputs: ['d'], attributes: { to: 11 } },
        { op: 'Add', inputs: ['c', 'd'], outputs: ['s'] },
        { op: 'Cast', name: 'down', inputs: ['s'], outputs: ['y'], attributes: { to: 1 } },
      ],
    });
    const { details } = await refusal(model);
    expect(details['tensors']).toMatchObject([
      { name: 'c', role: 'constant' },
      { name: 'up', role: 'node' },
    ]);
  });

  it('refuses UINT8 quantisation by node name, and INT8 weights beside it pass', async () => {
    const error = await refusal(models.quantizedModel('UINT8'));
    expect(error.message).toContain('node "quantize" UINT8 (would become INT8)');
    expect(error.details['tensors']).toHaveLength(2);
  });

  it('turns changes into warnings where they are allowed', async () => {
    expect(await warnings(models.doubleModel(), { allowTypeChanges: true })).toHaveLength(3);
    expect(await warnings(models.quantizedModel('UINT8'), { allowTypeChanges: true })).toContain(
      'TensorRT changes the type of node "quantize" from UINT8 to INT8.',
    );
  });

  it('names twenty tensors of many and counts the rest', async () => {
    const initializers = Array.from({ length: 25 }, (_, i) => ({
      name: `w${i}`,
      type: 'DOUBLE' as const,
      dims: [1],
    }));
    const error = await refusal(makeModel({ outputs: [{ name: 'y', dims: [1] }], initializers }));
    expect(error.message).toContain('and 5 more');
    expect(error.details['tensors']).toHaveLength(25);
  });
});
