// SPDX-License-Identifier: Apache-2.0
// The declarations of the entry points: one file each, and few that they share, so that a class is one type wherever it
// is imported from.
import { join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ToolError } from '../run-tool.mjs';
import { EXPORTED } from './entries.mjs';

/** Said where nothing is wrong: an entry of side effects alone, and a base of public types that has no public name. */
const EXPECTED =
  /^Generated an empty chunk: "onnxruntime\/register"|still references private shared type exports/;

/**
 * The files of dist/ with types: path -> text.
 * @param {string} compiled where tsc wrote the declarations of lib/
 */
export async function bundleDeclarations(compiled) {
  const bundle = await rollup({
    input: Object.fromEntries(EXPORTED.map((name) => [name, join(compiled, `${name}.d.ts`)])),
    external: (id) => !/^[./]/.test(id),
    plugins: [dts()],
    onLog: (_level, { message }) => {
      if (!EXPECTED.test(message.replace(/^\[plugin dts\] /, '')))
        throw new ToolError(`bundling declarations: ${message}`);
    },
  });
  try {
    const { output } = await bundle.generate({
      format: 'es',
      entryFileNames: '[name].d.ts',
      chunkFileNames: ({ name }) => `types/${name.replace(/\.d$/, '')}.d.ts`,
      banner: '// SPDX-License-Identifier: Apache-2.0',
      hoistTransitiveImports: false,
      minifyInternalExports: false,
    });
    return new Map(output.map(({ fileName, code }) => [fileName, `${code.trimEnd()}\n`]));
  } finally {
    await bundle.close();
  }
}
