// SPDX-License-Identifier: Apache-2.0
import type { GraphMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { inferShapes } from '../infer/infer-shapes';

/** A size, a symbol, or a dimension that nothing is known of. */
export type Dim = number | string | undefined;

/** The dims of a value; undefined where not even the rank is known. */
export type DimsOf = (name: string) => readonly Dim[] | undefined;

/** Dims as the graph declares them: of its inputs, initializers and of the values between; `outer` for all others. */
export function declaredDims(graph: GraphMessage, outer?: DimsOf): DimsOf {
  const declared = new Map<string, readonly Dim[] | undefined>();
  for (const { output } of graph.node) for (const name of output) declared.set(name, undefined);
  for (const { name, type } of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const dims = type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam);
    if (dims !== undefined || !declared.has(name)) declared.set(name, dims);
  }
  const inputs = new Set(graph.input.map(({ name }) => name));
  for (const { name = '', dims } of graph.initializer) if (!inputs.has(name)) declared.set(name, dims);
  return (name) => declared.get(name) ?? outer?.(name);
}

/** Dims of the main graph's values as inference finds them, or as declared where it does not. */
export function inferredDims(model: OnnxModel): DimsOf {
  const types = inferShapes(model);
  const declared = declaredDims(model.graph);
  return (name) => types.typeOf(name)?.dims ?? declared(name);
}

/** The dims if all of them are sizes. */
export function fixedDims(dims: readonly Dim[] | undefined): readonly number[] | undefined {
  const isFixed = (dim: Dim): dim is number => typeof dim === 'number';
  return dims?.every(isFixed) === true ? dims : undefined;
}
