// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { locateOnnxRuntime, type RuntimePlaces } from '../../../lib/runtime/locate-onnxruntime';
import { temporaryFolder } from '../../temporary-folder';

/** A machine in a folder, with an application in `app`. */
function places(files: readonly string[], env: NodeJS.ProcessEnv = {}): RuntimePlaces {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '{}');
  }
  return {
    env,
    home: join(root, 'home'),
    root: join(root, 'package'),
    systemRoot: root,
    arch: 'x64',
    platform: 'linux',
    packageOrigins: [join(root, 'app')],
  };
}

/** Files of an npm package with the library in it. */
const packageFiles = (name: string) => [
  `app/node_modules/${name}/package.json`,
  `app/node_modules/${name}/bin/napi-v6/linux/x64/libonnxruntime.so.1`,
];

async function found(machine: RuntimePlaces): Promise<string[]> {
  const { candidates } = await locateOnnxRuntime(undefined, machine);
  return candidates.map(({ path }) => path.slice(machine.systemRoot.length + 1));
}

describe('locateOnnxRuntime', () => {
  it('takes onnxruntime-node before its alias, and both before the system', async () => {
    const system = 'usr/lib/x86_64-linux-gnu/libonnxruntime.so.1';
    const [, alias] = packageFiles('onnxruntime-node-cpu');
    const [, own] = packageFiles('onnxruntime-node');
    const files = [...packageFiles('onnxruntime-node-cpu'), ...packageFiles('onnxruntime-node'), system];
    expect(await found(places(files))).toEqual([own, alias, system]);
  });

  it('takes the alias where another package has the place of onnxruntime-node', async () => {
    const machine = places([
      'app/node_modules/onnxruntime-node/package.json',
      ...packageFiles('onnxruntime-node-cpu'),
    ]);
    const { candidates, tried } = await locateOnnxRuntime(undefined, machine);
    expect(candidates.map(({ from }) => from)).toEqual(['the npm package onnxruntime-node-cpu']);
    expect(tried[0]).toEqual({
      path: join(machine.packageOrigins[0]!, 'node_modules/onnxruntime-node/bin'),
      reason: 'holds no napi-v* folder',
    });
  });

  it('names both packages among what it tried', async () => {
    const { tried } = await locateOnnxRuntime(undefined, places([]));
    const missing = tried.filter(({ reason }) => reason === 'no such package').map(({ path }) => path);
    expect(missing.map((path) => path.split('/').at(-1))).toEqual([
      'onnxruntime-node',
      'onnxruntime-node-cpu',
    ]);
  });

  it('takes what is named and nothing else', async () => {
    const machine = places([...packageFiles('onnxruntime-node'), 'own/libonnxruntime.so.1']);
    const named = join(machine.systemRoot, 'own');
    expect(await found({ ...machine, env: { TENSORRT_NODE_ONNXRUNTIME: named } })).toEqual([
      'own/libonnxruntime.so.1',
    ]);
  });
});
