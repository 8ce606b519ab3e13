// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { ValueMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { unknownTensor, valueNames } from './tensor-names';

/** A model that hands out inner tensors too. */
export interface ExposedModel {
  /** A copy; weights are shared with the original. */
  readonly model: OnnxModel;
  /** The output that holds each tensor, by the name of the tensor. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Makes a copy of a model with inner tensors as outputs, to look at them while it runs:
 *
 * 1. an output of the model is it already and is named as it is;
 * 2. a result of a node becomes an output under its own name, without a copy at run time, with what the model declares
 *    of its type and shape;
 * 3. an input or an initializer is handed out by an Identity, as no runtime gives these back themselves.
 *
 * Values inside the bodies of If, Loop and Scan cannot be handed out.
 *
 * @param names - Tensors of the main graph, in the order that their outputs shall have.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for names that the main graph does not have, with the nearest that it has
 * @example
 * const { model: seen, outputs } = exposeTensors(model, ['relu1']);
 * const session = await createSession(seen.toBytes(), { device: 'cpu' });
 * const relu1 = (await session.run(feeds))[outputs.get('relu1')!];
 */
export function exposeTensors(model: OnnxModel, names: readonly string[]): ExposedModel {
  const copy = model.clone();
  const { graph } = copy;
  const scope = new GraphScope(graph);
  const made = new Set(graph.node.flatMap(({ output }) => output));
  made.delete('');
  const present = new Set(graph.output.map(({ name }) => name));
  const declared = new Map(graph.valueInfo.map((value) => [value.name, value]));
  const unique = new UniqueNames(graph);
  const outputs = new Map<string, string>();
  for (const tensor of names) {
    if (outputs.has(tensor)) continue;
    if (!scope.owns(tensor) || tensor === '') throw unknownTensor(tensor, valueNames(model));
    let output = tensor;
    if (!present.has(tensor)) {
      if (!made.has(tensor)) {
        output = unique.make(`${tensor}_seen`);
        graph.node.push(makeNode({ op: 'Identity', name: output, inputs: [tensor], outputs: [output] }));
      }
      graph.output.push(describe(output, declared.get(output), scope.typeOf(tensor)));
    }
    outputs.set(tensor, output);
  }
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !outputs.has(name));
  return { model: copy, outputs };
}

/** Runtimes find out by themselves what is not declared here. */
function describe(
  name: string,
  declared: ValueMessage | undefined,
  elemType: number | undefined,
): ValueMessage {
  if (declared !== undefined) return declared;
  return elemType === undefined ? { name } : { name, type: { tensorType: { elemType } } };
}
