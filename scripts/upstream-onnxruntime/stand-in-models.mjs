// SPDX-License-Identifier: Apache-2.0
// Upstream keeps its models as binary files, which a source archive may lack. What the tests need of them is known:
// an identity for each element type, and any SqueezeNet with the result that onnxruntime-node computes for it.
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { capture, ToolError } from '../run-tool.mjs';

/** File name of upstream -> TensorProto.DataType. */
const TYPES = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  double: 11,
  uint32: 12,
  uint64: 13,
};

/**
 * Writes the models that the checkout does not have; gives back their names.
 * @param {import('./workspace.mjs').Workspace} workspace
 * @param {string | undefined} squeezeNet
 */
export async function addMissingModels({ root, tests }, squeezeNet) {
  const folder = join(tests, 'testdata');
  const added = [];
  const { onnx } = createRequire(join(tests, 'x.js'))('./ort-schema/protobuf/onnx.js');
  for (const [name, type] of Object.entries(TYPES)) {
    const file = join(folder, `test_types_${name}.onnx`);
    if (existsSync(file)) continue;
    writeFileSync(file, identityModel(onnx, type));
    added.push(`test_types_${name}.onnx`);
  }
  if (!existsSync(join(folder, 'squeezenet.onnx')) && squeezeNet !== undefined) {
    copyFileSync(squeezeNet, join(folder, 'squeezenet.onnx'));
    await writeReference(root, folder);
    added.push('squeezenet.onnx');
  }
  return added;
}

function identityModel(onnx, elemType) {
  const value = (name) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: [{ dimValue: 1 }, { dimValue: 5 }] } } },
  });
  const graph = {
    name: 'identity',
    node: [{ opType: 'Identity', input: ['input'], output: ['output'] }],
    input: [value('input')],
    output: [value('output')],
  };
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 13 }], graph }).finish();
}

const REFERENCE = `
  const { InferenceSession, Tensor } = require('onnxruntime-node');
  const { join } = require('node:path');
  const { writeFileSync } = require('node:fs');
  const folder = process.argv[1];
  (async () => {
    const session = await InferenceSession.create(join(folder, 'squeezenet.onnx'));
    const input = new Tensor('float32', require(join(folder, 'squeezenet.input0.json')), [1, 3, 224, 224]);
    const { softmaxout_1 } = await session.run({ data_0: input });
    writeFileSync(join(folder, 'squeezenet.output0.json'), JSON.stringify([...softmaxout_1.data]));
  })();`;

async function writeReference(root, folder) {
  const { ok, output } = await capture([process.execPath, '--eval', REFERENCE, folder], {
    NODE_PATH: join(root, 'node_modules'),
  });
  if (!ok) throw new ToolError(`onnxruntime-node did not run the SqueezeNet:\n${output}`);
}
