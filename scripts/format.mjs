// SPDX-License-Identifier: Apache-2.0
// The formatters' command lines, and `npm run format`, which rewrites what they and the linter can mend.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capture, packageProgram, runLoud, runMain } from './run-tool.mjs';
import { ROOT, SDK } from './sdk/steps.mjs';
import { prepare } from './sdk.mjs';
import { sourceFiles } from './source-files.mjs';

/** @param {...string} flags */
export function prettier(...flags) {
  return [...packageProgram('prettier/bin/prettier.cjs'), '--log-level', 'warn', ...flags, '.'];
}

/** @param {...string} flags */
export function clangFormat(...flags) {
  const files = sourceFiles(ROOT).filter((file) => /\.(cc|h|cu|cuh)$/.test(file));
  return [join(SDK, 'clang-format/clang_format/data/bin/clang-format'), ...flags, ...files];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    await prepare(['check']);
    // What the linter cannot mend itself is `npm run check`'s to tell.
    await capture([...packageProgram('eslint/bin/eslint.js'), '--fix', '.']);
    await runLoud('prettier', prettier('--write'));
    await runLoud('clang-format', clangFormat('-i'));
  });
}
