// SPDX-License-Identifier: Apache-2.0
// Two engines, one after the other: what the first makes stays in the GPU's memory, where the second reads it. Only
// the last output comes to the host.
//
//     node examples/gpu/chained-engines.mjs first.engine second.engine [--device cuda:0]
//
// ONNX models with open dimensions need their range: --dynamic-axes batch=1,8,32.
// Every output of the first model whose name is an input of the second is handed on; a single output is handed on
// whatever its name. Other inputs are zeros.

import { parseArgs } from 'node:util';
import { createSession } from 'tensorrt-node';
import { buildOptions } from './axes.mjs';
import { zerosFor } from './zeros.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'cuda:0' },
    'dynamic-axes': { type: 'string', multiple: true, default: [] },
  },
});
if (positionals.length !== 2) {
  console.error('usage: chained-engines.mjs first.engine second.engine [--device cuda:0]');
  process.exit(2);
}

const options = { device: values.device, build: buildOptions(values['dynamic-axes']) };
const first = await createSession(positionals[0], options);
const second = await createSession(positionals[1], options);

const feeds = zerosFor(first);
for (const { data } of Object.values(feeds)) if (data instanceof Float32Array) data.fill(1);
const features = await first.run(feeds, { deviceOutputs: true });
const results = await second.run({ ...zerosFor(second), ...handOn(features, second) });
// The memory of device tensors is given back when nobody needs it; closing says so at once.
for (const tensor of Object.values(features)) tensor.close();

for (const [name, tensor] of Object.entries(results)) console.log(name, tensor.dims, tensor.data);
const { hostToDeviceBytes, deviceToHostBytes } = second.statistics();
console.log(`second engine: ${hostToDeviceBytes} bytes to the device, ${deviceToHostBytes} bytes back`);
await second.close();
await first.close();

function handOn(tensors, { inputs }) {
  const names = inputs.map(({ name }) => name);
  const [only, ...more] = Object.values(tensors);
  if (more.length === 0 && names.length === 1) return { [names[0]]: only };
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => names.includes(name)));
}
