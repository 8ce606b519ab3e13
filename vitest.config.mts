// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * One project per folder of test/:
 * - unit needs nothing native and no build;
 * - native needs the addon and the libraries of `npm run sdk`;
 * - pack needs `npm run build` and looks at the package as a user gets it;
 * - browser needs a Chromium (test/browser-page.ts says which) and looks at reports;
 * - docs needs `npm run build` and looks at every page, code block and example that users read;
 * - consumer needs the packed tarball and other programs: `npm run test:package` brings both and runs it.
 */
const project = (name: string, testTimeout: number) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    // A crash or an abort of a native library then costs one file, not the run.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    setupFiles: [fileURLToPath(new URL('test/record-error-codes.ts', import.meta.url))],
    projects: [
      project('unit', 30_000),
      project('native', 180_000),
      project('pack', 60_000),
      project('browser', 120_000),
      project('docs', 180_000),
      project('consumer', 300_000),
    ],
  },
});
