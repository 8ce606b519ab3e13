// SPDX-License-Identifier: Apache-2.0
import { flag } from '../args/option';
import { usageError } from '../args/usage-error';
import { defineCommand } from '../command';
import { detectKind } from '../inspect/detect';
import { inspectGraph } from '../inspect/inspect-graph';
import { inspectManifest } from '../inspect/inspect-manifest';
import { inspectOnnx } from '../inspect/inspect-onnx';
import { inspectPlan } from '../inspect/inspect-plan';

/** `inspect file` */
export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'show what an ONNX model, an engine or a manifest holds',
  positionals: [{ name: 'file', help: 'an ONNX model, an engine, or the manifest of one' }],
  options: { graph: flag('print the graph of an ONNX model, a line for each node') },
  examples: [
    { line: 'inspect model.onnx', help: 'inputs, operators, size, and what TensorRT would say' },
    {
      line: 'inspect model.onnx --graph',
      help: 'every node with types and shapes; --verbose adds ranges of weights',
    },
    { line: 'inspect model.engine', help: 'who built it, its profiles, and whether it runs here' },
  ],
  async run(args, context) {
    const path = args.positionals[0]!;
    const kind = await detectKind(path);
    if (args.options.graph) {
      if (kind === 'onnx') return inspectGraph(path, context);
      throw usageError(`--graph is for ONNX models, and ${path} is none.`, 'Leave --graph out.');
    }
    if (kind === 'plan') return inspectPlan(path, context);
    return kind === 'manifest' ? inspectManifest(path, context) : inspectOnnx(path, context);
  },
});
