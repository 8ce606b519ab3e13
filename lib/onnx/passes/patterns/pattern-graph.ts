// SPDX-License-Identifier: Apache-2.0
import { countOf, decodeTensor, numbersOf } from '../../evaluate-constant/constant-value';
import { GraphScope } from '../../graph/graph-scope';
import { attributeOf, isStandard } from '../../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../graph/onnx-messages';
import { ValueUses } from '../../graph/value-uses';

/** An operator with one constant of one element, e.g. `x * 0.5`. */
export interface ScalarStep {
  readonly node: NodeMessage;
  /** The input that is no constant. */
  readonly value: string;
  readonly scalar: number;
  /** True for `constant op value`. */
  readonly isConstantFirst: boolean;
}

/** One graph, asked as patterns of nodes need it. */
export class PatternGraph {
  readonly uses: ValueUses;

  constructor(readonly scope: GraphScope) {
    this.uses = new ValueUses(scope.graph);
  }

  static of(graph: GraphMessage): PatternGraph {
    return new PatternGraph(new GraphScope(graph));
  }

  /** The node that makes a value, if it is one of these operators. */
  producer(value: string | undefined, ...ops: readonly string[]): NodeMessage | undefined {
    const node = this.uses.producer(value);
    return node !== undefined && isStandard(node) && ops.includes(node.opType) ? node : undefined;
  }

  /** The only node that reads a value, if it is one of these operators. */
  onlyReader(value: string | undefined, ...ops: readonly string[]): NodeMessage | undefined {
    if (!this.uses.isInner(value)) return undefined;
    const node = this.uses.readers(value)[0]!;
    return isStandard(node) && ops.includes(node.opType) ? node : undefined;
  }

  /** A constant that callers cannot replace. */
  constant(name: string | undefined): TensorMessage | undefined {
    return name === undefined || name === '' ? undefined : this.scope.constantOf(name);
  }

  /** The number in a constant of one element. */
  scalar(name: string | undefined): number | undefined {
    const tensor = this.constant(name);
    const value = tensor && countOf(tensor.dims) === 1 ? decodeTensor(tensor) : undefined;
    return value && numbersOf(value)[0];
  }

  /** A node of two inputs, one of which is a constant of one element. */
  scalarStep(node: NodeMessage | undefined): ScalarStep | undefined {
    if (node?.input.length !== 2) return undefined;
    for (const [constant, value] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const scalar = this.scalar(node.input[constant]);
      const isOther = this.constant(node.input[value]) === undefined;
      if (scalar !== undefined && isOther)
        return { node, value: node.input[value]!, scalar, isConstantFirst: constant === 0 };
    }
    return undefined;
  }

  /** Axes of a reduction, from its attribute or from a constant input; undefined where they are not known. */
  axesOf(node: NodeMessage): readonly number[] | undefined {
    const attribute = attributeOf(node, 'axes')?.ints.map(Number);
    const tensor = this.constant(node.input[1]);
    const value = tensor && decodeTensor(tensor);
    return attribute ?? (value && Array.from(value.data));
  }
}

/** True where two numbers are the same up to what exporters write of constants. */
export function isNear(actual: number | undefined, expected: number): boolean {
  return actual !== undefined && Math.abs(actual - expected) <= 1e-3 * Math.abs(expected);
}
