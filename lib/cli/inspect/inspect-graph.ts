// SPDX-License-Identifier: Apache-2.0
import type { CommandContext, CommandResult } from '../command';
import { printable } from '../terminal/text-width';

/**
 * Prints the graph of an ONNX model; with `--verbose` the ranges of its weights too, which are read for that.
 *
 * @throws {TensorRTError} the `ERR_TRT_ONNX_*` of loading a model
 */
export async function inspectGraph(path: string, { isVerbose }: CommandContext): Promise<CommandResult> {
  const { printModel } = await import('../../onnx/print/print-model.js');
  const text = await printModel(path, { weights: isVerbose ? 'summary' : 'types' });
  const lines = text.trimEnd().split('\n');
  return { json: { kind: 'onnx', path, graph: lines }, lines: () => lines.map(printable) };
}
