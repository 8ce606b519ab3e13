// SPDX-License-Identifier: Apache-2.0
// Which nodes go to the half-wide type. Nothing may become infinite or vanish that was not so before: nodes with
// constants outside the range stay, and so does all that is computed from them until an operator bounds it.

import { attributeOf, isStandard, subgraphsOf } from '../graph/graph-walk';
import type { GraphScope } from '../graph/graph-scope';
import { findMaskConstants } from './cast-masks';
import { LARGEST, SMALLEST, SMALLEST_NORMAL, type HalfType } from '../graph/half-floats';
import { excludedBy, type NodeExclusion } from '../graph/node-exclusion';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { readFloats } from '../graph/tensor-values';
import { allowsType, BOUNDED, CAST_RULES, STATISTICS, type CastRule } from './cast-rules';
import { keptNode, type CastValue, type CastValues, type KeptNode } from './cast-values';

/** What decides besides the node itself. */
export interface DecisionContext {
  readonly to: HalfType;
  readonly opset: number;
  readonly exclude: NodeExclusion;
  /** Largest absolute value of tensors that was seen on real data. */
  readonly largest: Readonly<Record<string, number>>;
}

/**
 * Share of a tensor's energy that rounding may take from the values below the smallest normal one, whose steps are
 * coarse: -50 dB, where normal values lose -73 dB or less.
 */
const MOST_LOST_ENERGY = 1e-5;
/** Data that was not seen may be larger than data that was. */
const HEADROOM = 8;

/** Decides node by node, in order: what comes later looks at where its inputs are made. */
export class CastDecisions {
  /** Nodes that change. */
  readonly reduced = new Set<NodeMessage>();
  /** Nodes that compute on FLOAT and stay. */
  readonly kept: KeptNode[] = [];
  /** QuantizeLinear nodes that read the half-wide side of their input. */
  readonly halfQuantizers = new Set<NodeMessage>();
  private readonly statistics = new Set<CastValue>();
  private readonly unbounded = new Set<CastValue>();
  /** Values behind a DequantizeLinear that cannot be half-wide. */
  private readonly floatOnly = new Set<CastValue>();
  /** Bodies of Scan: TensorRT-RTX 1.7 builds none that has a Cast inside. */
  private readonly inScan = new Set<GraphScope>();
  private readonly rangeProblems = new Map<TensorMessage, string | undefined>();

  constructor(
    private readonly values: CastValues,
    private readonly context: DecisionContext,
  ) {}

  /** Decides about all nodes of a scope and of those inside. */
  decide(scope: GraphScope): void {
    for (const name of findMaskConstants(scope)) {
      const value = this.values.find(scope, name);
      if (value !== undefined) value.isMask = true;
    }
    for (const node of scope.graph.node) {
      for (const graph of subgraphsOf(node)) {
        const inner = scope.inner.get(graph)!;
        if (node.opType === 'Scan' || this.inScan.has(scope)) this.inScan.add(inner);
        this.decide(inner);
      }
      if (isQuantization(node)) this.decideQuantization(scope, node);
      else this.decideNode(scope, node);
    }
  }

  /** True for the inputs of a node that go with its type; its definition keeps the others. */
  changes(node: NodeMessage, index: number): boolean {
    if (isQuantization(node)) return index === 1 || (index === 0 && node.opType === 'QuantizeLinear');
    return CAST_RULES.get(node.opType)?.inputs?.includes(index) ?? true;
  }

  /**
   * Integers have no precision: what is quantised goes where it comes from, and what is dequantised can be had on both
   * sides, unless its scale is no normal value of the type.
   */
  private decideQuantization(scope: GraphScope, node: NodeMessage): void {
    const scale = this.values.find(scope, node.input[1] ?? '');
    const canBeHalf =
      scale?.constant !== undefined &&
      this.context.opset >= HALF_SCALES_SINCE &&
      isNormal(readFloats(scale.constant), this.context.to);
    if (scale !== undefined) scale.isScale = true;
    const [input, output] = [node.input[0], node.output[0]].map((name) =>
      this.values.find(scope, name ?? ''),
    );
    if (node.opType === 'QuantizeLinear') {
      if (canBeHalf && input?.home === 'half') this.halfQuantizers.add(node);
    } else if (output !== undefined) {
      output.isTwin = canBeHalf;
      if (canBeHalf) output.home = 'half';
      else this.floatOnly.add(output);
    }
  }

  private changedInputs(scope: GraphScope, node: NodeMessage): CastValue[] {
    return node.input
      .filter((_, index) => this.changes(node, index))
      .flatMap((name) => this.values.find(scope, name) ?? []);
  }

  private decideNode(scope: GraphScope, node: NodeMessage): void {
    const inputs = this.changedInputs(scope, node);
    const outputs = node.output.flatMap((name) => this.values.find(scope, name) ?? []);
    const reason = this.reasonToStay(scope, node, inputs);
    if (reason === undefined) {
      this.reduced.add(node);
      for (const output of outputs) output.home = 'half';
    } else if (reason !== 'follows' && inputs.length + outputs.length > 0) {
      this.kept.push(keptNode(node, reason));
    }
    if (isStandard(node) && STATISTICS.has(node.opType)) for (const one of outputs) this.statistics.add(one);
    // The far bounds of a Clip bound nothing, and make nothing larger.
    const isLarge = reason === OUT_OF_RANGE && node.opType !== 'Clip';
    const isUnbounded = isLarge || inputs.some((one) => this.unbounded.has(one));
    if (isUnbounded && !BOUNDED.has(node.opType)) for (const one of outputs) this.unbounded.add(one);
  }

  /** `'follows'` for movers whose values come from FP32, where nothing is to be told. */
  private reasonToStay(scope: GraphScope, node: NodeMessage, inputs: CastValue[]): string | undefined {
    const { exclude, to, opset } = this.context;
    const rule = isStandard(node) ? CAST_RULES.get(node.opType) : undefined;
    if (rule === undefined) return `${node.opType} stays FP32 by rule`;
    if (inputs.length === 0) return 'its inputs are not FLOAT for sure';
    if (this.inScan.has(scope)) return 'it is in the body of a Scan';
    const excluded = excludedBy(exclude, node);
    if (excluded !== null) return `excluded by ${excluded}`;
    if (!allowsType(rule, to, opset)) {
      return Number.isFinite(rule.bf16Since)
        ? `${node.opType} has no BFLOAT16 before opset ${rule.bf16Since}, the model has ${opset}`
        : `TensorRT has no ${node.opType} in BFLOAT16`;
    }
    // Its mask was a float before opset 10.
    if (node.opType === 'Dropout' && node.output.length > 1) return 'Dropout with a mask is for training';
    const tied = inputs.find((one) => this.floatOnly.has(one));
    if (tied !== undefined)
      return `the scale of its input "${tied.names.float}" is not a normal value of the type`;
    return (
      this.typeReason(scope, node) ?? this.rangeReason(node, rule, inputs) ?? this.placeReason(rule, inputs)
    );
  }

  /** All inputs that change must be FLOAT for sure; integers of the same operator mean that it moves integers. */
  private typeReason(scope: GraphScope, node: NodeMessage): string | undefined {
    const unsure = node.input.find(
      (name, index) => name !== '' && this.changes(node, index) && scope.typeOf(name) === undefined,
    );
    if (unsure !== undefined) return `the type of its input "${unsure}" is not known`;
    const data = node.opType === 'Where' ? 1 : 0;
    if (this.values.find(scope, node.input[data] ?? '') === undefined) return 'its data is not FLOAT';
    const unsureOutput = node.output.find((name) => name !== '' && scope.typeOf(name) === undefined);
    return unsureOutput === undefined ? undefined : `the type of its output "${unsureOutput}" is not known`;
  }

  private rangeReason(node: NodeMessage, rule: CastRule, inputs: CastValue[]): string | undefined {
    const { to, largest } = this.context;
    // A bias that is too small for the type is too small to matter.
    const bias = rule.kind === 'compute' ? node.input[2] : undefined;
    for (const { constant, names, isMask } of inputs) {
      if (isMask) continue;
      const problem = constant === undefined ? undefined : this.constantProblem(constant);
      if (problem === OUT_OF_RANGE || (problem === TOO_SMALL && names.float !== bias)) return problem;
    }
    const bounds = ['min', 'max', 'value'].flatMap((name) => attributeOf(node, name)?.f ?? []);
    if (bounds.some((bound) => Math.abs(bound) > LARGEST[to])) return OUT_OF_RANGE;
    if (inputs.some((one) => this.unbounded.has(one))) return OUT_OF_RANGE_BEFORE;
    const seen = [...inputs.map(({ names }) => names.float), ...node.output];
    const loud = to === 'fp16' && seen.find((name) => (largest[name] ?? 0) * HEADROOM > LARGEST.fp16);
    return loud ? `"${loud}" reached ${largest[loud]!.toPrecision(3)} on the data` : undefined;
  }

  private placeReason(rule: CastRule, inputs: CastValue[]): string | undefined {
    if (rule.kind === 'elementwise' && inputs.some((one) => this.statistics.has(one))) {
      return 'it works on the result of a reduction, a power, a root or an exponential';
    }
    if (rule.kind !== 'mover') return undefined;
    const made = inputs.filter(({ constant }) => constant === undefined);
    return made.length === 0 || made.some(({ home }) => home === 'half') ? undefined : 'follows';
  }

  private constantProblem(tensor: TensorMessage): string | undefined {
    if (!this.rangeProblems.has(tensor)) {
      this.rangeProblems.set(tensor, findRangeProblem(readFloats(tensor), this.context.to));
    }
    return this.rangeProblems.get(tensor);
  }
}

/** First opset in which scales may be half-wide. */
const HALF_SCALES_SINCE = 19;

/** True for the two operators between floating-point values and integers. */
export function isQuantization(node: NodeMessage): boolean {
  return isStandard(node) && (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear');
}

function isNormal(scales: Float32Array, to: HalfType): boolean {
  return scales.every((scale) => scale >= SMALLEST_NORMAL[to] && scale <= LARGEST[to]);
}

const OUT_OF_RANGE = 'a constant of it is outside the range of the type';
const TOO_SMALL = 'a constant of it is too small for the type';
const OUT_OF_RANGE_BEFORE = 'a constant before it is outside the range of the type';

function findRangeProblem(values: Float32Array, to: HalfType): string | undefined {
  const smallest = SMALLEST_NORMAL[to];
  const largest = LARGEST[to];
  const step = SMALLEST[to];
  let energy = 0;
  let lost = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!Number.isFinite(size)) continue;
    if (size > largest) return OUT_OF_RANGE;
    energy += size * size;
    if (size < smallest) lost += (size - step * Math.round(size / step)) ** 2;
  }
  return lost > energy * MOST_LOST_ENERGY ? TOO_SMALL : undefined;
}
