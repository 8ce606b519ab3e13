// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import { emptyProject, npmInstall, tarball, writeProjectFile } from './installed-package';
import { ROOT, runForOutput } from './programs';

/** A dependency that asks for onnxruntime-node, as many packages on npm do. */
const DEPENDENCY = {
  name: 'wants-onnxruntime',
  version: '1.0.0',
  main: 'index.js',
  dependencies: { 'onnxruntime-node': '1.30.0' },
};

/** A project, installed by npm without network, in which `overrides` puts this package in onnxruntime-node's place. */
export async function projectWithOverride(): Promise<string> {
  const packed = emptyProject();
  const source = join(ROOT, 'npm', 'onnxruntime-node');
  await runForOutput('npm', ['pack', source, '--pack-destination', packed], { cwd: packed });
  const override = join(packed, 'tensorrt-node-onnxruntime-0.1.0.tgz');
  const folder = emptyProject({
    type: 'module',
    dependencies: { 'wants-onnxruntime': 'file:wants', 'tensorrt-node': `file:${tarball()}` },
    overrides: { 'onnxruntime-node': `file:${override}` },
  });
  writeProjectFile(folder, 'wants/package.json', JSON.stringify(DEPENDENCY));
  writeProjectFile(folder, 'wants/index.js', "module.exports = require('onnxruntime-node');\n");
  const { status, stderr } = await npmInstall(folder);
  if (status !== 0) throw new Error(`npm install with an override ended with ${status}:\n${stderr}`);
  return folder;
}
