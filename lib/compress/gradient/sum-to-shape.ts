// SPDX-License-Identifier: Apache-2.0
import type { KnownDims, NodeGradient } from './node-gradient';

/**
 * The gradient of an input that was broadcast: `gradient` summed over the axes along which the input was repeated.
 *
 * 1. Sizes that are known, or the same symbol in both, decide while the graph is written; equal shapes cost nothing.
 * 2. Otherwise the axes are found when the graph runs: those of size one in the input.
 *
 * @param from - A value of the gradient's shape.
 */
export function sumToShape(
  { write, dims, op, shape }: Bound,
  gradient: string,
  { target, from }: { readonly target: string; readonly from: string },
): string {
  const [wanted, given] = [dims(target), dims(from)];
  const axes = wanted === undefined || given === undefined ? undefined : repeatedAxes(wanted, given);
  if (axes?.length === 0 && wanted!.length === given!.length) return gradient;
  if (axes !== undefined) {
    const summed =
      axes.length === 0 ? gradient : op('ReduceSum', [gradient, write.ints(axes)], { keepdims: 1 });
    return wanted!.length === given!.length ? summed : op('Reshape', [summed, shape(target)]);
  }
  const sizes = shape(target);
  const missing = op('Sub', [op('Shape', [op('Shape', [gradient])]), op('Shape', [sizes])]);
  const padded = op('Concat', [op('Expand', [write.ints([1]), missing]), sizes], { axis: 0 });
  const single = op('Equal', [padded, write.ints([1])]);
  const found = op('Squeeze', [op('NonZero', [single]), write.ints([0])]);
  const summed = op('ReduceSum', [gradient, found], { keepdims: 1, noop_with_empty_axes: 1 });
  return op('Reshape', [summed, sizes]);
}

interface Bound {
  readonly write: NodeGradient['write'];
  readonly dims: (name: string) => KnownDims | undefined;
  readonly op: NodeGradient['op'];
  readonly shape: NodeGradient['shape'];
}

/** `sumToShape` for an input of a node whose gradient has the shape of the node's first output. */
export function sumToInput(node: NodeGradient, gradient: string, index: number): string {
  return sumToShape(boundTo(node), gradient, { target: node.input(index), from: node.output });
}

/** `sumToShape` in the words of a rule. */
export function boundTo(node: NodeGradient): Bound {
  return {
    write: node.write,
    dims: (name) => node.dims(name),
    op: (...given) => node.op(...given),
    shape: (name) => node.shape(name),
  };
}

/** Axes of `given`, in which `wanted` has one element; undefined where that is not known. */
function repeatedAxes(wanted: KnownDims, given: KnownDims): number[] | undefined {
  const lead = given.length - wanted.length;
  const axes: number[] = [];
  for (const [axis, size] of given.entries()) {
    const target = axis < lead ? 1 : wanted[axis - lead];
    if (target === 1) {
      if (size !== 1 || axis < lead) axes.push(axis);
    } else if (typeof target !== 'number' && (target === undefined || target !== size)) return undefined;
  }
  return axes;
}
