// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { didYouMean } from '../../text/nearest-name';
import type { OnnxModel } from '../graph/onnx-model';

/** Values of the main graph: inputs, initializers and results of nodes. */
export function valueNames({ graph }: OnnxModel): string[] {
  const named = [...graph.input, ...graph.initializer].map(({ name = '' }) => name);
  return [...new Set([...named, ...graph.node.flatMap(({ output }) => output)])].filter(
    (name) => name !== '',
  );
}

/** A tensor that somebody named and that is not there. */
export function unknownTensor(tensor: string, known: readonly string[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The main graph of the model has no tensor "${tensor}".${didYouMean(tensor, known)}`,
    {
      hint: 'Print the model to see the names: `tensorrt-node inspect model.onnx --graph`.',
      details: { tensor },
    },
  );
}
