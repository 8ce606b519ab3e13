// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { allocate, type ConstantValue } from '../../../../lib/onnx/evaluate-constant/constant-value';
import { DATA_TYPE } from '../../../../lib/onnx/data-type';
import { evaluateNode, isEvaluable } from '../../../../lib/onnx/evaluate-constant/evaluate-node';
import type { AttributeMessage, NodeMessage } from '../../../../lib/onnx/graph/onnx-messages';
import { makeNode } from '../../../../lib/onnx/graph/make-node';

function value(type: number, dims: readonly number[], numbers: readonly number[]): ConstantValue {
  const data = allocate(type, numbers.length);
  numbers.forEach((number, index) => (data[index] = number));
  return { type, dims, data };
}
const floats = (dims: readonly number[], ...numbers: number[]) => value(DATA_TYPE.FLOAT, dims, numbers);
const longs = (...numbers: number[]) => value(DATA_TYPE.INT64, [numbers.length], numbers);
const scalar = (number: number) => value(DATA_TYPE.INT64, [], [number]);
const bools = (...numbers: number[]) => value(DATA_TYPE.BOOL, [numbers.length], numbers);

type Attributes = Readonly<Record<string, number | readonly number[]>>;

function nodeOf(op: string, attributes: Attributes = {}, outputs = 1): NodeMessage {
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  const node = makeNode({ op, name: 'it', inputs: [], outputs: names });
  node.attribute = Object.entries(attributes).map(([name, given]): AttributeMessage => {
    const empty = { name, floats: [], ints: [], graphs: [] };
    return typeof given === 'number'
      ? { ...empty, type: 2, i: BigInt(given) }
      : { ...empty, type: 7, ints: given.map(BigInt) };
  });
  return node;
}

const limits = { opset: 17, mostBytes: 1024 };

function run(op: string, inputs: (ConstantValue | undefined)[], attributes?: Attributes, outputs?: number) {
  const results = evaluateNode(nodeOf(op, attributes, outputs), inputs, limits);
  return results?.map(({ dims, data }) => [dims, Array.from(data)]);
}

const square = floats([2, 2], 1, 2, 3, 4);

describe('evaluating a node', () => {
  it.each<[string, (ConstantValue | undefined)[], Attributes, number[], number[]]>([
    ['Add', [square, floats([2], 10, 20)], {}, [2, 2], [11, 22, 13, 24]],
    ['Sub', [floats([2, 1], 1, 2), floats([1, 2], 1, 2)], {}, [2, 2], [0, -1, 1, 0]],
    ['Div', [longs(7, -7, 9), longs(2, 2, -4)], {}, [3], [3, -3, -2]],
    ['Div', [floats([], 1), floats([], 3)], {}, [], [Math.fround(1 / 3)]],
    ['Mod', [longs(-7, 7), longs(3, -3)], {}, [2], [2, -2]],
    ['Mod', [longs(-7, 7), longs(3, -3)], { fmod: 1 }, [2], [-1, 1]],
    ['Pow', [floats([2], 2, 3), longs(2, 3)], {}, [2], [4, 27]],
    ['Min', [square, floats([], 2), floats([], 1.5)], {}, [2, 2], [1, 1.5, 1.5, 1.5]],
    ['Sqrt', [floats([1], 2)], {}, [1], [Math.fround(Math.SQRT2)]],
    ['Neg', [longs(3, -4)], {}, [2], [-3, 4]],
    ['Equal', [longs(1, 2), longs(1, 3)], {}, [2], [1, 0]],
    ['LessOrEqual', [square, floats([], 2)], {}, [2, 2], [1, 1, 0, 0]],
    ['Not', [bools(1, 0)], {}, [2], [0, 1]],
    ['And', [bools(1, 1), bools(1, 0)], {}, [2], [1, 0]],
    ['Where', [bools(1, 0), square, floats([], 9)], {}, [2, 2], [1, 9, 3, 9]],
    ['Transpose', [floats([1, 2, 3], 1, 2, 3, 4, 5, 6)], {}, [3, 2, 1], [1, 4, 2, 5, 3, 6]],
    ['Transpose', [floats([1, 2, 2], 1, 2, 3, 4)], { perm: [0, 2, 1] }, [1, 2, 2], [1, 3, 2, 4]],
    ['Expand', [floats([2, 1], 1, 2), longs(1, 2)], {}, [2, 2], [1, 1, 2, 2]],
    ['Tile', [square, longs(1, 2)], {}, [2, 4], [1, 2, 1, 2, 3, 4, 3, 4]],
    ['Concat', [square, floats([2, 1], 8, 9)], { axis: -1 }, [2, 3], [1, 2, 8, 3, 4, 9]],
    ['Gather', [square, scalar(-1)], { axis: 1 }, [2], [2, 4]],
    ['Gather', [square, longs(1, 0)], {}, [2, 2], [3, 4, 1, 2]],
    ['Slice', [longs(1, 2, 3, 4, 5), longs(4), longs(-100), longs(0), longs(-2)], {}, [3], [5, 3, 1]],
    ['Slice', [square, longs(1), longs(2 ** 62), longs(-1)], {}, [2, 1], [2, 4]],
    ['Slice', [square], { starts: [0], ends: [1], axes: [0] }, [1, 2], [1, 2]],
    ['Reshape', [square, longs(0, 1, -1)], {}, [2, 1, 2], [1, 2, 3, 4]],
    ['Flatten', [floats([2, 1, 2], 1, 2, 3, 4)], { axis: 0 }, [1, 4], [1, 2, 3, 4]],
    ['Squeeze', [floats([1, 2, 1], 1, 2)], {}, [2], [1, 2]],
    ['Squeeze', [floats([1, 2, 1], 1, 2), longs(-1)], {}, [1, 2], [1, 2]],
    ['Unsqueeze', [floats([2], 1, 2), longs(0, -1)], {}, [1, 2, 1], [1, 2]],
    ['Unsqueeze', [floats([2], 1, 2)], { axes: [1] }, [2, 1], [1, 2]],
    ['Cast', [floats([3], 1.9, -1.9, 0)], { to: DATA_TYPE.INT64 }, [3], [1, -1, 0]],
    ['Cast', [floats([2], 1, 65504)], { to: DATA_TYPE.FLOAT16 }, [2], [0x3c00, 0x7bff]],
    ['Cast', [value(DATA_TYPE.BFLOAT16, [1], [0x4049])], { to: DATA_TYPE.FLOAT }, [1], [3.140625]],
    ['Cast', [floats([2], -0.5, 0)], { to: DATA_TYPE.BOOL }, [2], [1, 0]],
    ['ReduceProd', [longs(2, 3, 4)], { keepdims: 0 }, [], [24]],
    ['ReduceMean', [square], { axes: [0] }, [1, 2], [2, 3]],
    ['ReduceMax', [square, longs(-1)], { keepdims: 0 }, [2], [2, 4]],
    ['ReduceSum', [square], { noop_with_empty_axes: 1 }, [2, 2], [1, 2, 3, 4]],
    ['Range', [scalar(5), scalar(0), scalar(-2)], {}, [3], [5, 3, 1]],
    ['ConstantOfShape', [longs(2, 1)], {}, [2, 1], [0, 0]],
    ['MatMul', [square, floats([2, 1], 1, 10)], {}, [2, 1], [21, 43]],
  ])('computes %s (%#)', (...[op, inputs, attributes, dims, numbers]) => {
    expect(run(op, inputs, attributes)).toEqual([[dims, numbers]]);
  });

  it('splits evenly, with a smaller last part, and by sizes', () => {
    expect(run('Split', [longs(1, 2, 3)], {}, 2)).toEqual([
      [[2], [1, 2]],
      [[1], [3]],
    ]);
    expect(run('Split', [square, longs(0, 2)], { axis: 1 }, 2)).toEqual([
      [[2, 0], []],
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
    ]);
  });

  it('hands on what is not known and computes with it', () => {
    const partly = longs(NaN, 3);
    expect(run('Gather', [partly, scalar(1)])).toEqual([[[], [3]]]);
    expect(run('Mul', [partly, longs(2)])).toEqual([[[2], [NaN, 6]]]);
    expect(run('Equal', [partly, longs(3)])).toBeUndefined();
    expect(run('Max', [partly, longs(3)])).toBeUndefined();
    expect(run('Cast', [partly], { to: DATA_TYPE.FLOAT })).toBeUndefined();
    expect(run('Reshape', [square, longs(NaN, 2)])).toBeUndefined();
  });

  it.each<[string, string, (ConstantValue | undefined)[], Attributes?]>([
    ['a division of whole numbers by zero', 'Div', [longs(1), longs(0)]],
    ['whole numbers that a double does not hold', 'Add', [longs(2 ** 60), longs(1)]],
    ['a result that a double does not hold', 'Mul', [longs(2 ** 30), longs(2 ** 30)]],
    [
      'arithmetic of half-wide numbers',
      'Add',
      [value(DATA_TYPE.FLOAT16, [1], [1]), value(DATA_TYPE.FLOAT16, [1], [1])],
    ],
    ['operands of two types', 'Add', [longs(1), floats([1], 1)]],
    ['shapes that do not broadcast', 'Add', [longs(1, 2), longs(1, 2, 3)]],
    ['a number that is too large for its type', 'Cast', [floats([1], 300)], { to: DATA_TYPE.UINT8 }],
    ['infinity as a whole number', 'Cast', [floats([1], Infinity)], { to: DATA_TYPE.INT64 }],
    ['a cast to a type that is not computed with', 'Cast', [square], { to: 17 }],
    ['an index outside', 'Gather', [square, scalar(2)]],
    ['a Slice in steps of zero', 'Slice', [longs(1), longs(0), longs(1), longs(0), longs(0)]],
    ['a Reshape to another number of elements', 'Reshape', [square, longs(3)]],
    ['a Squeeze of more than one element', 'Squeeze', [square, longs(0)]],
    ['an axis that is not there', 'ReduceSum', [square, longs(2)]],
    ['the largest of nothing', 'ReduceMax', [floats([0])]],
    ['a missing input', 'Concat', [square, undefined]],
    ['a range without end', 'Range', [scalar(0), scalar(1), scalar(0)]],
    ['a result that is too large', 'Expand', [floats([1], 1), longs(1025)]],
    ['a large constant', 'ConstantOfShape', [longs(1000, 1000, 1000)]],
    ['matrices that do not fit', 'MatMul', [square, floats([1, 2], 1, 2)]],
  ])('leaves %s alone', (_, op, inputs, attributes) => {
    expect(isEvaluable(nodeOf(op))).toBe(true);
    expect(run(op, inputs, attributes)).toBeUndefined();
  });

  it.each(['QuantizeLinear', 'DequantizeLinear', 'RandomNormal', 'Conv'])('does not know %s', (op) => {
    expect(isEvaluable(nodeOf(op))).toBe(false);
    expect(run(op, [square])).toBeUndefined();
  });
});
