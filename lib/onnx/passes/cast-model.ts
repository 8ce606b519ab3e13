// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { GraphScope } from '../graph/graph-scope';
import { allGraphs, subgraphsOf, UniqueNames } from '../graph/graph-walk';
import { toHalf, type HalfType } from '../graph/half-floats';
import { makeNode } from '../graph/make-node';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { makeTensor, readFloats } from '../graph/tensor-values';
import type { NodeExclusion } from '../graph/node-exclusion';
import { CastDecisions } from './cast-decisions';
import { CastValues, declareType, type CastValue, type KeptNode, type Side } from './cast-values';
import { CAST_RULES } from './cast-rules';
import { checkMixedTypes } from './check-mixed-types';
import { expandConstants } from './expand-constants';
import { foldBatchNormalization } from './fold-batch-normalization';
import { raiseOpset } from './raise-opset';
import { refuseQuantized } from './refuse-quantized';
import { removeCastPairs } from './remove-cast-pairs';

/** How to cast a model. */
export interface CastOptions {
  readonly to: HalfType;
  /** Inputs and outputs keep their types. Default true; with false, those of FLOAT become half-wide too. */
  readonly keepIo?: boolean;
  /** Nodes that stay FP32. */
  readonly exclude?: NodeExclusion;
  /**
   * Largest absolute values of tensors on real data, by name: FP16 is kept away from tensors that come within a factor
   * of eight of its range. Ranges of activations cannot be seen in a graph.
   */
  readonly largest?: Readonly<Record<string, number>>;
}

/** What a cast did. */
export interface CastReport {
  /** Nodes that compute in the new type now. */
  readonly reduced: number;
  /** Nodes on FLOAT values that stayed, each with its reason. */
  readonly kept: readonly KeptNode[];
  /** Cast nodes that were put in. */
  readonly casts: number;
  /** Initializers that changed, and those that are there in both types. */
  readonly initializers: number;
  readonly duplicatedInitializers: number;
}

const HALF: Readonly<Record<HalfType, 'FLOAT16' | 'BFLOAT16'>> = { fp16: 'FLOAT16', bf16: 'BFLOAT16' };
const HALF_NUMBER: Readonly<Record<HalfType, number>> = { fp16: 10, bf16: 16 };

/**
 * Changes an FP32 model so that what can be computed in a half-wide type is, as TensorRT takes precision from the
 * graph. The model is changed in place.
 *
 * 1. Weighted operators, elementwise ones and poolings change; normalisations, softmax, reductions, exponentials and
 *    unknown operators stay. Operators that only move values follow where those come from.
 * 2. A node stays if a constant of it has no finite or no normal value in the type, and so does what is computed from
 *    it, up to an operator that bounds it.
 * 3. One Cast per value and direction, shared by all readers. A constant that both sides read is there twice.
 * 4. Bodies of If, Loop and Scan change inside; what goes in and out of them keeps its type.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_OPERATOR for a model that is quantised already
 */
export function castModel(model: OnnxModel, options: CastOptions): CastReport {
  refuseQuantized(model.graph);
  if (options.to === 'bf16') raiseForBfloat16(model);
  expandConstants(model.graph);
  foldBatchNormalization(model.graph);
  const work = new CastWork(model, options);
  const report = work.run();
  removeCastPairs(model.graph);
  checkMixedTypes(model.graph);
  return report;
}

/** One cast of one model. */
class CastWork {
  private readonly names: UniqueNames;
  private readonly values: CastValues;
  private readonly decisions: CastDecisions;
  private readonly halfBorder: ReadonlySet<string>;
  private casts = 0;
  private initializers = 0;
  private duplicates = 0;

  constructor(
    private readonly model: OnnxModel,
    private readonly options: CastOptions,
  ) {
    const { graph, opset } = model;
    const { to, exclude = {}, largest = {}, keepIo = true } = options;
    this.names = new UniqueNames(graph);
    this.halfBorder = new Set(keepIo ? [] : borderNames(graph));
    this.values = new CastValues({ to, halfNames: this.halfBorder, names: this.names });
    this.decisions = new CastDecisions(this.values, { to, opset, exclude, largest });
  }

  run(): CastReport {
    const scope = new GraphScope(this.model.graph);
    this.decisions.decide(scope);
    this.want(scope);
    this.rewrite(scope);
    return {
      reduced: this.decisions.reduced.size,
      kept: this.decisions.kept,
      casts: this.casts,
      initializers: this.initializers,
      duplicatedInitializers: this.duplicates,
    };
  }

  /** Notes on each value which sides are read. */
  private want(scope: GraphScope): void {
    for (const node of scope.graph.node) {
      for (const graph of subgraphsOf(node)) this.want(scope.inner.get(graph)!);
      for (const [name, index] of node.input.map((one, position) => [one, position] as const)) {
        const value = this.values.find(scope, name);
        if (value !== undefined) value.wanted[this.sideOf(scope, node, index)] = true;
      }
    }
    for (const { name } of scope.graph.output) {
      const value = this.values.find(scope, name);
      if (value !== undefined) value.wanted[this.borderSide(scope, name)] = true;
    }
  }

  private sideOf(scope: GraphScope, node: NodeMessage, index: number): Side {
    if (!this.decisions.reduced.has(node)) return 'float';
    const value = this.values.find(scope, node.input[index] ?? '');
    return value !== undefined && this.decisions.changes(node, index) ? 'half' : 'float';
  }

  private borderSide(scope: GraphScope, name: string): Side {
    return scope.parent === undefined && this.halfBorder.has(name) ? 'half' : 'float';
  }

  /** Names, Casts and declarations, from the inside out. */
  private rewrite(scope: GraphScope): void {
    const { graph } = scope;
    const nodes: NodeMessage[] = [...this.castsOfInputs(scope)];
    for (const node of graph.node) {
      for (const inner of subgraphsOf(node)) this.rewrite(scope.inner.get(inner)!);
      node.input = node.input.map((name, index) => {
        const side = this.sideOf(scope, node, index);
        return this.values.find(scope, name)?.names[side] ?? name;
      });
      const made = node.output.flatMap((name) => this.values.find(scope, name) ?? []);
      node.output = node.output.map((name) => {
        const value = this.values.find(scope, name);
        return value?.names[value.home] ?? name;
      });
      nodes.push(node, ...made.flatMap((value) => this.castOf(value)));
    }
    graph.node = nodes;
    this.rewriteConstants(scope);
    this.declare(scope);
  }

  private castsOfInputs(scope: GraphScope): NodeMessage[] {
    const { graph } = scope;
    return graph.input.flatMap(({ name }) => {
      const value = this.values.find(scope, name);
      return value === undefined ? [] : this.castOf(value);
    });
  }

  /** The Cast to the side that is not the value's home, if anybody reads it there. */
  private castOf({ names, home, wanted, constant }: CastValue): NodeMessage[] {
    const target: Side = home === 'half' ? 'float' : 'half';
    if (constant !== undefined || !wanted[target]) return [];
    this.casts++;
    const to = target === 'float' ? DATA_TYPE.FLOAT : HALF_NUMBER[this.options.to];
    const name = this.names.make(`${names[target]}_cast`);
    return [makeNode({ op: 'Cast', name, inputs: [names[home]], outputs: [names[target]], ints: { to } })];
  }

  private rewriteConstants(scope: GraphScope): void {
    const { graph } = scope;
    for (const { constant, names, wanted } of this.values.of(scope)) {
      if (constant === undefined) continue;
      constant.name = names.float;
      if (!wanted.half) continue;
      this.initializers++;
      const half = toHalf(readFloats(constant), this.options.to);
      graph.initializer.push(makeTensor(names.half, HALF[this.options.to], constant.dims, half));
      if (wanted.float) this.duplicates++;
      else graph.initializer.splice(graph.initializer.indexOf(constant), 1);
    }
  }

  /** Declarations of inner values follow their home; those of values that are gone go. */
  private declare(scope: GraphScope): void {
    const { graph } = scope;
    const elemType = HALF_NUMBER[this.options.to];
    for (const declared of [...graph.input, ...graph.output]) {
      if (this.borderSide(scope, declared.name) === 'half') declareType(declared, elemType);
    }
    for (const declared of graph.valueInfo) {
      const value = this.values.find(scope, declared.name);
      if (value?.home !== 'half' || value.constant !== undefined) continue;
      declared.name = value.names.half;
      declareType(declared, elemType);
    }
    if (scope.parent === undefined) return;
    // A body may hand out what it reads from the graph around it.
    for (const output of graph.output)
      output.name = this.values.find(scope, output.name)?.names.float ?? output.name;
  }
}

/** Where an operator has no BFLOAT16 yet, a newer opset is tried; nodes that cannot be raised stay FP32 and say so. */
function raiseForBfloat16(model: OnnxModel): void {
  const nodes = allGraphs(model.graph).flatMap(({ node }) => node);
  const since = nodes.map(({ opType }) => CAST_RULES.get(opType)?.bf16Since ?? 0).filter(Number.isFinite);
  raiseOpset(
    model,
    since.reduce((newest, opset) => Math.max(newest, opset), 0),
  );
}

/** Without inputs that have a default value. */
function borderNames(graph: GraphMessage): string[] {
  const defaults = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !defaults.has(name));
  return [...inputs, ...graph.output]
    .filter(({ type }) => type?.tensorType?.elemType === DATA_TYPE.FLOAT)
    .map(({ name }) => name);
}
