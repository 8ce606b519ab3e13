// SPDX-License-Identifier: Apache-2.0
// Which folder of lib/ may use which (ARCHITECTURE.md has the picture). A folder that is not in the table may be
// used by nobody and may use nothing: a new folder needs a line here, and a place in the picture.
'use strict';

/** Leaves: everyone may use them, they use only each other. */
const LEAVES = [
  'errors.ts',
  'option-checks.ts',
  'package-root.ts',
  'random.ts',
  'temporary-folder.ts',
  'tensor',
  'text',
  'html',
  'numerics',
];

/**
 * Folder of lib/ -> the folders and files of lib/ that it may use besides itself and the leaves. Layers go down:
 * cli, {bench, serve}, session, builder, runtime, binding; the command line never reaches the addon itself.
 */
const MAY_USE = {
  binding: [],
  runtime: ['binding'],
  onnx: [],
  // Of pipelines the form alone, which a manifest keeps.
  builder: ['runtime', 'binding', 'onnx', 'compress', 'pipeline/spec'],
  session: ['builder', 'runtime', 'binding', 'onnx'],
  compress: ['onnx'],
  ops: ['runtime', 'binding'],
  pipeline: ['index.ts', 'ops', 'runtime', 'binding', 'onnx'],
  evaluate: ['index.ts', 'onnx', 'compress'],
  bench: ['index.ts'],
  onnxruntime: ['index.ts', 'session', 'builder', 'runtime', 'binding', 'onnx'],
  serve: ['index.ts'],
  cli: [
    'index.ts',
    'bench',
    'evaluate',
    'pipeline',
    'serve',
    'session',
    'builder',
    'runtime',
    'compress',
    'onnx',
  ],
};

const pathOf = (name) => (name.endsWith('.ts') ? `^lib/${name.replace('.', '\\.')}$` : `^lib/${name}/`);

const layerRules = Object.entries(MAY_USE).map(([folder, used]) => ({
  name: `${folder}-uses-only-its-layers`,
  severity: 'error',
  from: { path: pathOf(folder) },
  to: { path: '^lib/', pathNot: [folder, ...used, ...LEAVES].map(pathOf) },
}));

const leafRules = LEAVES.map((leaf) => ({
  name: `${leaf.replace('.ts', '')}-is-a-leaf`,
  severity: 'error',
  from: { path: pathOf(leaf) },
  to: { path: '^lib/', pathNot: LEAVES.map(pathOf) },
}));

const known = [...Object.keys(MAY_USE), ...LEAVES, 'index.ts'].map(pathOf).concat('^lib/index\\.mts$');

module.exports = {
  forbidden: [
    ...layerRules,
    ...leafRules,
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unknown-folder', severity: 'error', from: {}, to: { path: '^lib/', pathNot: known } },
    {
      name: 'lib-stands-alone',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|scripts|benchmarks|examples)/' },
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: '^lib/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/@types/' },
    },
    { name: 'resolvable', severity: 'error', from: { path: '^lib/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'types', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
