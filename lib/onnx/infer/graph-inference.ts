// SPDX-License-Identifier: Apache-2.0
// Goes through the nodes of a graph in their order and finds the types, shapes and small values of what they make.

import { dataTypeName } from '../data-type';
import { isStandard } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, ValueMessage } from '../graph/onnx-messages';
import { CONTROL_FLOW } from './control-flow';
import { isNamed, type Dim } from './dim-algebra';
import { outputElementType } from './element-types';
import { declaredType, GraphState } from './graph-state';
import type { BodyInput, InferenceContext } from './inference-context';
import { NodeView } from './node-view';
import { SHAPE_RULES } from './rules';
import { knownOutputs } from './value-rules';
import { formatDims, type ValueType } from './value-type';

/** Infers a graph whose inputs are as given, or else as declared. */
export function inferGraph(
  context: InferenceContext,
  graph: GraphMessage,
  parent?: GraphState,
  inputs: readonly (BodyInput | undefined)[] = [],
): GraphState {
  const state = new GraphState(graph, parent, context.canOverride);
  context.states.set(graph, state);
  const declared = new Map([...graph.valueInfo, ...graph.output].map((value) => [value.name, value]));
  graph.input.forEach((input, index) => {
    if (state.isConstant(input.name)) return;
    const own = declaredType(input, context.algebra, parent !== undefined);
    const given = inputs[index];
    // Without the element types of their inputs, bodies would know next to nothing.
    const withTypes = { declared: { types: true, shapes: context.declared.shapes } };
    const type = given?.type === undefined ? own : merge(withTypes, given.type, own);
    if (type !== undefined) state.types.set(input.name, type);
    if (given?.values !== undefined) state.values.set(input.name, given.values);
  });
  graph.node.forEach((node, index) => inferNode(context, state, { node, index, declared }));
  return state;
}

interface Place {
  readonly node: NodeMessage;
  readonly index: number;
  readonly declared: ReadonlyMap<string, ValueMessage>;
}

function inferNode(context: InferenceContext, state: GraphState, { node, index, declared }: Place): void {
  const view = new NodeView(node, context.opset, context.algebra, state);
  const types = outputTypes(context, state, view);
  node.output.forEach((name, position) => {
    const value = declared.get(name);
    const own = value && declaredType(value, context.algebra, state.parent !== undefined);
    const type = merge(context, types[position]!, own, (message) => view.conflict(`"${name}": ${message}`));
    if (name !== '' && (type.elemType !== 0 || type.dims !== undefined)) state.types.set(name, type);
  });
  if (isStandard(node)) {
    const known = knownOutputs(
      view,
      types.map(({ dims }) => dims),
    );
    known.forEach((values, position) => {
      const name = node.output[position] ?? '';
      if (values !== undefined && name !== '') state.values.set(name, values);
    });
  }
  report(context, state, index, view);
}

function outputTypes(context: InferenceContext, state: GraphState, view: NodeView): ValueType[] {
  const { node } = view;
  if (!isStandard(node)) return node.output.map(() => ({ elemType: 0 }));
  const controlFlow = Object.hasOwn(CONTROL_FLOW, node.opType) ? CONTROL_FLOW[node.opType] : undefined;
  if (controlFlow !== undefined) {
    const found = controlFlow(view, context, state);
    return node.output.map((_, index) => found[index] ?? { elemType: 0 });
  }
  const rule = Object.hasOwn(SHAPE_RULES, node.opType) ? SHAPE_RULES[node.opType] : undefined;
  const dims = rule?.(view) ?? [];
  const sources = {
    input: (index: number) => view.elemType(index) || undefined,
    body: () => undefined,
  };
  return node.output.map((_, index) => ({
    elemType: outputElementType(node, index, sources, context.opset) ?? 0,
    dims: dims[index],
  }));
}

function report(context: InferenceContext, state: GraphState, index: number, { conflicts }: NodeView): void {
  const graph = context.graphs.get(state.graph) ?? -1;
  const key = `${graph}:${index}`;
  if (conflicts.length === 0 && !context.conflicts.has(key)) return;
  context.conflicts.set(
    key,
    [...new Set(conflicts)].map((message) => ({ graph, node: index, message })),
  );
}

/** What rules tell, filled up with what the model declares. */
function merge(
  { declared }: Pick<InferenceContext, 'declared'>,
  found: ValueType,
  own: ValueType | undefined,
  conflict: (message: string) => void = () => undefined,
): ValueType {
  if (own === undefined) return found;
  const isOther = found.elemType !== 0 && own.elemType !== 0 && own.elemType !== found.elemType;
  if (isOther && declared.types)
    conflict(`declared as ${dataTypeName(own.elemType)}, but it is ${dataTypeName(found.elemType)}`);
  const elemType = found.elemType || (declared.types ? own.elemType : 0);
  if (own.dims === undefined || !declared.shapes) return { elemType, dims: found.dims };
  if (found.dims === undefined) return { elemType, dims: own.dims };
  const { dims } = own;
  const fits =
    dims.length === found.dims.length && dims.every((dim, index) => agree(dim, found.dims![index]!));
  if (!fits) {
    conflict(`declared with shape ${formatDims(dims)}, but it has ${formatDims(found.dims)}`);
    return { elemType, dims: found.dims };
  }
  return { elemType, dims: found.dims.map((dim, index) => (isNamed(dim) ? dim : dims[index]!)) };
}

const agree = (a: Dim, b: Dim) => typeof a !== 'number' || typeof b !== 'number' || a === b;
