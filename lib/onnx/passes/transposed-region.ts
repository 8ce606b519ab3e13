// SPDX-License-Identifier: Apache-2.0
import { countOf, decodeTensor, encodeTensor, isEvaluableType } from '../evaluate-constant/constant-value';
import { copyStrided, denseStrides } from '../evaluate-constant/strided-copy';
import type { GraphScope } from '../graph/graph-scope';
import { attributeOf, isStandard, type UniqueNames } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { replaceReads, ValueUses } from '../graph/value-uses';

/** Operators that treat all elements alike, wherever they lie. */
const ELEMENTWISE = new Set(
  (
    'Abs Add BitShift Cast Ceil Celu Clip Cos Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log ' +
    'Max Mean Min Mish Mul Neg Not PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum ' +
    'Swish Tan Tanh ThresholdedRelu Where'
  ).split(' '),
);

/** Elementwise operators between Transposes of one permutation and of its inverse. */
export interface TransposedRegion {
  readonly nodes: ReadonlySet<NodeMessage>;
  /** Transposes whose results the operators read. */
  readonly entries: ReadonlySet<NodeMessage>;
  /** Transposes that read the operators' results. */
  readonly exits: ReadonlySet<NodeMessage>;
  /** Constants of more than one element that the operators read, by name. */
  readonly constants: ReadonlyMap<string, TensorMessage>;
  /** Permutation of the exits. */
  readonly perm: readonly number[];
}

/** The graph that a region is looked for in. */
export interface RegionContext {
  readonly uses: ValueUses;
  readonly scope: GraphScope;
  /** Operators that belong to no region, as found so far. */
  readonly rejected: Set<NodeMessage>;
}

/** The permutation of a Transpose; undefined for other nodes, and where it is the reverse of an unknown rank. */
export function permutationOf(node: NodeMessage | undefined): readonly number[] | undefined {
  if (node?.opType !== 'Transpose' || !isStandard(node)) return undefined;
  return attributeOf(node, 'perm')?.ints.map(Number);
}

/** The operators before a Transpose that can do without it; undefined where one of them cannot. */
export function findTransposedRegion(
  exit: NodeMessage,
  context: RegionContext,
): TransposedRegion | undefined {
  const perm = permutationOf(exit)!;
  const first = context.uses.producer(exit.input[0]);
  if (first === undefined || permutationOf(first) !== undefined) return undefined;
  const region: Region = {
    nodes: new Set(),
    entries: new Set(),
    exits: new Set(),
    constants: new Map(),
    perm,
    inverse: perm.map((_, axis) => perm.indexOf(axis)),
  };
  const pending = [first];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (region.nodes.has(node)) continue;
    const isElementwise = isStandard(node) && ELEMENTWISE.has(node.opType) && !context.rejected.has(node);
    region.nodes.add(node);
    const neighbours = isElementwise
      ? [...inputsOf(node, region, context), ...readersOf(node, region, context)]
      : [null];
    if (neighbours.includes(null)) {
      // Whatever is begun at any of them comes to the same end.
      for (const one of region.nodes) context.rejected.add(one);
      return undefined;
    }
    pending.push(...(neighbours as NodeMessage[]));
  }
  return region.entries.size > 0 ? region : undefined;
}

interface Region extends TransposedRegion {
  readonly nodes: Set<NodeMessage>;
  readonly entries: Set<NodeMessage>;
  readonly exits: Set<NodeMessage>;
  readonly constants: Map<string, TensorMessage>;
  readonly inverse: readonly number[];
}

/** Operators before this one; null where a value comes from anything else. */
function inputsOf(
  node: NodeMessage,
  { entries, constants, inverse, perm }: Region,
  { uses, scope }: RegionContext,
): (NodeMessage | null)[] {
  return node.input.flatMap((name) => {
    if (name === '') return [];
    const tensor = scope.constantOf(name);
    if (tensor !== undefined) {
      if (tensor.dims.length > perm.length || !isEvaluableType(tensor.dataType)) return [null];
      if (countOf(tensor.dims) !== 1) constants.set(name, tensor);
      return [];
    }
    const producer = uses.producer(name);
    if (producer === undefined) return [null];
    const own = permutationOf(producer);
    if (own === undefined) return [producer];
    if (!isSame(own, inverse)) return [null];
    entries.add(producer);
    return [];
  });
}

/** Operators behind this one; null where anything else reads its results. */
function readersOf(
  node: NodeMessage,
  { exits, perm }: Region,
  { uses }: RegionContext,
): (NodeMessage | null)[] {
  return node.output.flatMap((name) => {
    const readers = uses.readers(name);
    if (uses.reads(name) !== readers.length) return [null];
    return readers.flatMap((reader) => {
      const own = permutationOf(reader);
      if (own === undefined) return [reader];
      if (!isSame(own, perm)) return [null];
      // An exit that is an output of the graph keeps its name, and so its Transpose.
      if (uses.isOutput(reader.output[0])) return [null];
      exits.add(reader);
      return [];
    });
  });
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, index) => axis === b[index]);
}

/**
 * Lets the operators of regions compute on the values before their entries. No Transpose is an exit of one of them and
 * an entry of another.
 *
 * @returns how many Transposes went
 */
export function moveRegions(
  regions: readonly TransposedRegion[],
  graph: GraphMessage,
  names: UniqueNames,
): number {
  const entries = new Set(regions.flatMap((region) => [...region.entries]));
  const exits = new Set(regions.flatMap((region) => [...region.exits]));
  for (const region of regions) readSources(region, graph, names);
  const replaced = new Map([...exits].map(({ input, output }) => [output[0]!, input[0]!] as const));
  const before = graph.node.length;
  graph.node = graph.node.filter((node) => !exits.has(node));
  replaceReads(graph, replaced);
  const uses = new ValueUses(graph);
  graph.node = graph.node.filter((node) => !entries.has(node) || uses.reads(node.output[0]) > 0);
  // The declared dims of these values are no longer true.
  const changed = new Set(regions.flatMap(({ nodes }) => [...nodes].flatMap(({ output }) => output)));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !changed.has(name) && !replaced.has(name));
  return before - graph.node.length;
}

function readSources(region: TransposedRegion, graph: GraphMessage, names: UniqueNames): void {
  const { nodes, entries, constants, perm } = region;
  const sources = new Map<string, string>();
  for (const { input, output } of entries) sources.set(output[0]!, input[0]!);
  for (const [name, tensor] of constants) sources.set(name, addTransposed(tensor, { graph, perm, names }));
  for (const node of nodes) node.input = node.input.map((name) => sources.get(name) ?? name);
}

interface Place {
  readonly graph: GraphMessage;
  readonly perm: readonly number[];
  readonly names: UniqueNames;
}

function addTransposed(tensor: TensorMessage, { graph, perm, names }: Place): string {
  const value = decodeTensor(tensor)!;
  const dims = [...new Array<number>(perm.length - value.dims.length).fill(1), ...value.dims];
  const strides = denseStrides(dims);
  const turned = copyStrided(value, {
    dims: perm.map((axis) => dims[axis]!),
    strides: perm.map((axis) => strides[axis]!),
  });
  const name = names.make(`${tensor.name ?? ''}_transposed`);
  graph.initializer.push(encodeTensor(name, turned));
  return name;
}
