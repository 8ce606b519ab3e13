// SPDX-License-Identifier: Apache-2.0
import { attributeOf } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';
import { bytesOfElement, countOf, NotEvaluable, type ConstantValue } from './constant-value';

/** A node with the values of its inputs. */
export class Evaluation {
  constructor(
    readonly node: NodeMessage,
    /** Undefined where the node leaves an optional input out. */
    readonly inputs: readonly (ConstantValue | undefined)[],
    readonly opset: number,
    /** Most bytes that a result may have. */
    readonly mostBytes: number,
  ) {}

  /** An input that must be there. */
  input(position: number): ConstantValue {
    const value = this.inputs[position];
    if (value === undefined) throw new NotEvaluable();
    return value;
  }

  /** Whole numbers of an INTS attribute, or of an input: older opsets have many of them as attributes. */
  list(attribute: string, position: number): number[] | undefined {
    const value = this.inputs[position];
    if (value !== undefined) return Array.from(value.data);
    return attributeOf(this.node, attribute)?.ints.map(Number);
  }

  /** Stops before a result that is too large is computed. */
  checkSize(type: number, dims: readonly number[]): void {
    if (!(countOf(dims) * bytesOfElement(type) <= this.mostBytes)) throw new NotEvaluable();
  }
}

/** Computes the results of an operator. @throws NotEvaluable */
export type Evaluator = (evaluation: Evaluation) => ConstantValue[];

/** An axis counted from the front. */
export function frontAxis(axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!(front >= 0 && front < Math.max(rank, 1))) throw new NotEvaluable();
  return front;
}
