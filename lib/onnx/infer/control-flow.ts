// SPDX-License-Identifier: Apache-2.0
// If, Loop and Scan: their bodies are inferred from what is known outside, and tell the types of the outputs.

import { attributeOf } from '../graph/graph-walk';
import type { GraphMessage } from '../graph/onnx-messages';
import { DATA_TYPE } from '../data-type';
import type { Dim, Dims } from './dim-algebra';
import type { GraphState } from './graph-state';
import type { BodyInput, InferenceContext } from './inference-context';
import type { NodeView } from './node-view';
import type { ValueType } from './value-type';

type ControlFlowRule = (
  node: NodeView,
  context: InferenceContext,
  state: GraphState,
) => readonly (ValueType | undefined)[];

/** More changes of shape from one iteration to the next than any real loop has. */
const MOST_ROUNDS = 8;
/** Each look at a loop looks at the loops inside it again: in deeper ones, the shapes of the state are not followed. */
const DEEPEST_ITERATION = 4;

function bodyOf(node: NodeView, name: string): GraphMessage | undefined {
  return attributeOf(node.node, name)?.g;
}

function outputsOf(state: GraphState): (ValueType | undefined)[] {
  return state.graph.output.map(({ name }) => state.typeOf(name));
}

/** What two values have in common. */
function common(
  a: ValueType | undefined,
  b: ValueType | undefined,
  context: InferenceContext,
): ValueType | undefined {
  if (a === undefined || b === undefined) return undefined;
  const elemType = a.elemType === b.elemType ? a.elemType : 0;
  if (a.dims === undefined || b.dims?.length !== a.dims.length) return { elemType };
  const { dims } = b;
  return {
    elemType,
    dims: a.dims.map((dim, index) => (dim === dims[index] ? dim : context.algebra.fresh())),
  };
}

/** Of the branch that is taken, where that is known; else what both have in common. */
const inferIf: ControlFlowRule = (node, context, state) => {
  const bodies = ['then_branch', 'else_branch'].map((name) => bodyOf(node, name));
  const [taken, other] = bodies.map((body) => body && outputsOf(context.inferBody(context, body, state)));
  const condition = node.values(0)?.items[0];
  if (taken === undefined || other === undefined) return [];
  if (typeof condition === 'number') return condition !== 0 ? taken : other;
  return taken.map((type, index) => common(type, other[index], context));
};

/** A body that runs again and again: the types its state has in all iterations, and the last look at it. */
interface Iterations {
  readonly body: GraphState;
  readonly carried: readonly (ValueType | undefined)[];
}

interface IteratedBody {
  readonly graph: GraphMessage;
  /** Inputs before the state, and those after it. */
  readonly before: readonly BodyInput[];
  readonly after: readonly BodyInput[];
  /** State before the first iteration. */
  readonly initial: readonly (ValueType | undefined)[];
  /** Outputs of the body before the state. */
  readonly skipped: number;
}

function withoutDims(type: ValueType | undefined): ValueType | undefined {
  return type && { elemType: type.elemType };
}

/** Looks at the body until the shapes of its state do not change any more; sizes that change become unknown. */
function iterate(context: InferenceContext, state: GraphState, one: IteratedBody): Iterations {
  const isFollowed = state.depth < DEEPEST_ITERATION;
  let carried: readonly (ValueType | undefined)[] = isFollowed ? one.initial : one.initial.map(withoutDims);
  const changing = new Set<Dim>();
  for (let round = 0; ; round++) {
    const inputs = [...one.before, ...carried.map((type) => ({ type })), ...one.after];
    const body = context.inferBody(context, one.graph, state, inputs);
    const outputs = outputsOf(body).slice(one.skipped);
    let isStable = true;
    carried = carried.map((type, index) => {
      if (type?.dims === undefined) return type;
      const after = outputs[index]?.dims;
      if (after?.length !== type.dims.length || round > MOST_ROUNDS) {
        isStable = false;
        return { elemType: type.elemType };
      }
      return { elemType: type.elemType, dims: type.dims.map((dim, axis) => widen(dim, after[axis]!)) };
    });
    if (isStable) return { body, carried };

    function widen(dim: Dim, after: Dim): Dim {
      if (dim === after || changing.has(dim)) return dim;
      isStable = false;
      const symbol = context.algebra.fresh();
      changing.add(symbol);
      return symbol;
    }
  }
}

/** Sizes that only exist inside a body are another one in each iteration: outside they are unknown. */
function outside(dims: Dims | undefined, state: GraphState, context: InferenceContext): Dims | undefined {
  if (dims === undefined || dims.every((dim) => typeof dim === 'number')) return dims;
  const visible = state.visibleSymbols();
  return dims.map((dim) => (typeof dim === 'number' || visible.has(dim) ? dim : context.algebra.fresh()));
}

const inferLoop: ControlFlowRule = (node, context, state) => {
  const graph = bodyOf(node, 'body');
  if (graph === undefined) return [];
  const carriedNames = node.node.input.slice(2);
  const { body, carried } = iterate(context, state, {
    graph,
    before: [
      { type: graph.input[0]?.type ? undefined : { elemType: DATA_TYPE.INT64, dims: [] } },
      // A body only runs while the condition is true.
      { type: undefined, values: { dims: [], items: [1] } },
    ],
    after: [],
    initial: carriedNames.map((name) => state.typeOf(name)),
    skipped: 1,
  });
  const outputs = outputsOf(body).slice(1);
  return outputs.map((type, index) => {
    if (index < carriedNames.length) {
      const elemType = carried[index]?.elemType || (type?.elemType ?? 0);
      return { elemType, dims: outside(carried[index]?.dims, state, context) };
    }
    if (type === undefined) return undefined;
    const dims = outside(type.dims, state, context);
    return { elemType: type.elemType, dims: dims && [tripCount(node, body), ...dims] };
  });
};

/** How often a loop runs, where nothing can end it before. */
function tripCount(node: NodeView, body: GraphState): Dim {
  const count = node.values(0)?.items[0];
  const starts = !node.has(1) || node.values(1)?.items[0] === 1;
  const goesOn = body.valuesOf(body.graph.output[0]?.name ?? '')?.items[0] === 1;
  return starts && goesOn && typeof count === 'number' ? Math.max(0, count) : node.algebra.fresh();
}

/** Before opset 9, Scan had a batch and sequence lengths. */
const FIRST_PLAIN_SCAN = 9;

const inferScan: ControlFlowRule = (node, context, state) => {
  const graph = bodyOf(node, 'body');
  if (graph === undefined) return [];
  if (node.opset < FIRST_PLAIN_SCAN) {
    const types = outputsOf(context.inferBody(context, graph, state));
    return types.map((type) => type && { elemType: type.elemType });
  }
  const scanned = node.int('num_scan_inputs', 0);
  const names = node.node.input.slice(0, node.inputCount - scanned);
  const elements = node.node.input.slice(names.length).map((name, index) => {
    const type = state.typeOf(name);
    const axis = type?.dims && node.axis(node.ints('scan_input_axes')?.[index] ?? 0, type.dims.length);
    return { type, axis };
  });
  const { body, carried } = iterate(context, state, {
    graph,
    before: [],
    initial: names.map((name) => state.typeOf(name)),
    after: elements.map(({ type, axis }) => ({
      type: type && { elemType: type.elemType, dims: type.dims?.filter((_, index) => index !== axis) },
    })),
    skipped: 0,
  });
  const length = elements
    .map(({ type, axis }) => (axis === undefined ? undefined : type?.dims?.[axis]))
    .find(Boolean);
  return outputsOf(body).map((type, index) => {
    if (index < names.length) {
      const elemType = carried[index]?.elemType || (type?.elemType ?? 0);
      return { elemType, dims: outside(carried[index]?.dims, state, context) };
    }
    const dims = outside(type?.dims, state, context);
    if (type === undefined || dims === undefined) return type && { elemType: type.elemType };
    const axis = node.axis(node.ints('scan_output_axes')?.[index - names.length] ?? 0, dims.length + 1) ?? 0;
    return {
      elemType: type.elemType,
      dims: [...dims.slice(0, axis), length ?? node.algebra.fresh(), ...dims.slice(axis)],
    };
  });
};

export const CONTROL_FLOW: Readonly<Record<string, ControlFlowRule>> = {
  If: inferIf,
  Loop: inferLoop,
  Scan: inferScan,
};
