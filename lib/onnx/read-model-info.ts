// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { bytesSource, fileSource, type ByteSource } from './byte-source';
import type { GraphDraft, ModelDraft } from './model-draft';
import { checkIntegrity } from './model-integrity';
import type { ModelInfo, OnnxNodeSummary, OnnxTensorInfo } from './model-info';
import { readModel } from './read-model';
import { findShapeInputs } from './shape-inputs';
import { listQuantization, takeTypeCensus } from './type-census';
import { inferValueTypes } from './value-types';

/**
 * Reads what an ONNX model says about itself: versions, inputs, outputs, nodes, tensors; never its weights.
 *
 * A file is read through a small window, so memory does not grow with the weights; bytes are walked in place and not
 * copied. The event loop is given back every few milliseconds. External data files are not opened.
 *
 * @param source Path of an .onnx file, or its bytes.
 * @throws {TensorRTError} ERR_TRT_ONNX_FILE_NOT_FOUND, ERR_TRT_ONNX_FILE_UNREADABLE, ERR_TRT_ONNX_EMPTY,
 * ERR_TRT_ONNX_NOT_ONNX (`details.kind` says what it is instead), ERR_TRT_ONNX_TRUNCATED, ERR_TRT_ONNX_INVALID
 * @throws {TensorRTError} ERR_TRT_ARG_TYPE for a source that is neither a string nor a Uint8Array
 * @example
 * const info = await readModelInfo('model.onnx');
 * console.log(info.inputs.map((input) => `${input.name} ${input.type} [${input.dims.join(', ')}]`));
 */
export async function readModelInfo(source: string | Uint8Array): Promise<ModelInfo> {
  const bytes = await openSource(source);
  try {
    const model = await readModel(bytes);
    checkIntegrity(model, bytes.label);
    return summarize(model, bytes.size);
  } finally {
    await bytes.close();
  }
}

async function openSource(source: unknown): Promise<ByteSource> {
  if (typeof source === 'string') return fileSource(source);
  if (source instanceof Uint8Array) return bytesSource(source);
  const kind = source === null ? 'null' : typeof source;
  throw new TensorRTError('ERR_TRT_ARG_TYPE', `A model is a path or a Uint8Array, not ${kind}.`, {
    details: { expected: 'string or Uint8Array', received: kind },
  });
}

function summarize(model: ModelDraft, fileBytes: number): ModelInfo {
  const main = model.main!;
  const { graphs } = model;
  const initializers = graphs.flatMap((graph) => graph.initializers);
  const constants = graphs.flatMap((graph) => graph.constants);
  const ownNames = new Set(main.initializers.map((tensor) => tensor.name));
  const inputs = main.inputs.filter((input) => !ownNames.has(input.name));
  const lookup = inferValueTypes(graphs);
  const externalTensors = [...initializers, ...constants].filter((tensor) => tensor.external !== undefined);
  return {
    irVersion: model.irVersion!,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    opsets: Object.fromEntries(model.opsets),
    graphName: main.name,
    inputs,
    outputs: main.outputs,
    symbols: [...new Set(inputs.flatMap((input) => input.dims.filter((dim) => typeof dim === 'string')))],
    nodes: summarizeNodes(graphs),
    initializers,
    parameterCount: sum(initializers, 'elements') + sum(constants.filter(isFloat), 'elements'),
    weightBytes: sum(initializers, 'bytes') + sum(constants, 'bytes'),
    typeCensus: takeTypeCensus(graphs, lookup),
    quantization: graphs.flatMap((graph) => listQuantization(graph, (name) => lookup(graph, name))),
    externalTensors,
    externalFiles: [...new Set(externalTensors.map((tensor) => tensor.external!.location))],
    fileBytes,
    shapeInputs: findShapeInputs({ ...main, inputs }),
    problems: findProblems(main),
  };
}

function summarizeNodes(graphs: readonly GraphDraft[]): OnnxNodeSummary {
  const list = graphs.flatMap((graph) => graph.nodes);
  // Null prototypes: an operator may be called "constructor".
  const operators = Object.create(null) as Record<string, Record<string, number>>;
  for (const { domain, opType } of list) {
    const counts = (operators[domain] ??= Object.create(null) as Record<string, number>);
    counts[opType] = (counts[opType] ?? 0) + 1;
  }
  return { count: list.length, operators, list };
}

function isFloat(tensor: OnnxTensorInfo): boolean {
  return /FLOAT|DOUBLE/.test(tensor.onnxType);
}

function sum(tensors: readonly OnnxTensorInfo[], key: 'elements' | 'bytes'): number {
  return tensors.reduce((total, tensor) => total + tensor[key], 0);
}

function findProblems(main: GraphDraft): string[] {
  const problems: string[] = [];
  const unused = new Set(main.nodes.flatMap((node) => node.inputs));
  for (const output of main.outputs) unused.add(output.name);
  const idle = main.inputs.filter((input) => !unused.has(input.name) && input.kind === 'tensor');
  // Subgraphs read outer values without naming them as inputs of their node: no verdict then.
  const hasSubgraphs = main.nodes.some((node) => ['If', 'Loop', 'Scan'].includes(node.opType));
  if (idle.length > 0 && !hasSubgraphs) {
    problems.push(`No node reads the input ${idle.map((input) => `"${input.name}"`).join(', ')}.`);
  }
  return problems;
}
