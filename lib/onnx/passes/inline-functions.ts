// SPDX-License-Identifier: Apache-2.0
import { allGraphs, attributeOf, isStandard, nodeLabel, subgraphsOf, UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { AttributeMessage, FunctionMessage, NodeMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { operatorSchema } from '../schema/operator-schema';
import { copyBody } from './body-copy';

/** What `inlineFunctions` did. */
export interface InlineFunctionsReport {
  /** Calls that became nodes. */
  readonly inlined: number;
  /** Functions whose calls stay, each with its reason. */
  readonly refused: readonly { readonly function: string; readonly reason: string }[];
}

/**
 * Puts the nodes of functions that the model defines itself in the place of their calls, which passes and runtimes then
 * see as what they are.
 *
 * 1. Inputs and outputs of the body become those of the call; everything else gets a name of its own.
 * 2. Attributes that the body takes from the call get their values, or the function's default, or go.
 * 3. An input that the body hands out as it is goes through an Identity.
 * 4. Functions called by functions, and calls in the graphs inside nodes.
 *
 * Left alone, and said: functions whose operators mean something else at the opset of the model. Functions that nothing
 * calls any more go.
 */
export function inlineFunctions(model: OnnxModel): InlineFunctionsReport {
  const { message } = model;
  if (message.functions.length === 0) return { inlined: 0, refused: [] };
  const refused = new Map<FunctionMessage, string>();
  const callable = new Map<string, FunctionMessage>();
  for (const one of message.functions) {
    const reason = findObstacle(one, model);
    if (reason === undefined) callable.set(keyOf(one.domain, one.name, one.overload), one);
    else refused.set(one, reason);
  }
  refuseLarge(model, callable, refused);
  const names = new UniqueNames(model.graph);
  let inlined = 0;
  // Each round inlines what the functions of the last one call; a function that calls itself is not loaded.
  for (let count = -1; count !== 0; inlined += count) count = inlineOnce(model, callable, names);
  const called = calledFunctions(model);
  message.functions = message.functions.filter((one) => called.has(one));
  return {
    inlined,
    refused: [...refused]
      .filter(([one]) => called.has(one))
      .map(([{ name }, reason]) => ({ function: name, reason })),
  };
}

/** Functions that call others twice, which call others twice, …: nobody has memory for what they stand for. */
const MOST_NODES = 1_000_000;

/** Takes those functions from the callable ones that would become too many nodes, all calls of the model together. */
function refuseLarge(
  model: OnnxModel,
  callable: Map<string, FunctionMessage>,
  refused: Map<FunctionMessage, string>,
): void {
  const sizes = new Map<FunctionMessage, number>();
  const sizeOf = (nodes: readonly NodeMessage[]): number =>
    nodes.reduce((sum, node) => {
      const one = callable.get(keyOf(node.domain, node.opType, node.overload));
      if (one !== undefined && !sizes.has(one)) sizes.set(one, sizeOf(one.node));
      const bodies = subgraphsOf(node).reduce((inner, graph) => inner + sizeOf(graph.node), 0);
      return sum + bodies + (one === undefined ? 1 : sizes.get(one)!);
    }, 0);
  if (sizeOf(model.graph.node) <= MOST_NODES) return;
  for (const one of callable.values())
    refused.set(one, `the calls of the model would become more than ${MOST_NODES} nodes`);
  callable.clear();
}

function keyOf(domain = '', name = '', overload = ''): string {
  return JSON.stringify([domain, name, overload]);
}

function calledFunctions({ graph, message }: OnnxModel): Set<FunctionMessage> {
  const byKey = new Map(
    message.functions.map((one) => [keyOf(one.domain, one.name, one.overload), one] as const),
  );
  const called = new Set<FunctionMessage>();
  const visit = (nodes: readonly NodeMessage[]): void => {
    for (const { domain, opType, overload, attribute } of nodes) {
      for (const { g, graphs } of attribute)
        for (const inner of g ? [g, ...graphs] : graphs) visit(inner.node);
      const one = byKey.get(keyOf(domain, opType, overload));
      if (one === undefined || called.has(one)) continue;
      called.add(one);
      visit(one.node);
    }
  };
  visit(graph.node);
  return called;
}

/** Operators of the function must be the same ones at the opset of the model. */
function findObstacle({ opsetImport, node }: FunctionMessage, model: OnnxModel): string | undefined {
  const own = opsetImport.find(({ domain }) => domain === undefined || domain === '' || domain === 'ai.onnx');
  for (const { domain, version } of opsetImport) {
    if (domain === undefined || domain === '' || domain === 'ai.onnx') continue;
    const imported = model.message.opsetImport.find((one) => one.domain === domain);
    if (imported !== undefined && imported.version !== version)
      return `it needs version ${version} of ${domain}, the model version ${imported.version}`;
  }
  const versionOf = (op: string, opset: number) => operatorSchema(op, opset)?.sinceVersion;
  const other = node.find((one) => {
    const isOwn = isStandard(one) && own?.version !== undefined;
    return isOwn && versionOf(one.opType, own.version!) !== versionOf(one.opType, model.opset);
  });
  return (
    other && `${other.opType} of opset ${own!.version} is another one at the model's opset ${model.opset}`
  );
}

function inlineOnce(
  model: OnnxModel,
  callable: ReadonlyMap<string, FunctionMessage>,
  names: UniqueNames,
): number {
  let count = 0;
  for (const graph of allGraphs(model.graph)) {
    graph.node = graph.node.flatMap((node) => {
      const definition = callable.get(keyOf(node.domain, node.opType, node.overload));
      if (definition === undefined) return node;
      importOpsets(model, definition);
      count++;
      return nodesOfCall(node, definition, names);
    });
  }
  return count;
}

function importOpsets({ message }: OnnxModel, { opsetImport }: FunctionMessage): void {
  for (const one of opsetImport) {
    const isImported = message.opsetImport.some(({ domain }) => (domain ?? '') === (one.domain ?? ''));
    if (!isImported && one.domain !== 'ai.onnx') message.opsetImport.push({ ...one });
  }
}

function nodesOfCall(call: NodeMessage, definition: FunctionMessage, names: UniqueNames): NodeMessage[] {
  const made = new Set(definition.node.flatMap(({ output }) => output));
  const bindings = new Map(definition.input.map((name, index) => [name, call.input[index] ?? ''] as const));
  definition.output.forEach((name, index) => {
    const output = call.output[index] ?? '';
    if (made.has(name) && output !== '') bindings.set(name, output);
  });
  const copy = copyBody(definition, { bindings, label: nodeLabel(call), names });
  for (const node of copy.node) substitute(node, call, definition);
  const handed = definition.output.flatMap((name, index) => {
    const output = call.output[index] ?? '';
    if (output === '' || made.has(name)) return [];
    const label = names.make(`${output}_identity`);
    return [
      makeNode({ op: 'Identity', name: label, inputs: [bindings.get(name) ?? name], outputs: [output] }),
    ];
  });
  return [...copy.node, ...handed];
}

/** Puts the call's attributes in the place of references to them. */
function substitute(node: NodeMessage, call: NodeMessage, definition: FunctionMessage): void {
  node.attribute = node.attribute.flatMap((attribute): AttributeMessage[] => {
    for (const graph of attribute.g ? [attribute.g, ...attribute.graphs] : attribute.graphs)
      for (const inner of graph.node) substitute(inner, call, definition);
    const reference = attribute.refAttrName ?? '';
    if (reference === '') return [attribute];
    const value =
      attributeOf(call, reference) ?? definition.attributeProto.find(({ name }) => name === reference);
    return value === undefined ? [] : [{ ...value, name: attribute.name }];
  });
}
