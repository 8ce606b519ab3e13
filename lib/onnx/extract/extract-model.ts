// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { nearestName } from '../../text/nearest-name';
import { nodeLabel, readsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TypeMessage, ValueMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { inferShapes } from '../infer/infer-shapes';
import { typeMessage, type InferredTypes } from '../infer/inferred-types';
import { unknownTensor, valueNames } from './tensor-names';

/** What part of a model to take out. */
export interface ExtractOptions {
  /**
   * Tensors of the main graph that become inputs: inputs of the model, results of nodes or initializers. Default: the
   * inputs of the model that the outputs depend on.
   */
  readonly inputs?: readonly string[];
  /** Results of nodes of the main graph that become outputs, in this order. */
  readonly outputs: readonly string[];
  /** Types of values that the model does not declare; by default they are inferred. */
  readonly types?: Pick<InferredTypes, 'typeOf'>;
}

/**
 * Takes the part of a model out that computes some tensors from others: a model of its own with the nodes and
 * initializers that it needs.
 *
 * 1. Nodes are kept, in their order, as far as the outputs depend on them without going beyond the inputs; graphs inside
 *    nodes count with what they read from around them.
 * 2. Inputs and outputs that are new are declared with what the model declares of them, or else with what is inferred.
 * 3. An initializer that is named as an input becomes one, without its value.
 * 4. An input that is named and not needed is kept and read by nobody.
 *
 * Functions, opsets and metadata stay as they are. The model itself is not changed; weights are shared.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for tensors that are not there (with the nearest that is), outputs that are
 * no results, inputs that are needed and not given, and inputs whose type nobody knows
 * @example
 * const part = extractModel(model, { inputs: ['images'], outputs: ['features'] });
 * await part.save('features.onnx');
 */
export function extractModel(model: OnnxModel, options: ExtractOptions): OnnxModel {
  const part = model.clone();
  const { graph } = part;
  const producers = producersOf(graph);
  checkNames(model, producers, options);
  const { nodes, reads } = collectNodes(producers, options);
  const ends = { ...options, inputs: inputsOf(graph, reads, options) };
  checkReads(graph, reads, { producers, nodes, inputs: ends.inputs });
  const declare = declarations(model, options.types);
  const inputs = ends.inputs.map(declare.input);
  const outputs = options.outputs.map(declare.output);
  const given = new Set(options.inputs ?? []);
  graph.node = graph.node.filter((node) => nodes.has(node));
  graph.input = inputs;
  graph.output = outputs;
  graph.initializer = graph.initializer.filter(({ name = '' }) => reads.has(name) && !given.has(name));
  const made = new Set(graph.node.flatMap(({ output }) => output));
  for (const name of options.outputs) made.delete(name);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => made.has(name));
  return part;
}

type Producers = ReadonlyMap<string, NodeMessage>;

function producersOf(graph: GraphMessage): Producers {
  return new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
}

function checkNames(model: OnnxModel, producers: Producers, { inputs = [], outputs }: ExtractOptions): void {
  const known = valueNames(model);
  const all = new Set(known);
  for (const name of [...inputs, ...outputs]) if (!all.has(name)) throw unknownTensor(name, known);
  const twice = [inputs, outputs].flatMap((names) => names.filter((name, i) => names.indexOf(name) !== i));
  if (twice.length > 0) throw wrong(`Tensor "${twice[0]!}" is named twice.`, 'Name each tensor once.', twice);
  const given = new Set(inputs);
  const idle = outputs.filter((name) => !producers.has(name) || given.has(name));
  if (outputs.length > 0 && idle.length === 0) return;
  const what = idle.length === 0 ? 'none was named' : `"${idle[0]!}" is given and not computed`;
  throw wrong(`The outputs of a part are results of its nodes; ${what}.`, 'Name other tensors.', idle);
}

/** Nodes between the inputs and the outputs, and what they read. */
function collectNodes(
  producers: Producers,
  { inputs = [], outputs }: ExtractOptions,
): { nodes: ReadonlySet<NodeMessage>; reads: ReadonlySet<string> } {
  const given = new Set(inputs);
  const nodes = new Set<NodeMessage>();
  const reads = new Set<string>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = given.has(name) ? undefined : producers.get(name);
    if (node === undefined || nodes.has(node)) continue;
    nodes.add(node);
    for (const read of readsOf(node)) {
      reads.add(read);
      open.push(read);
    }
  }
  return { nodes, reads };
}

function inputsOf(graph: GraphMessage, reads: ReadonlySet<string>, { inputs }: ExtractOptions): string[] {
  if (inputs !== undefined) return [...inputs];
  return graph.input.map(({ name }) => name).filter((name) => reads.has(name));
}

interface Ends {
  readonly producers: Producers;
  readonly nodes: ReadonlySet<NodeMessage>;
  readonly inputs: readonly string[];
}

function checkReads(
  graph: GraphMessage,
  reads: ReadonlySet<string>,
  { producers, nodes, inputs }: Ends,
): void {
  // Sparse initializers are kept as bytes: their names are not known.
  if ((graph.unknown ?? []).some(({ number }) => number === SPARSE_INITIALIZER)) return;
  const there = new Set([...inputs, ...graph.initializer.map(({ name = '' }) => name)]);
  const missing = [...reads].filter((name) => !there.has(name) && !producers.has(name));
  if (missing.length === 0) return;
  const [first] = missing as [string];
  const reader = [...nodes].find((node) => readsOf(node).includes(first))!;
  const nearest = nearestName(first, inputs);
  throw wrong(
    `The outputs depend on "${first}", which node "${nodeLabel(reader)}" reads and which is not among the inputs.`,
    nearest === undefined
      ? `Name it as an input too, or a tensor behind node "${nodeLabel(reader)}".`
      : `Name it as an input too; "${nearest}" is named.`,
    missing,
  );
}

const SPARSE_INITIALIZER = 15;

interface Declarations {
  readonly input: (name: string) => ValueMessage;
  readonly output: (name: string) => ValueMessage;
}

function declarations(model: OnnxModel, given: ExtractOptions['types']): Declarations {
  const { graph } = model;
  const declared = new Map(
    [...graph.valueInfo, ...graph.output, ...graph.input].map(({ name, type }) => [name, type]),
  );
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  let inferred = given;
  const find = (name: string): TypeMessage | undefined => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return typeMessage({ elemType: tensor.dataType, dims: tensor.dims });
    const type = declared.get(name);
    if (given === undefined && type?.tensorType?.shape !== undefined) return type;
    const found = (inferred ??= inferShapes(model)).typeOf(name);
    return found === undefined || found.elemType === 0 ? type : typeMessage(found);
  };
  return {
    input(name) {
      const type = find(name);
      if (type !== undefined) return { name, type };
      throw wrong(
        `The type of "${name}" is not known, so it cannot be an input.`,
        'Pass its type in `types`.',
        [name],
      );
    },
    output: (name) => ({ name, type: find(name) }),
  };
}

function wrong(message: string, hint: string, tensors: readonly string[]): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', message, { hint, details: { tensors } });
}
