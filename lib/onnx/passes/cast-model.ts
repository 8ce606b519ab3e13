// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { GraphScope } from '../graph/graph-scope';
import { allGraphs, subgraphsOf, UniqueNames } from '../graph/graph-walk';
import { LARGEST, toHalf, type HalfType } from '../graph/half-floats';
import { makeNode } from '../graph/make-node';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { sortNodes } from '../graph/sort-nodes';
import { convertTensor, readFloats } from '../graph/tensor-values';
import type { NodeExclusion } from '../graph/node-exclusion';
import { CastDecisions, isQuantization } from './cast-decisions';
import { CastValues, declareType, type CastValue, type KeptNode, type Side } from './cast-values';
import { CAST_RULES } from './cast-rules';
import { checkMixedTypes } from './check-mixed-types';
import { expandConstants } from './expand-constants';
import { foldBatchNormalization } from './fold-batch-normalization';
import { raiseOpset } from './raise-opset';
import { refuseFusedQuantization } from './refuse-quantized';
import { removeCastPairs } from './remove-cast-pairs';

/** How to cast a model. */
export interface CastOptions {
  /** The type to cast to. */
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
  /** Those of them that are there in both types, as nodes of both kinds read them. */
  readonly duplicatedInitializers: number;
  /** Constants of masks that were moved into the range of the type. */
  readonly clamped: readonly string[];
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
 * 5. A constant that only hides scores from a softmax is moved into the range, to half of the largest value, so that a
 *    score or a second mask can be added.
 * 6. In a quantised model a QuantizeLinear reads the side that its input is made on, and a DequantizeLinear gives the
 *    side that is read, both sides by two nodes: no Cast comes between it and its reader, which would keep TensorRT from
 *    fusing the two. Scales are half-wide then, which needs opset 19; one that is not a normal value in the type keeps
 *    what reads it in FP32.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_UNSUPPORTED for operators that quantise and compute in one; ERR_TRT_ONNX_INVALID for
 * nodes that read each other in a circle; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if a file of weights is gone or was changed
 */
export function castModel(model: OnnxModel, options: CastOptions): CastReport {
  refuseFusedQuantization(model.graph);
  sortNodes(model.graph);
  // Where it cannot be raised, what is quantised stays in FP32 and says so.
  if (allGraphs(model.graph).some(({ node }) => node.some(isQuantization))) raiseOpset(model, 19);
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
  private readonly clamped: string[] = [];

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
      clamped: this.clamped,
    };
  }

  /** Notes on each value which sides are read; readers first, as the sides of a scale depend on them. */
  private want(scope: GraphScope): void {
    for (const { name } of scope.graph.output) {
      const value = this.values.find(scope, name);
      if (value !== undefined) value.wanted[this.borderSide(scope, name)] = true;
    }
    for (const node of [...scope.graph.node].reverse()) {
      for (const graph of subgraphsOf(node)) this.want(scope.inner.get(graph)!);
      node.input.forEach((name, index) => {
        const value = this.values.find(scope, name);
        if (value === undefined) return;
        for (const side of this.sidesOf(scope, node, index)) value.wanted[side] = true;
      });
    }
  }

  /** The sides of an input that a node reads: both only for the scale of a DequantizeLinear that is there twice. */
  private sidesOf(scope: GraphScope, node: NodeMessage, index: number): Side[] {
    const twin = this.twinOf(scope, node);
    return twin === undefined ? [this.sideOf(scope, node, index)] : twinSides(twin);
  }

  /** What a node dequantises, if that can be had on both sides. */
  private twinOf(scope: GraphScope, node: NodeMessage): CastValue | undefined {
    if (node.opType !== 'DequantizeLinear') return undefined;
    const value = this.values.find(scope, node.output[0] ?? '');
    return value?.isTwin === true ? value : undefined;
  }

  private sideOf(scope: GraphScope, node: NodeMessage, index: number): Side {
    if (!this.decisions.reduced.has(node) && !this.decisions.halfQuantizers.has(node)) return 'float';
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
      const twin = this.twinOf(scope, node);
      if (twin !== undefined) {
        nodes.push(...this.twinNodes(scope, node, twin));
        continue;
      }
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

  private twinNodes(scope: GraphScope, node: NodeMessage, twin: CastValue): NodeMessage[] {
    return twinSides(twin).map((side, position) => {
      const [quantized = '', scale = '', ...rest] = node.input;
      const input = [quantized, this.values.find(scope, scale)!.names[side], ...rest];
      const name = position === 0 ? node.name : this.names.make(`${node.name ?? 'dequantize'}_${side}`);
      return { ...node, name, input, output: [twin.names[side]] };
    });
  }

  private castsOfInputs(scope: GraphScope): NodeMessage[] {
    const { graph } = scope;
    return graph.input.flatMap(({ name }) => {
      const value = this.values.find(scope, name);
      return value === undefined ? [] : this.castOf(value);
    });
  }

  /** The Cast to the side that is not the value's home, if anybody reads it there. */
  private castOf({ names, home, wanted, constant, isTwin }: CastValue): NodeMessage[] {
    const target: Side = home === 'half' ? 'float' : 'half';
    if (constant !== undefined || isTwin || !wanted[target]) return [];
    this.casts++;
    const to = target === 'float' ? DATA_TYPE.FLOAT : HALF_NUMBER[this.options.to];
    const name = this.names.make(`${names[target]}_cast`);
    return [makeNode({ op: 'Cast', name, inputs: [names[home]], outputs: [names[target]], ints: { to } })];
  }

  private rewriteConstants(scope: GraphScope): void {
    const { graph } = scope;
    const replaced = new Set<TensorMessage>();
    for (const { constant, names, wanted, isMask, isScale } of this.values.of(scope)) {
      if (constant === undefined) continue;
      constant.name = names.float;
      if (!wanted.half) continue;
      this.initializers++;
      const { to } = this.options;
      if (isMask && clampMask(readFloats(constant), to)) this.clamped.push(names.float);
      const tensor = convertTensor(constant, { name: names.half, type: HALF[to] }, (floats) => {
        if (isMask) clampMask(floats, to);
        return toHalf(floats, to);
      });
      graph.initializer.push(tensor);
      if (isScale && wanted.float) constant.rawData = new Uint8Array(readFloats(tensor).buffer);
      if (wanted.float) this.duplicates++;
      else replaced.add(constant);
    }
    graph.initializer = graph.initializer.filter((tensor) => !replaced.has(tensor));
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

/** Sides that are read; one at least, so that the node does not go. */
function twinSides({ wanted }: CastValue): Side[] {
  const sides = (['half', 'float'] as const).filter((side) => wanted[side]);
  return sides.length === 0 ? ['float'] : sides;
}

/** @returns whether there was a finite value outside half of the range */
function clampMask(values: Float32Array, to: HalfType): boolean {
  const limit = LARGEST[to] / 2;
  let isChanged = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // Infinities were meant.
    if (Math.abs(value) <= LARGEST[to] || !Number.isFinite(value)) continue;
    values[i] = value < 0 ? -limit : limit;
    isChanged = true;
  }
  return isChanged;
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
