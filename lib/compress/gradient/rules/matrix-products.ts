// SPDX-License-Identifier: Apache-2.0
import type { GradientRule, NodeGradient } from '../node-gradient';
import { boundTo, sumToInput, sumToShape } from '../sum-to-shape';

/** Y = alpha op(A) op(B) + beta C */
function gemm(node: NodeGradient): (string | undefined)[] {
  const [a, b, g] = [node.input(0), node.input(1), node.gradient];
  const [transA, transB] = [node.int('transA', 0), node.int('transB', 0)];
  const alpha = { float: node.float('alpha', 1) };
  return [
    node.ifWanted(0, () =>
      transA === 0
        ? node.op('Gemm', [g, b], { alpha, transB: 1 - transB })
        : node.op('Gemm', [b, g], { alpha, transA: transB, transB: 1 }),
    ),
    node.ifWanted(1, () =>
      transB === 0
        ? node.op('Gemm', [a, g], { alpha, transA: 1 - transA })
        : node.op('Gemm', [g, a], { alpha, transA: 1, transB: transA }),
    ),
    node.ifWanted(2, () => {
      const beta = node.float('beta', 1);
      return sumToInput(node, beta === 1 ? g : node.mul(g, beta), 2);
    }),
  ];
}

/** Products of stacks of matrices, with broadcasting; vectors are taken as matrices of one row or column. */
function matMul(node: NodeGradient): (string | undefined)[] {
  const [rankA, rankB] = [node.rank(node.input(0)), node.rank(node.input(1))];
  const { write } = node;
  const a = rankA === 1 ? node.op('Unsqueeze', [node.input(0), write.ints([0])]) : node.input(0);
  const b = rankB === 1 ? node.op('Unsqueeze', [node.input(1), write.ints([1])]) : node.input(1);
  const lost = [...(rankA === 1 ? [-2] : []), ...(rankB === 1 ? [-1] : [])];
  const g = lost.length === 0 ? node.gradient : node.op('Unsqueeze', [node.gradient, write.ints(lost)]);
  if (rankA === 1 || rankB === 1) {
    // Shapes of the matrices are not those of the operands: the sums are found when the graph runs.
    const made = [
      node.ifWanted(0, () => node.op('MatMul', [g, transposed(node, b, Math.max(rankB, 2))])),
      node.ifWanted(1, () => node.op('MatMul', [transposed(node, a, Math.max(rankA, 2)), g])),
    ];
    return made.map((gradient, index) => gradient && sumVector(node, gradient, index));
  }
  return [
    node.ifWanted(0, () => productGradient(node, 0, node.op('MatMul', [g, transposed(node, b, rankB)]))),
    node.ifWanted(1, () =>
      rankB === 2 && rankA > 2
        ? sharedMatrix(node, g)
        : productGradient(node, 1, leftProduct(node, g, rankA)),
    ),
  ];
}

const leftProduct = (node: NodeGradient, g: string, rankA: number): string =>
  node.op('MatMul', [transposed(node, node.input(0), rankA), g]);

/** A weight that all matrices of a stack are multiplied by: one product of the stack laid out as one matrix. */
function sharedMatrix(node: NodeGradient, gradient: string): string {
  const inner = node.dims(node.input(1))?.[0];
  const rows = (value: string, width: string): string =>
    node.op('Reshape', [value, node.op('Concat', [node.write.ints([-1]), width], { axis: 0 })]);
  const sizes = node.shape(node.input(1));
  const part = (at: number): string =>
    node.op('Slice', [sizes, node.write.ints([at]), node.write.ints([at + 1])]);
  const width = typeof inner === 'number' ? node.write.ints([inner]) : part(0);
  return node.op('Gemm', [rows(node.input(0), width), rows(gradient, part(1))], { transA: 1 });
}

/** Sums over stacks along which an operand was repeated. */
function productGradient(node: NodeGradient, index: number, gradient: string): string {
  const target = node.input(index);
  const other = node.input(1 - index);
  const [dims, against] = [node.dims(target)!, node.dims(other)!];
  const isWhole = dims.length >= against.length && sameStack(dims, against);
  if (isWhole) return gradient;
  const bound = boundTo(node);
  // The gradient has the stacks of the output and the operand's own last two sizes.
  const stack = node.dims(node.output)?.slice(0, -2);
  const full = stack === undefined ? undefined : [...stack, ...dims.slice(-2)];
  return sumToShape({ ...bound, dims: (name) => (name === gradient ? full : bound.dims(name)) }, gradient, {
    target,
    from: gradient,
  });
}

type Sizes = readonly (number | string | undefined)[];

function sameStack(dims: Sizes, against: Sizes): boolean {
  const lead = dims.length - against.length;
  return against
    .slice(0, -2)
    .every((size, axis) => size === 1 || (size !== undefined && size === dims[axis + lead]));
}

function sumVector(node: NodeGradient, gradient: string, index: number): string {
  const bound = boundTo(node);
  const target = node.input(index);
  const asMatrix =
    node.rank(target) > 1 ? target : node.op('Unsqueeze', [target, node.write.ints([index === 0 ? 0 : 1])]);
  const summed = sumToShape({ ...bound, dims: () => undefined }, gradient, {
    target: asMatrix,
    from: gradient,
  });
  return node.reshapeLike(summed, target);
}

function transposed(node: NodeGradient, value: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  perm.splice(rank - 2, 2, rank - 1, rank - 2);
  return node.op('Transpose', [value], { perm });
}

/** Products of matrices. */
export const PRODUCT_RULES: Readonly<Record<string, GradientRule>> = { Gemm: gemm, MatMul: matMul };
