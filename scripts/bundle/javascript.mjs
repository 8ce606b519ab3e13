// SPDX-License-Identifier: Apache-2.0
// lib/ as some sixty files of CommonJS: npm needs milliseconds for every file that it unpacks.
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { ToolError } from '../run-tool.mjs';
import { ROOT } from '../sdk/steps.mjs';
import { ENTRIES, PACKAGES } from './entries.mjs';

const LIB = join(ROOT, 'lib');

/**
 * Chunks that would else be many small ones: the modules of the second column and all that they import, less what the
 * chunks above have. So no two chunks need each other, and what is small and used by many has to come first.
 */
const CHUNKS = [
  ['core', 'index'],
  ['leaves', /^(tensor|text)\/|^[^/]+$/],
  ['html', /^html\//],
  ['loader', 'binding/load'],
  ['files', /^(runtime\/(atomic-file|manifest)|onnx\/graph\/staged-file)$/],
  ['probe', 'runtime/collect-probe'],
  ['onnx-reader', 'onnx/reader'],
  ['onnx-model', 'onnx/graph/onnx-model'],
  ['onnx-check', 'onnx/check/check-onnx-model'],
  ['onnx', 'onnx/index'],
  ['builder', 'builder/build-pipeline'],
  ['session', 'session/session-pipeline'],
  ['cast', 'compress/cast'],
  ['compress', 'compress/index'],
  ['bench-documents', 'bench/formats/read-document'],
  ['bench', 'bench/index'],
  ['evaluate', 'evaluate/index'],
  ['ops', 'ops/index'],
  ['pipeline', 'pipeline/index'],
  ['cli', 'cli/cli'],
];

/** A module as a path below lib/ without ending. */
const moduleName = (file) => relative(LIB, file).replace(/\.ts$/, '');

/** The files of dist/ with code: path -> text. */
export async function bundleJavaScript() {
  const bundle = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(LIB, `${name}.ts`)])),
    platform: 'node',
    external: [/^node:/, ...PACKAGES],
    tsconfig: false,
    transform: { target: 'es2022' },
    // Every log is a change for the worse: an import of nothing, a cycle of chunks.
    onLog: (_level, { message }) => {
      throw new ToolError(`bundling lib/: ${message}`);
    },
  });
  try {
    const { output } = await bundle.generate(OUTPUT);
    return new Map(output.map(({ fileName, code }) => [fileName, `${code.trimEnd()}\n`]));
  } finally {
    await bundle.close();
  }
}

/** What is opened by its path, or loaded on demand, has the path of its module; chunks have names. */
const OUTPUT = {
  format: 'cjs',
  exports: 'named',
  strict: true,
  esModule: true,
  generatedCode: { symbols: false },
  entryFileNames: '[name].js',
  chunkFileNames: ({ facadeModuleId }) =>
    facadeModuleId ? `${moduleName(facadeModuleId)}.js` : 'chunks/[name].js',
  banner: '// SPDX-License-Identifier: Apache-2.0',
  comments: { legal: true, annotation: true, jsdoc: false },
  minify: false,
  codeSplitting: {
    includeDependenciesRecursively: true,
    groups: CHUNKS.map(([name, root], index) => ({
      name,
      test: (id) => (root instanceof RegExp ? root.test(moduleName(id)) : moduleName(id) === root),
      priority: CHUNKS.length - index,
    })),
  },
};
