// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkPrecision, takePrecisionCensus, type Precision } from '../../../lib/builder/precision-checks';
import { readModelInfo } from '../../../lib/onnx';
import * as models from '../../onnx-models';

const MODELS: Record<string, Uint8Array> = {
  fp32: models.convModel(),
  fp16: models.convModel(1, 'FLOAT16'),
  bf16: models.convModel(1, 'BFLOAT16'),
  int8: models.quantizedModel(),
};
const PRECISIONS = Object.keys(MODELS) as Precision[];

describe('checkPrecision', () => {
  it.each(PRECISIONS)('accepts a %s graph for its own precision alone', async (precision) => {
    const info = await readModelInfo(MODELS[precision]!);
    expect(takePrecisionCensus(info).dominant).toBe(precision);
    expect(() => checkPrecision(info, precision)).not.toThrow();
    expect(() => checkPrecision(info, 'model')).not.toThrow();
    for (const other of PRECISIONS.filter((one) => one !== precision)) {
      expect(() => checkPrecision(info, other)).toThrow(
        expect.objectContaining({ code: 'ERR_TRT_BUILD_PRECISION' }),
      );
    }
  });

  it('says what the graph computes in', async () => {
    const info = await readModelInfo(models.convModel());
    const message =
      /The precision "fp16" was asked for, but the graph is "fp32": of its arithmetic nodes 3 in FLOAT/;
    expect(() => checkPrecision(info, 'fp16')).toThrow(message);
  });

  it('goes by inputs and outputs where a graph has no arithmetic', async () => {
    const info = await readModelInfo(models.identityModel([4], 'FLOAT16'));
    expect(takePrecisionCensus(info).dominant).toBe('fp16');
  });
});
