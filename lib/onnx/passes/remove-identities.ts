// SPDX-License-Identifier: Apache-2.0
import { countOf, decodeTensor } from '../evaluate-constant/constant-value';
import { GraphScope } from '../graph/graph-scope';
import { attributeOf, intAttribute, isStandard, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { replaceReads, ValueUses } from '../graph/value-uses';
import { declaredDims, type Dim, type DimsOf } from './value-dims';

/**
 * Removes nodes whose output is their first input.
 *
 * 1. Identity; Dropout that does not train and whose mask nobody reads; a Cast to the type that the value has.
 * 2. Concat, Sum, Min, Max and Mean of one input, Split into one output.
 * 3. Reshape, Flatten, Expand, Squeeze and Unsqueeze where input and output have the same dims, of which not more than
 *    one is not a size.
 * 4. A Transpose that permutes nothing, Tile by ones, Pad by zeros, Slice of everything.
 * 5. Adding and subtracting 0, multiplying and dividing by 1, to the power of 1, where the constant broadcasts nothing.
 *
 * A node that makes an output of its graph goes if the one before it can make that output instead. Left alone: such nodes
 * behind inputs, constants or other outputs; custom operators; everything of which type or dims are not sure.
 *
 * @returns how many nodes went, those of the graphs inside nodes included
 */
export function removeIdentities(graph: GraphMessage, dimsOf: DimsOf = declaredDims(graph)): number {
  return removeFrom(new GraphScope(graph), dimsOf);
}

function removeFrom(scope: GraphScope, dimsOf: DimsOf): number {
  const { graph } = scope;
  let removed = 0;
  for (const inner of graph.node.flatMap(subgraphsOf)) {
    removed += removeFrom(scope.inner.get(inner)!, declaredDims(inner, dimsOf));
  }
  const uses = new ValueUses(graph);
  const replaced = new Map<string, string>();
  const gone = new Set<NodeMessage>();
  const renamed = new Set<string>();
  for (const node of graph.node) {
    if (!isIdentity(node, { scope, dimsOf, uses })) continue;
    const [source, output] = [finalSource(replaced, node.input[0]!), node.output[0]!];
    if (source === output) continue;
    if (!uses.isOutput(output)) {
      replaced.set(output, source);
    } else {
      const producer = uses.producer(source);
      if (producer === undefined || uses.isOutput(source) || renamed.has(source)) continue;
      producer.output = producer.output.map((name) => (name === source ? output : name));
      renamed.add(source);
      replaced.set(source, output);
    }
    gone.add(node);
  }
  if (gone.size === 0) return removed;
  graph.node = graph.node.filter((node) => !gone.has(node));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !replaced.has(name));
  replaceReads(graph, replaced);
  return removed + gone.size;
}

function finalSource(replaced: ReadonlyMap<string, string>, name: string): string {
  let result = name;
  for (let next = replaced.get(result); next !== undefined; next = replaced.get(result)) result = next;
  return result;
}

interface Context {
  readonly scope: GraphScope;
  readonly dimsOf: DimsOf;
  readonly uses: ValueUses;
}

function isIdentity(node: NodeMessage, context: Context): boolean {
  if (!isStandard(node) || node.input.length === 0 || node.input[0] === '') return false;
  const { scope, uses } = context;
  switch (node.opType) {
    case 'Identity':
      return true;
    case 'Dropout':
      return isInference(node, scope) && !uses.reads(node.output[1]);
    case 'Cast':
      return scope.typeOf(node.input[0]!) === intAttribute(node, 'to', 0);
    case 'Concat':
    case 'Sum':
    case 'Min':
    case 'Max':
    case 'Mean':
      return node.input.length === 1;
    case 'Split':
      return node.output.length === 1;
    case 'Transpose':
      return attributeOf(node, 'perm')?.ints.every((from, to) => Number(from) === to) === true;
    case 'Reshape':
    case 'Flatten':
    case 'Expand':
    case 'Squeeze':
    case 'Unsqueeze':
      return keepsDims(node, context);
    default:
      return isNeutral(node, context);
  }
}

function isInference(node: NodeMessage, scope: GraphScope): boolean {
  const training = node.input[2] ?? '';
  return training === '' || constant(scope, training)?.[0] === 0;
}

/** Two symbols could stand for sizes that a Reshape swaps: only one dimension may be no size. */
function keepsDims(node: NodeMessage, { scope, dimsOf }: Context): boolean {
  const before = dimsOf(node.input[0]!);
  const after = dimsOf(node.output[0]!) ?? constantShape(node, scope);
  if (before === undefined || after?.length !== before.length) return false;
  let open = 0;
  for (let axis = 0; axis < before.length; axis++) {
    const [a, b] = [before[axis], after[axis]];
    if (typeof a === 'number' && a === b && a !== 0) continue;
    if (typeof a === 'number' && typeof b === 'number' && b > 0) return false;
    open++;
  }
  // An Expand may make a size of 1 larger, where a Reshape keeps the number of elements.
  return open === 0 || (open === 1 && /^(Reshape|Flatten)$/.test(node.opType));
}

function constantShape(node: NodeMessage, scope: GraphScope): readonly Dim[] | undefined {
  if (node.opType !== 'Reshape') return undefined;
  const shape = constant(scope, node.input[1]);
  return shape && Array.from(shape, (size) => (size > 0 ? size : undefined));
}

function constant(scope: GraphScope, name: string | undefined): ArrayLike<number> | undefined {
  const tensor = name === undefined || name === '' ? undefined : scope.constantOf(name);
  return tensor && countOf(tensor.dims) <= 64 ? decodeTensor(tensor)?.data : undefined;
}

/** The number that changes nothing, by operator; the constant is the second input. */
const NEUTRAL: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1, Pow: 1 };

function isNeutral(node: NodeMessage, { scope, dimsOf }: Context): boolean {
  const all = (values: ArrayLike<number> | undefined, wanted: number) =>
    values !== undefined && Array.from(values).every((value) => value === wanted);
  switch (node.opType) {
    case 'Tile':
      return node.input.length === 2 && all(constant(scope, node.input[1]), 1);
    case 'Pad':
      return node.input.length > 1 && all(constant(scope, node.input[1]), 0);
    case 'Slice':
      return isWholeSlice(node, scope, dimsOf);
    default:
  }
  const neutral = NEUTRAL[node.opType];
  const tensor = scope.constantOf(node.input[1] ?? '');
  if (neutral === undefined || tensor === undefined || countOf(tensor.dims) !== 1) return false;
  const rank = tensor.dims.length === 0 ? 0 : (dimsOf(node.input[0]!)?.length ?? -1);
  return tensor.dims.length <= rank && all(constant(scope, node.input[1]), neutral);
}

/** From 0 in steps of 1 to an end that is as large as ends are written, or as the dimension. */
function isWholeSlice(node: NodeMessage, scope: GraphScope, dimsOf: DimsOf): boolean {
  if (node.input.length < 3) return false;
  const [starts, ends] = [1, 2].map((position) => constant(scope, node.input[position]));
  const axes = node.input.length > 3 && node.input[3] !== '' ? constant(scope, node.input[3]) : undefined;
  const steps = constant(scope, node.input[4]);
  if (starts === undefined || ends === undefined) return false;
  if ((node.input[3] ?? '') !== '' && axes === undefined) return false;
  if ((node.input[4] ?? '') !== '' && !Array.from(steps ?? [0]).every((step) => step === 1)) return false;
  const dims = dimsOf(node.input[0]!);
  return Array.from(ends).every((end, index) => {
    const axis = axes?.[index] ?? index;
    const size = dims?.[axis < 0 ? axis + dims.length : axis];
    return starts[index] === 0 && (end >= 2 ** 31 - 1 || (typeof size === 'number' && end >= size));
  });
}
