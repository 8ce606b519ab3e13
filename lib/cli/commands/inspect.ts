// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from '../command';
import { detectKind } from '../inspect/detect';
import { inspectManifest } from '../inspect/inspect-manifest';
import { inspectOnnx } from '../inspect/inspect-onnx';
import { inspectPlan } from '../inspect/inspect-plan';

/** `inspect file` */
export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'show what an ONNX model, an engine or a manifest holds',
  positionals: [{ name: 'file', help: 'an ONNX model, an engine, or the manifest of one' }],
  options: {},
  examples: [
    { line: 'inspect model.onnx', help: 'inputs, operators, size, and what TensorRT would say' },
    { line: 'inspect model.engine', help: 'who built it, its profiles, and whether it runs here' },
  ],
  async run(args, context) {
    const path = args.positionals[0]!;
    const kind = await detectKind(path);
    if (kind === 'plan') return inspectPlan(path, context);
    return kind === 'manifest' ? inspectManifest(path, context) : inspectOnnx(path, context);
  },
});
