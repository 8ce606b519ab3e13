// SPDX-License-Identifier: Apache-2.0
// Mistakes in a graph that make the ONNX parser of TensorRT (seen with TensorRT-RTX 1.7.1, from its official Python API
// too) end the process with SIGSEGV instead of an error. ONNX forbids all of them.

import type { GraphDraft } from './model-draft';
import type { OnnxNodeInfo } from './model-info';

const FUNCTION_SCOPE = 'function ';

/** The first such mistake, as the end of a sentence, or `undefined`. */
export function findCrashCause(graphs: readonly GraphDraft[]): string | undefined {
  return nodeWithoutOutput(graphs) ?? loopThatDoesNotFit(graphs) ?? recursiveFunction(graphs);
}

function nodeWithoutOutput(graphs: readonly GraphDraft[]): string | undefined {
  for (const graph of graphs) {
    const node = graph.nodes.find((one) => one.outputs.length === 0);
    if (node !== undefined) return `${describe(node)} has no outputs`;
  }
  return undefined;
}

/** A Loop hands its inputs to its body, one for one, and gets a condition and as many values back. */
function loopThatDoesNotFit(graphs: readonly GraphDraft[]): string | undefined {
  for (const body of graphs) {
    const node = body.owner;
    if (node === undefined || node.opType !== 'Loop' || node.domain !== '') continue;
    const carried = Math.max(0, node.inputs.length - 2);
    if (body.inputs.length < node.inputs.length) {
      return `${describe(node)} has ${node.inputs.length} inputs, its body ${body.inputs.length}`;
    }
    const needed = 1 + Math.max(carried, node.outputs.length);
    if (body.outputs.length < needed) {
      return `the body of ${describe(node)} has ${body.outputs.length} outputs where ${needed} are needed`;
    }
  }
  return undefined;
}

/** Functions are expanded where they are called: one that calls itself would be expanded for ever. */
function recursiveFunction(graphs: readonly GraphDraft[]): string | undefined {
  const calls = new Map<string, Set<string>>();
  for (const graph of graphs) {
    let root = graph;
    while (root.parent !== undefined) root = root.parent;
    if (!root.scope.startsWith(FUNCTION_SCOPE)) continue;
    const called = calls.get(root.scope) ?? new Set<string>();
    for (const node of graph.nodes) called.add(`${FUNCTION_SCOPE}${node.domain}.${node.opType}`);
    calls.set(root.scope, called);
  }
  const name = findCycle(calls);
  return name === undefined ? undefined : `the ${name} calls itself`;
}

/** A member of a cycle, found by taking away, again and again, what calls nothing that is left. */
function findCycle(calls: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const open = new Map(
    [...calls].map(([name, called]) => [name, [...called].filter((one) => calls.has(one)).length]),
  );
  const callers = new Map<string, string[]>();
  for (const [name, called] of calls) {
    for (const one of called) if (calls.has(one)) addCaller(callers, one, name);
  }
  const done = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = done.pop(); name !== undefined; name = done.pop()) {
    open.delete(name);
    for (const caller of callers.get(name) ?? []) {
      const left = open.get(caller)! - 1;
      open.set(caller, left);
      if (left === 0) done.push(caller);
    }
  }
  return open.keys().next().value;
}

function addCaller(callers: Map<string, string[]>, called: string, caller: string): void {
  const list = callers.get(called);
  if (list === undefined) callers.set(called, [caller]);
  else list.push(caller);
}

function describe(node: OnnxNodeInfo): string {
  const where = node.scope === '' ? '' : ` of ${node.scope}`;
  return `node ${node.name === '' ? String(node.index) : `"${node.name}"`} (${node.opType})${where}`;
}
