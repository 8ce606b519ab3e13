// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { allGraphs } from '../graph/graph-walk';
import type { ValueMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { DimAlgebra } from './dim-algebra';
import { inferGraph } from './graph-inference';
import type { InferenceContext } from './inference-context';
import { InferredTypes } from './inferred-types';

/** What is known beside the model itself. */
export interface InferShapesOptions {
  /**
   * Dims of inputs of the main graph by name. A symbol of an input takes its size everywhere in the model. Sizes other
   * than declared ones are taken as given; what the model declares of the shapes of inner values is then left aside.
   */
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  /** Whether what the model declares of inner values and outputs fills up what the rules do not tell. Default true. */
  readonly declared?: boolean;
}

/** Since this version of the IR, initializers need not be inputs: those that are can be replaced by callers. */
const FIRST_IR_WITH_OVERRIDES = 4;

/**
 * Infers element types and shapes of all values of a model, in bodies of If, Loop and Scan too. Sizes are numbers,
 * symbols of the model, or unknown: what is not sure is not told. Small tensors of sizes (Shape, Gather, Concat, … to
 * Reshape) are followed by value. The model is not changed, and no weights are read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE if `inputs` names no input, or has another number of dims than it
 * @see https://onnx.ai/onnx/repo-docs/ShapeInference.html
 */
export function inferShapes(model: OnnxModel, options: InferShapesOptions = {}): InferredTypes {
  const { inputs = {}, declared = true } = options;
  const algebra = new DimAlgebra();
  const isOverridden = bindInputs(model, inputs, algebra);
  const graphs = allGraphs(model.graph);
  const context: InferenceContext = {
    algebra,
    opset: model.opset,
    canOverride: (model.message.irVersion ?? 0) >= FIRST_IR_WITH_OVERRIDES,
    declared: { types: declared, shapes: declared && !isOverridden },
    graphs: new Map(graphs.map((graph, index) => [graph, index])),
    states: new Map(),
    conflicts: new Map(),
    inferBody: inferGraph,
  };
  const given = model.graph.input.map((input) => {
    const dims = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
    return dims && { type: { elemType: input.type?.tensorType?.elemType ?? 0, dims } };
  });
  inferGraph(context, model.graph, undefined, given);
  const types = graphs.map((graph) => context.states.get(graph)?.types ?? new Map<string, never>());
  return new InferredTypes(graphs, types, [...context.conflicts.values()].flat());
}

/** Gives the symbols of inputs their sizes. @returns true if a size is another one than declared */
function bindInputs(
  model: OnnxModel,
  inputs: Readonly<Record<string, readonly number[]>>,
  algebra: DimAlgebra,
): boolean {
  let isOverridden = false;
  for (const [name, dims] of Object.entries(inputs)) {
    const declared = findInput(model, name).type?.tensorType?.shape?.dim;
    if (declared === undefined) continue;
    if (declared.length !== dims.length) throw rankError(name, declared.length, dims);
    for (const [index, { dimValue, dimParam }] of declared.entries()) {
      if (dimParam !== undefined) algebra.bind(dimParam, dims[index]!);
      else if (dimValue !== undefined && dimValue !== dims[index]) isOverridden = true;
    }
  }
  return isOverridden;
}

function findInput(model: OnnxModel, name: string): ValueMessage {
  const input = model.graph.input.find((one) => one.name === name);
  if (input !== undefined) return input;
  const names = model.graph.input.map((one) => `"${one.name}"`).join(', ');
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The model has no input "${name}"; it has ${names || 'none'}.`,
    {
      details: { name },
    },
  );
}

function rankError(name: string, rank: number, dims: readonly number[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Input "${name}" has ${rank} dimensions, but dims [${dims.join(', ')}] were given for it.`,
    { details: { name, rank, dims } },
  );
}
