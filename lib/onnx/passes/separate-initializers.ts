// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../graph/onnx-model';

/** First IR version in which an initializer need not be an input too, and can be replaced by callers if it is. */
const FIRST_IR = 4;

/**
 * Takes the initializers of an old model from its list of inputs. Up to IR version 3 each one had to be an input, which
 * no runtime asks for: they are constants, and passes then know it. The IR version becomes 4.
 *
 * Left alone: models of IR version 4 and newer, where such an input is one with a default value.
 *
 * @returns how many were taken from the inputs
 */
export function separateInitializers({ message, graph }: OnnxModel): number {
  if ((message.irVersion ?? 0) >= FIRST_IR) return 0;
  message.irVersion = FIRST_IR;
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const before = graph.input.length;
  graph.input = graph.input.filter(({ name }) => !initializers.has(name));
  return before - graph.input.length;
}
