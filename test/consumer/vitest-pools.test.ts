// SPDX-License-Identifier: Apache-2.0
// Tests of a user's that load the package, in each of vitest's pools.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { addModel } from '../onnx-models';
import { installedPackage, writeProjectFile } from './installed-package';
import { ROOT, runForJson } from './programs';

let folder: string;
beforeAll(async () => {
  folder = await installedPackage({ packages: ['onnxruntime-node'] });
});

describe('vitest', () => {
  const TEST = `
    import { expect, it } from 'vitest';
    import { createSession } from 'tensorrt-node';
    it('computes', async () => {
      const session = await createSession('add.onnx', { device: 'cpu' });
      const { y } = await session.run({ x: Float32Array.of(1, 2, 3, 4) });
      await session.close();
      expect([...y.data]).toEqual([2, 4, 6, 8]);
    });`;

  it.each(['forks', 'threads', 'vmThreads'])('runs a test with two files in the pool %s', async (pool) => {
    const project = join(folder, `vitest-${pool}`);
    mkdirSync(project);
    for (const name of ['first', 'second']) writeProjectFile(project, `${name}.test.mjs`, TEST);
    writeProjectFile(project, 'add.onnx', addModel());
    // vitest itself, and its import in the test file, come from the repository: only the package is under test.
    const vitest = join(ROOT, 'node_modules', 'vitest');
    const config = `export default {
      resolve: { alias: { vitest: ${JSON.stringify(join(vitest, 'dist', 'index.js'))} } },
      test: { pool: '${pool}', maxWorkers: 1, testTimeout: 60000 } };`;
    writeProjectFile(project, 'vitest.config.mjs', config);
    const args = [join(vitest, 'vitest.mjs'), 'run', '--root', project, '--reporter=json'];
    const report = (await runForJson(process.execPath, args, { cwd: project })) as { numPassedTests: number };
    expect(report.numPassedTests).toBe(2);
  });
});
