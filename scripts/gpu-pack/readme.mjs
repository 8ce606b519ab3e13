// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the README of the unpacked folder: what to do on the host with the GPU. */
export function writeReadme(stage, { hasNode }) {
  const node = hasNode ? 'bin/node' : 'node';
  const needs = hasNode
    ? 'Neither network nor an installed Node is'
    : 'Node 20 or newer is needed, and no network; npm is not';
  const text = `# gpu:check of tensorrt-node

1. ${needs} needed; the NVIDIA driver must be there. TensorRT comes from \`.sdk/\`, if it was packed, else from the host.
2. Look first: \`${node} scripts/gpu-check.mjs --only environment\` prints what was found, and what is missing and why.
3. Run all: \`${node} scripts/gpu-check.mjs --output results\` (\`--quick\` for minutes instead of an hour, \`--help\` for more).
4. Without TensorRT's builder: add \`--no-build\`; the engines then come from \`engines/\`, if they were packed.
5. Bring back both files of \`results/\`. Exit code 0: nothing failed; 1: a check failed, or there was no GPU to use.
`;
  writeFileSync(join(stage, 'README.md'), text);
}
