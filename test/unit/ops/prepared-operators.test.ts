// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { PreparedOperators, type OperatorRequest } from '../../../lib/ops/prepared-operators';

/** Native code that counts. */
class FakeNative {
  readonly kept = new Set<number>();
  prepared = 0;
  prepare(): number {
    this.kept.add(++this.prepared);
    return this.prepared;
  }
  forget(number: number): void {
    expect(this.kept.delete(number)).toBe(true);
  }
}

const REQUEST: OperatorRequest = {
  operator: 'pad',
  attributes: { begins: [1, 0], mode: 'constant', value: 0 },
  inputs: [{ type: 'float32', dims: [2, 3] }],
  outputs: [{ type: 'float32', dims: [3, 3] }],
  threads: 0,
};

function numberOf(operators: PreparedOperators, request: OperatorRequest): number {
  let number = 0;
  operators.with(request, (prepared) => (number = prepared));
  return number;
}

describe('prepared operators', () => {
  it('are prepared once for equal requests', () => {
    const native = new FakeNative();
    const operators = new PreparedOperators(native);
    const first = numberOf(operators, REQUEST);
    const equal = {
      ...REQUEST,
      attributes: { value: 0, mode: 'constant', begins: [1, 0] },
      inputs: [{ dims: [2, 3], type: 'float32' as const }],
    };
    expect(numberOf(operators, equal)).toBe(first);
    expect(native.prepared).toBe(1);
  });

  it('tell apart what differs in anything', () => {
    const native = new FakeNative();
    const operators = new PreparedOperators(native);
    const { attributes } = REQUEST;
    const requests: OperatorRequest[] = [
      REQUEST,
      { ...REQUEST, operator: 'pads' },
      { ...REQUEST, threads: 1 },
      { ...REQUEST, inputs: [] },
      { ...REQUEST, inputs: [{ type: 'float32', dims: [3, 2] }] },
      { ...REQUEST, inputs: [{ type: 'float16', dims: [2, 3] }] },
      { ...REQUEST, outputs: [{ type: 'float32', dims: [3, 3, 1] }] },
      { ...REQUEST, attributes: { ...attributes, value: -0 } },
      { ...REQUEST, attributes: { ...attributes, value: NaN } },
      { ...REQUEST, attributes: { ...attributes, value: '0' } },
      { ...REQUEST, attributes: { ...attributes, begins: [1, -0] } },
      { ...REQUEST, attributes: { ...attributes, begins: [1] } },
      { ...REQUEST, attributes: { ...attributes, begins: 1 } },
      { ...REQUEST, attributes: { ...attributes, more: false } },
      { ...REQUEST, attributes: { begins: [1, 0], mode: 'constant' } },
    ];
    const numbers = requests.map((request) => numberOf(operators, request));
    expect(new Set(numbers).size).toBe(requests.length);
    expect(requests.map((request) => numberOf(operators, request))).toEqual(numbers);
  });

  it('do not change with the lists of their caller', () => {
    const operators = new PreparedOperators(new FakeNative());
    const begins = [1, 0];
    const dims = [2, 3];
    const request = (): OperatorRequest => ({
      ...REQUEST,
      attributes: { begins },
      inputs: [{ type: 'float32', dims }],
    });
    const first = numberOf(operators, request());
    begins[0] = 2;
    const second = numberOf(operators, request());
    dims[0] = 4;
    const third = numberOf(operators, request());
    expect(new Set([first, second, third]).size).toBe(3);
    begins[0] = 1;
    dims[0] = 2;
    expect(numberOf(operators, request())).toBe(first);
  });

  it('are forgotten when others have come, the least recently used first', () => {
    const native = new FakeNative();
    const operators = new PreparedOperators(native);
    const threads = (count: number): OperatorRequest => ({ ...REQUEST, threads: count });
    const first = numberOf(operators, threads(0));
    const second = numberOf(operators, threads(1));
    for (let count = 2; count < 32; count++) numberOf(operators, threads(count));
    expect(numberOf(operators, threads(0))).toBe(first);
    numberOf(operators, threads(32));
    expect(native.kept.size).toBe(32);
    expect(native.kept.has(first)).toBe(true);
    expect(native.kept.has(second)).toBe(false);
  });

  it('of very long settings are forgotten at once, also where the call fails', () => {
    const native = new FakeNative();
    const operators = new PreparedOperators(native);
    const long: OperatorRequest = { ...REQUEST, attributes: { begins: Array<number>(5000).fill(0) } };
    expect(() => operators.with(long, () => raise())).toThrow('no');
    expect(numberOf(operators, long)).toBe(2);
    expect(native.kept.size).toBe(0);
  });
});

function raise(): never {
  throw new Error('no');
}
