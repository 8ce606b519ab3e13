// SPDX-License-Identifier: Apache-2.0
// Copies of graphs' bodies under names that nothing else has; the bytes of tensors are shared.

import type { UniqueNames } from '../graph/graph-walk';
import type {
  AttributeMessage,
  GraphMessage,
  NodeMessage,
  TensorMessage,
  ValueMessage,
} from '../graph/onnx-messages';

/** Nodes with the constants and declarations that belong to them. */
export interface Body {
  readonly node: readonly NodeMessage[];
  readonly initializer?: readonly TensorMessage[];
  readonly valueInfo?: readonly ValueMessage[];
}

/** What names of a body become. */
export interface BodyNames {
  /** What is known already: inputs and outputs. All other names that the body defines get new ones. */
  readonly bindings: ReadonlyMap<string, string>;
  /** Begins the new names. */
  readonly label: string;
  readonly names: UniqueNames;
}

/** A copy of a body; names that it does not define and that are not bound stay. */
export interface BodyCopy {
  readonly node: NodeMessage[];
  readonly initializer: TensorMessage[];
  readonly valueInfo: ValueMessage[];
  /** New names by old ones. */
  readonly renamed: ReadonlyMap<string, string>;
}

/** Copies a body. */
export function copyBody(body: Body, { bindings, label, names }: BodyNames): BodyCopy {
  const renamed = new Map(bindings);
  const define = (name: string) => {
    if (name !== '' && !renamed.has(name)) renamed.set(name, names.make(`${label}/${name}`));
  };
  for (const { name = '' } of body.initializer ?? []) define(name);
  for (const { output } of body.node) output.forEach(define);
  const rename = (name: string) => renamed.get(name) ?? name;
  const copyGraph = (graph: GraphMessage): GraphMessage => {
    const own = new Map([...renamed]);
    for (const { name = '' } of [...graph.input, ...graph.initializer]) own.delete(name);
    for (const { output } of graph.node) for (const name of output) own.delete(name);
    const inner = new Map(graph.input.map(({ name }) => [name, names.make(`${label}/${name}`)] as const));
    const { renamed: inside, ...copy } = copyBody(graph, {
      bindings: new Map([...own, ...inner]),
      label,
      names,
    });
    const named = (value: ValueMessage) => ({ ...value, name: inside.get(value.name) ?? value.name });
    return { ...graph, ...copy, input: graph.input.map(named), output: graph.output.map(named) };
  };
  const copyAttribute = (attribute: AttributeMessage): AttributeMessage => ({
    ...attribute,
    ...(attribute.g === undefined ? {} : { g: copyGraph(attribute.g) }),
    graphs: attribute.graphs.map(copyGraph),
  });
  return {
    node: body.node.map((node) => ({
      ...node,
      name: names.make(`${label}/${node.name ?? node.opType}`),
      input: node.input.map(rename),
      output: node.output.map(rename),
      attribute: node.attribute.map(copyAttribute),
    })),
    initializer: (body.initializer ?? []).map((tensor) => ({ ...tensor, name: rename(tensor.name ?? '') })),
    valueInfo: (body.valueInfo ?? []).map((value) => ({ ...value, name: rename(value.name) })),
    renamed,
  };
}
