// SPDX-License-Identifier: Apache-2.0
// Two engines, one after the other: what the first makes stays in the GPU's memory, where the second reads it. Only
// the last output comes to the host.
//
//     node examples/gpu/chained-engines.mjs first.engine second.engine [--device cuda:0]
//
// Every output of the first model whose name is an input of the second is handed on; a single output is handed on
// whatever its name.

import { parseArgs } from 'node:util';
import { createSession } from 'tensorrt-node';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { device: { type: 'string', default: 'cuda:0' } },
});
if (positionals.length !== 2) {
  console.error('usage: chained-engines.mjs first.engine second.engine [--device cuda:0]');
  process.exit(2);
}

const first = await createSession(positionals[0], { device: values.device });
const second = await createSession(positionals[1], { device: values.device });

const feeds = Object.fromEntries(
  first.inputs.map(({ name, dims }) => {
    const fixed = dims.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
    const count = fixed.reduce((a, b) => a * b, 1);
    return [name, { dims: fixed, data: new Float32Array(count).fill(1) }];
  }),
);
const features = await first.run(feeds, { deviceOutputs: true });
const handedOn = handOn(features, second);
const results = await second.run(handedOn);
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
