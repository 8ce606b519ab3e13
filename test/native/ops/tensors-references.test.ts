// SPDX-License-Identifier: Apache-2.0
// The operators on tensors beside NumPy, ml_dtypes and ONNX Runtime: the same bits. scripts/references/tensors.py made
// the file.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as ops from '../../../lib/ops';
import { Tensor } from '../../../lib/runtime/tensor';
import { elementArray, type TensorData } from '../../../lib/tensor/element-arrays';
import type { ElementType } from '../../../lib/tensor/element-type';

interface Recorded {
  type: ElementType;
  dims: number[];
  data: string;
}
interface Case {
  operator: string;
  arguments: unknown[];
  inputs: Recorded[];
  outputs: Recorded[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../references/tensors/tensors.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

function tensorOf({ type, dims, data }: Recorded): Tensor<TensorData> {
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return new Tensor(type, dims, new (elementArray(type)!.ArrayClass)(bytes.buffer));
}

/** Bits above which a magnitude is NaN, for types that NumPy has no one NaN of. */
const NAN_ABOVE: Partial<Record<ElementType, number>> = {
  float16: 0x7c00,
  bfloat16: 0x7f80,
  float8e4m3: 0x7e,
  float8e5m2: 0x7c,
};

/** The elements' bits, all NaN the same. */
function bitsOf({ type, data }: Tensor<TensorData>): (number | bigint | string)[] {
  if (type === 'float32' || type === 'float64')
    return Array.from(data as Float32Array, (x) => (Object.is(x, -0) ? '-0' : Number.isNaN(x) ? 'NaN' : x));
  const limit = NAN_ABOVE[type];
  if (limit === undefined) return Array.from(data as Uint8Array);
  const bytes = elementArray(type)!.bits / 8;
  const words =
    bytes === 1 ? (data as Uint8Array) : new Uint16Array(data.buffer, data.byteOffset, data.length);
  const magnitude = 2 ** (8 * bytes - 1) - 1;
  return Array.from(words, (bits) => ((bits & magnitude) > limit ? 'NaN' : bits));
}

type AnyOperator = (...values: unknown[]) => Promise<Tensor<TensorData> | Tensor<TensorData>[]>;

describe('operators on tensors and recorded results', () => {
  test('there are cases of each operator', () => {
    expect(new Set(cases.map(({ operator }) => operator))).toEqual(
      new Set([
        'convert',
        'transpose',
        'pad',
        'concatenate',
        'split',
        'gatherRows',
        'quantizeLinear',
        'dequantizeLinear',
      ]),
    );
  });

  test.each(cases.map((one, index) => [index, one.operator, describeCase(one), one] as const))(
    '%i: %s %s',
    async (_index, operator, _text, { inputs, outputs, arguments: rest }) => {
      const run = ops[operator as keyof typeof ops] as AnyOperator;
      const tensors = inputs.map(tensorOf);
      const made = await run(...(operator === 'concatenate' ? [tensors] : tensors), ...rest);
      const results = Array.isArray(made) ? made : [made];
      expect(results).toHaveLength(outputs.length);
      results.forEach((result, index) => {
        const expected = tensorOf(outputs[index]!);
        expect(result.type).toBe(expected.type);
        expect(result.dims).toEqual(expected.dims);
        expect(bitsOf(result)).toEqual(bitsOf(expected));
      });
    },
  );
});

function describeCase({ inputs, arguments: rest }: Case): string {
  const tensors = inputs.map(({ type, dims }) => `${type} [${dims.join(', ')}]`).join(', ');
  return `${tensors} ${JSON.stringify(rest).slice(0, 80)}`;
}
