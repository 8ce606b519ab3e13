// SPDX-License-Identifier: Apache-2.0
import type { Dim, Dims } from '../dim-algebra';
import { ruleFor, type NodeView, type ShapeRules } from '../node-view';

/** NumPy's matmul. */
function product(node: NodeView, a: Dims | undefined, b: Dims | undefined): Dims | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined;
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  node.same(left.at(-1)!, right.at(-2)!, 'columns of the first and rows of the second matrix');
  const outer = node.broadcast(left.slice(0, -2), right.slice(0, -2));
  if (outer === undefined) return undefined;
  const rows = a.length === 1 ? [] : [left.at(-2)!];
  const columns = b.length === 1 ? [] : [right.at(-1)!];
  return [...outer, ...rows, ...columns];
}

function gemm(node: NodeView): Dims | undefined {
  const [a, b] = [node.dims(0), node.dims(1)];
  if (a?.length !== 2 || b?.length !== 2) return undefined;
  const [rows, inner] = node.int('transA', 0) === 0 ? [a[0]!, a[1]!] : [a[1]!, a[0]!];
  const [depth, columns] = node.int('transB', 0) === 0 ? [b[0]!, b[1]!] : [b[1]!, b[0]!];
  node.same(inner, depth, 'columns of the first and rows of the second matrix');
  return [rows, columns];
}

/** Labels of an operand; `...` stands as one entry. */
function labelsOf(term: string): string[] {
  return term.match(/\.\.\.|[A-Za-z]/g) ?? [];
}

function einsum(node: NodeView): Dims | undefined {
  const [left = '', right] = node.text('equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',').map(labelsOf);
  if (terms.length !== node.inputCount) return undefined;
  const sizes = new Map<string, Dim>();
  let spread: Dims | undefined = [];
  for (const [index, labels] of terms.entries()) {
    const dims = node.dims(index);
    if (dims === undefined) return undefined;
    const extra = labels.includes('...') ? dims.length - labels.length + 1 : 0;
    if (extra < 0 || labels.length - (labels.includes('...') ? 1 : 0) + extra !== dims.length) {
      node.conflict(`term "${labels.join('')}" does not fit a tensor of ${dims.length} dimensions`);
      return undefined;
    }
    let at = 0;
    for (const label of labels) {
      if (label === '...') {
        spread = node.broadcast(spread, dims.slice(at, at + extra));
        if (spread === undefined) return undefined;
        at += extra;
      } else {
        const dim = dims[at++]!;
        const known = sizes.get(label);
        sizes.set(
          label,
          known === undefined || known === 1
            ? dim
            : dim === 1
              ? known
              : node.same(known, dim, `sizes of "${label}"`),
        );
      }
    }
  }
  const result = right === undefined ? implicitOutput(terms) : labelsOf(right);
  return result.flatMap((label) => (label === '...' ? spread : [sizes.get(label) ?? node.algebra.fresh()]));
}

/** Without an output term: the ellipsis, then labels that stand once, in the order of the alphabet. */
function implicitOutput(terms: readonly string[][]): string[] {
  const all = terms.flat();
  const once = all.filter((label) => label !== '...' && all.indexOf(label) === all.lastIndexOf(label));
  return [...(all.includes('...') ? ['...'] : []), ...once.sort()];
}

export const MATRIX_PRODUCT_RULES: ShapeRules = {
  ...ruleFor('MatMul MatMulInteger', (node) => [product(node, node.dims(0), node.dims(1))]),
  QLinearMatMul: (node) => [product(node, node.dims(0), node.dims(3))],
  Gemm: (node) => [gemm(node)],
  Einsum: (node) => [einsum(node)],
  Det: (node) => [node.dims(0)?.slice(0, -2)],
};
