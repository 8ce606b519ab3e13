// SPDX-License-Identifier: Apache-2.0
import { allGraphs } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';

/** What `castModel` puts behind the name of a tensor in another type. */
const SUFFIXES = ['_fp16', '_bf16', '_fp32'];

/**
 * A copy of a rewritten model in which tensors are called as in its source:
 *
 * 1. a tensor of the source's name stays as it is;
 * 2. where there is none, the one that casting has made of it (`x_fp16` for `x`) takes the name.
 *
 * Inputs and outputs of the model are not renamed: they have their names.
 */
export function alignNames(source: OnnxModel, rewritten: OnnxModel): OnnxModel {
  const made = madeIn(rewritten);
  const outputs = new Set(rewritten.graph.output.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const tensor of madeIn(source)) {
    if (made.has(tensor)) continue;
    const other = SUFFIXES.map((suffix) => tensor + suffix).find(
      (name) => made.has(name) && !outputs.has(name),
    );
    if (other !== undefined) renamed.set(other, tensor);
  }
  if (renamed.size === 0) return rewritten;
  const copy = rewritten.clone();
  const rename = (name: string) => renamed.get(name) ?? name;
  for (const { node, valueInfo, output } of allGraphs(copy.graph)) {
    for (const one of node) {
      one.input = one.input.map(rename);
      one.output = one.output.map(rename);
    }
    for (const value of [...valueInfo, ...output]) value.name = rename(value.name);
  }
  return copy;
}

function madeIn({ graph }: OnnxModel): Set<string> {
  return new Set(graph.node.flatMap(({ output }) => output).filter((name) => name !== ''));
}
