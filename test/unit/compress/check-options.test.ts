// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../lib/compress/check-options';
import type { QuantizeOptions } from '../../../lib/compress/quantize-options';

const runner = async function* () {};
const data = { calibration: [1], runner };
const decisions = { ranges: {}, channelMaxima: {}, keptForBound: [] };

describe('options of quantize', () => {
  it.each([
    [{ type: 'int5' }, 'Option "type" must be one of'],
    [{ method: 'average' }, 'Option "method" must be one of'],
    [{ equalize: 'on' }, 'Option "equalize" must be one of'],
    [{ rounding: 'up' }, 'Option "rounding" must be one of'],
    [{ rest: 'fp8' }, 'Option "rest" must be one of'],
    [{ blockSize: 0 }, 'Option "blockSize" must be a whole number'],
    [{ blockSize: NaN }, 'Option "blockSize" must be a whole number'],
    [{ percentile: 0 }, 'Option "percentile" must be'],
    [{ percentile: 100.1 }, 'Option "percentile" must be'],
    [{ bound: {} }, 'one of maxDrop, minCosine and minSqnrDb'],
    [{ bound: { maxDrop: 5 } }, 'maxDrop'],
    [{ decisions: {} }, 'decisions lack ranges'],
    [{ decisions, rounding: 'gptq' }, 'decisions hold neither'],
    [{ decisions, biasCorrection: true }, 'decisions hold neither'],
    [{ rounding: 'awq' }, 'rounding "awq" is for weights alone'],
    [{ type: 'int4', weightOnly: false }, 'INT4 is for weights alone'],
    [{ runner: undefined }, 'calibration needs a runner'],
  ])('are refused at once: %o', (options, message) => {
    const check = () => checkOptions({ ...data, ...options } as unknown as QuantizeOptions<number>);
    expect(check).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
    expect(check).toThrow(message);
  });

  it.each([
    [{}, 'activations in int8'],
    [{ weightOnly: true, bound: { maxDrop: 0 } }, 'a bound'],
    [{ weightOnly: true, rounding: 'gptq' }, 'rounding "gptq"'],
    [{ weightOnly: true, biasCorrection: true }, 'biasCorrection'],
  ])('say what needs data: %o', (options, what) => {
    const check = () => checkOptions(options as QuantizeOptions<number>);
    expect(check).toThrow(expect.objectContaining({ code: 'ERR_TRT_QUANT_CALIBRATION' }));
    expect(check).toThrow(`needed for ${what}`);
  });

  it('pass where they can be followed', () => {
    for (const options of [data, { weightOnly: true }, { decisions }, { ranges: {} }])
      expect(() => checkOptions(options as unknown as QuantizeOptions<number>)).not.toThrow();
  });
});
