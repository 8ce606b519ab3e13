// SPDX-License-Identifier: Apache-2.0
import { isStandard } from '../graph/graph-walk';
import type { AttributeMessage, FunctionMessage, GraphMessage, NodeMessage } from '../graph/onnx-messages';
import type { InferredTypes } from '../infer/inferred-types';
import { printTensor } from './print-tensor';
import { printList, printName, printNumber, printType } from './print-values';

/** What is known beside the graph, and how much is printed. */
export interface PrintContext {
  readonly types: InferredTypes;
  /** Least and largest values of weights too. */
  readonly withRanges: boolean;
}

/** The lines of a graph: inputs, initializers, one line a node with graphs inside it indented below, outputs. */
export function printGraph(graph: GraphMessage, context: PrintContext): string[] {
  const typeOf = (name: string) => printType(context.types.typeOf(name, graph));
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return [
    ...graph.input
      .filter(({ name }) => !constants.has(name))
      .map(({ name }) => `input ${printName(name)}: ${typeOf(name)}`),
    ...graph.initializer.map((tensor) => {
      return `constant ${printName(tensor.name ?? '')}: ${printTensor(tensor, context.withRanges)}`;
    }),
    ...graph.node.flatMap((node) => printNode(node, graph, context)),
    ...graph.output.map(({ name }) => `output ${printName(name)}: ${typeOf(name)}`),
  ];
}

/** The lines of a function; types in it depend on its call. */
export function printFunction(one: FunctionMessage, context: PrintContext): string[] {
  const name = one.domain === undefined || one.domain === '' ? one.name : `${one.domain}.${one.name}`;
  const lists = [one.output, one.input].map((names) => names.map(printName).join(', '));
  const lines = one.node.flatMap((node) => printNode(node, undefined, context));
  return [`function ${lists[0]} = ${printName(name)}(${lists[1]})`, ...lines.map((line) => `  ${line}`)];
}

function printNode(node: NodeMessage, graph: GraphMessage | undefined, context: PrintContext): string[] {
  const bodies = node.attribute.filter(({ g, graphs }) => g !== undefined || graphs.length > 0);
  const label = node.name === undefined || node.name === '' ? '' : `  # ${printName(node.name)}`;
  return [
    `${printOutputs(node, graph, context)} = ${printCall(node)}${label}`,
    ...bodies.flatMap(({ name, g, graphs }) =>
      (g === undefined ? graphs : [g]).flatMap((body) => [
        `  ${printName(name)}:`,
        ...printGraph(body, context).map((line) => `    ${line}`),
      ]),
    ),
  ];
}

function printOutputs(
  { output }: NodeMessage,
  graph: GraphMessage | undefined,
  { types }: PrintContext,
): string {
  const texts = output.map((name) => {
    if (name === '') return '-';
    return graph === undefined
      ? printName(name)
      : `${printName(name)}: ${printType(types.typeOf(name, graph))}`;
  });
  return texts.join(', ');
}

function printCall(node: NodeMessage): string {
  const inputs = node.input.map((name) => (name === '' ? '-' : printName(name)));
  const plain = node.attribute.filter(({ g, graphs }) => g === undefined && graphs.length === 0);
  const attributes = plain.map((one) => `${printName(one.name)}: ${printAttribute(one)}`).join(', ');
  const operator = isStandard(node) ? node.opType : `${node.domain!}.${node.opType}`;
  return `${printName(operator)}(${inputs.join(', ')})${attributes === '' ? '' : ` {${attributes}}`}`;
}

const [FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS] = [1, 2, 3, 4, 6, 7, 8];
const MOST_TEXT = 60;

function printAttribute(attribute: AttributeMessage): string {
  const { type, f, i, s, t, floats, ints, unknown, refAttrName } = attribute;
  if (refAttrName !== undefined && refAttrName !== '') return `@${printName(refAttrName)}`;
  if (type === TENSOR || t !== undefined) return t === undefined ? '?' : printTensor(t, false);
  if (type === STRING || s !== undefined) return printText(s ?? new Uint8Array());
  if (type === INT || i !== undefined) return String(i ?? 0);
  if (type === FLOAT || f !== undefined) return printNumber(f ?? 0);
  if (type === INTS || ints.length > 0) return printList(ints.map(String));
  if (type === FLOATS || floats.length > 0) return printList(floats.map(printNumber));
  if (type === STRINGS)
    return printList(
      (unknown ?? []).filter(({ number }) => number === 9).map(({ data }) => printText(withoutLength(data))),
    );
  return '…';
}

function printText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return JSON.stringify(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);
}

/** Unknown fields are kept with the length in front of them. */
function withoutLength(data: Uint8Array): Uint8Array {
  return data.subarray(data.findIndex((byte) => byte < 0x80) + 1);
}
