// SPDX-License-Identifier: Apache-2.0
import {
  decodeTensor,
  encodeTensor,
  hasUnknown,
  wholeNumbers,
  type ConstantValue,
} from '../evaluate-constant/constant-value';
import { evaluateNode, isEvaluable } from '../evaluate-constant/evaluate-node';
import { allTensors, attributeOf, intAttribute, isStandard, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { constantTensor } from './expand-constants';
import { declaredDims, type Dim, type DimsOf } from './value-dims';

/** How constants are folded. */
export interface FoldConstantsOptions {
  /** Version of ONNX's operators. Default 17. */
  readonly opset?: number;
  /** Most bytes of a result that is larger than what it is made of. Default 16 MiB. */
  readonly mostBytes?: number;
  /** For several calls on one graph. Default: `foldBudget` of it. */
  readonly budget?: FoldBudget;
  /** Dims of the values of the main graph, e.g. inferred ones. Default: as declared. */
  readonly dimsOf?: DimsOf;
}

const MOST_BYTES = 16 * 2 ** 20;
/** All results together have at most so many times the bytes of the weights, and of one result beside them. */
const MOST_TIMES = { weights: 4, result: 4 };

/**
 * Computes nodes whose inputs are constants, and puts initializers in their place.
 *
 * 1. Operators of `evaluateNode` over initializers that callers cannot replace.
 * 2. Shape and Size of values whose dims are known.
 * 3. Of a Shape whose dims are known in part, what depends on the known ones only: its elements are followed through
 *    Gather, Slice, Concat, Squeeze, Unsqueeze, Reshape and whole-number arithmetic.
 * 4. Weights that reach their reader through Transpose, Reshape, Squeeze, Unsqueeze, Cast or Identity, by 1.
 * 5. Graphs inside nodes see the constants of the graphs around them.
 *
 * Left alone: nodes whose result is an output of their graph; QuantizeLinear and DequantizeLinear, whose place in the
 * graph has a meaning; random operators; custom operators; results beyond `mostBytes` that are larger than the inputs;
 * what is left when the `budget` is used up.
 *
 * @returns how many nodes were folded
 */
export function foldConstants(graph: GraphMessage, options: FoldConstantsOptions = {}): number {
  const { opset = 17, mostBytes = MOST_BYTES, dimsOf = declaredDims(graph) } = options;
  const { budget = foldBudget(graph, mostBytes) } = options;
  return new ConstantFolder(graph, { opset, mostBytes, budget }, dimsOf).run();
}

/** What the results of folding may have together: small files can ask for any number of large constants. */
export interface FoldBudget {
  /** Goes down as nodes are folded. */
  bytes: number;
}

/** Four times the weights of a graph, as each may go through some nodes, and four results of `mostBytes`. */
export function foldBudget(graph: GraphMessage, mostBytes = MOST_BYTES): FoldBudget {
  const weights = allTensors(graph).reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  return { bytes: MOST_TIMES.weights * weights + MOST_TIMES.result * mostBytes };
}

/** Not what its dims say, which may be anything. */
function storedBytes({ rawData, floatData, int32Data, int64Data, doubleData }: TensorMessage): number {
  const listed = floatData.length + int32Data.length + 2 * (int64Data.length + doubleData.length);
  return rawData?.length ?? 4 * listed;
}

interface FoldLimits {
  readonly opset: number;
  readonly mostBytes: number;
  readonly budget: FoldBudget;
}

class ConstantFolder {
  /** Null for what is no constant, or none that can be computed with. */
  private readonly values = new Map<string, ConstantValue | null>();
  private readonly tensors = new Map<string, TensorMessage>();
  private readonly own = new Set<string>();
  private folded = 0;

  constructor(
    private readonly graph: GraphMessage,
    private readonly limits: FoldLimits,
    private readonly dimsOf: DimsOf,
    private readonly outer?: ConstantFolder,
  ) {
    for (const tensor of graph.initializer) this.tensors.set(tensor.name ?? '', tensor);
    for (const { name } of graph.input) this.tensors.delete(name);
    for (const { name } of [...graph.input, ...graph.initializer]) this.own.add(name ?? '');
    for (const { output } of graph.node) for (const name of output) this.own.add(name);
  }

  run(): number {
    const outputs = new Set(this.graph.output.map(({ name }) => name));
    this.graph.node = this.graph.node.filter((node) => {
      for (const inner of subgraphsOf(node)) {
        const dimsOf = declaredDims(inner, this.dimsOf);
        this.folded += new ConstantFolder(inner, this.limits, dimsOf, this).run();
      }
      const results = this.evaluate(node);
      node.output.forEach((name, index) => this.values.set(name, results?.[index] ?? null));
      if (results === undefined || results.some(hasUnknown)) return true;
      if (node.output.some((name) => outputs.has(name))) return true;
      node.output.forEach((name, index) => this.addInitializer(name, results[index]!));
      this.folded++;
      return false;
    });
    return this.folded;
  }

  private addInitializer(name: string, value: ConstantValue): void {
    if (name !== '') this.graph.initializer.push(encodeTensor(name, value));
  }

  private evaluate(node: NodeMessage): ConstantValue[] | undefined {
    if (isStandard(node) && (node.opType === 'Shape' || node.opType === 'Size')) return this.shapeOf(node);
    if (node.opType === 'Constant') return constantOf(node);
    if (!isEvaluable(node) || this.limits.budget.bytes < 0) return undefined;
    // Weights are read only where all inputs may be constants: there may be more of them than memory.
    if (!node.input.every((name) => name === '' || this.mayBeConstant(name))) return undefined;
    const inputs: (ConstantValue | undefined)[] = [];
    // The last inputs are the small ones: what is no constant shows before weights are read.
    for (const [index, name] of [...node.input.entries()].reverse()) {
      if (name === '') continue;
      const value = this.valueOf(name);
      if (value === null) return undefined;
      inputs[index] = value;
    }
    const given = Array.from({ length: node.input.length }, (_, index) => inputs[index]);
    const results = evaluateNode(node, given, this.limits);
    for (const { data } of results ?? []) {
      if (!given.some((one) => one?.data === data)) this.limits.budget.bytes -= data.byteLength;
    }
    return results;
  }

  private mayBeConstant(name: string): boolean {
    if (!this.own.has(name)) return this.outer?.mayBeConstant(name) ?? false;
    const value = this.values.get(name);
    return value === undefined ? this.tensors.has(name) : value !== null;
  }

  private valueOf(name: string): ConstantValue | null {
    if (!this.own.has(name)) return this.outer?.valueOf(name) ?? null;
    let value = this.values.get(name);
    if (value === undefined) {
      const tensor = this.tensors.get(name);
      value = (tensor && decodeTensor(tensor)) ?? null;
      this.values.set(name, value);
    }
    return value;
  }

  private shapeOf(node: NodeMessage): ConstantValue[] | undefined {
    const name = node.input[0] ?? '';
    const dims: readonly Dim[] | undefined = this.values.get(name)?.dims ?? this.dimsOf(name);
    if (dims === undefined) return undefined;
    const sizes = dims.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : NaN));
    if (node.opType === 'Size')
      return [wholeNumbers([sizes.reduce((product, size) => product * size, 1)], [])];
    const start = intAttribute(node, 'start', 0);
    const end = attributeOf(node, 'end')?.i;
    const part = sizes.slice(start, end === undefined ? undefined : Number(end));
    return [wholeNumbers(part, [part.length])];
  }
}

function constantOf(node: NodeMessage): ConstantValue[] | undefined {
  const tensor = constantTensor(node);
  const value = tensor && decodeTensor(tensor);
  return value && [value];
}
