// SPDX-License-Identifier: Apache-2.0
// The built package as its users see it: both module systems, one identity, and an import that opens nothing.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '..', '..');

/** Runs a module in a fresh process inside the package, where its own name resolves to it; gives back its JSON. */
function evaluate(kind: 'module' | 'commonjs', source: string): unknown {
  const args = [`--input-type=${kind}`, '--eval', source];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

const PRINT_NATIVE = `
  const maps = require('node:fs').existsSync('/proc/self/maps')
    ? require('node:fs').readFileSync('/proc/self/maps', 'utf8') : '';
  const shared = [...process.report.getReport().sharedObjects, ...maps.split('\\n').map((line) => line.split(' ').pop())];
  const native = shared.filter((path) => /\\.node$|libcuda|libnv|tensorrt|onnxruntime/.test(path));
  console.log(JSON.stringify([...new Set(native)]));`;

/** The modules of lib/ whose code a file of dist/ holds, by the comment that stands above each. */
const modulesOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^\/\/ (lib\/.+\.ts)$/gm)].map(([, path]) => path!);

const built = (ending: RegExp) =>
  (readdirSync(join(root, 'dist'), { recursive: true }) as string[])
    .filter((path) => ending.test(path))
    .map((path) => join(root, 'dist', path));

describe('the built package', () => {
  it.each([
    ['tensorrt-node', ['TensorRTError', 'buildEngine', 'createSession', 'loadEngine', 'probe']],
    ['tensorrt-node/bench', ['runBench', 'compareResults', 'formatHtml', 'readBenchDocument']],
    ['tensorrt-node/compress', ['cast', 'quantize', 'collectRanges', 'mapWeights']],
    ['tensorrt-node/evaluate', ['evaluate', 'validate']],
    ['tensorrt-node/onnxruntime', ['InferenceSession', 'Tensor', 'env', 'listSupportedBackends', 'register']],
    ['tensorrt-node/ops', ['createChain', 'preprocessImages', 'softmax', 'nonMaximumSuppression', 'logMel']],
    ['tensorrt-node/pipeline', ['createPipeline', 'readPipelineSpec']],
    ['tensorrt-node/onnx', ['OnnxModel', 'extractModel', 'loadModel', 'printModel', 'readModelInfo']],
  ])('exports the same names of %s to ESM and CommonJS', (entry, some) => {
    const source = `
      import { createRequire } from 'node:module';
      import * as esm from '${entry}';
      const cjs = createRequire(process.cwd() + '/x.js')('${entry}');
      const ignored = ['default', 'module.exports', '__esModule'];
      const names = (object) => Object.keys(object).filter((name) => !ignored.includes(name)).sort();
      const same = names(cjs).every((name) => esm[name] === cjs[name]);
      console.log(JSON.stringify({ esm: names(esm), cjs: names(cjs), same }));`;
    const result = evaluate('module', source) as { esm: string[]; cjs: string[]; same: boolean };
    expect(result.same).toBe(true);
    expect(result.esm).toEqual(result.cjs);
    expect(result.esm).toEqual(expect.arrayContaining(some));
  });

  it.each([
    ['commonjs', 'tensorrt-node'],
    ['module', 'tensorrt-node'],
    ['commonjs', 'tensorrt-node/bench'],
    ['module', 'tensorrt-node/bench'],
    ['commonjs', 'tensorrt-node/onnx'],
    ['module', 'tensorrt-node/onnx'],
    ['commonjs', 'tensorrt-node/compress'],
    ['module', 'tensorrt-node/compress'],
    ['commonjs', 'tensorrt-node/evaluate'],
    ['module', 'tensorrt-node/evaluate'],
    ['commonjs', 'tensorrt-node/ops'],
    ['module', 'tensorrt-node/ops'],
    ['commonjs', 'tensorrt-node/pipeline'],
    ['module', 'tensorrt-node/pipeline'],
  ] as const)('opens no native library when it is imported (%s, %s)', (kind, entry) => {
    const load = {
      commonjs: `require('${entry}');${PRINT_NATIVE}`,
      module: `import { createRequire } from 'node:module';
        import '${entry}';
        const require = createRequire(process.cwd() + '/x.js');${PRINT_NATIVE}`,
    };
    expect(evaluate(kind, load[kind])).toEqual([]);
  });

  it('loads no part of the benchmark harness or of the toolkit for models with the main entry', () => {
    const source = `require('tensorrt-node');
      console.log(JSON.stringify(Object.keys(require.cache).filter((path) => path.startsWith('${root}/dist/'))));`;
    const modules = (evaluate('commonjs', source) as string[]).flatMap(modulesOf);
    expect(modules).toContain('lib/session/create-session.ts');
    const others = modules.filter((path) =>
      /^lib\/(bench|cli|compress|evaluate|onnx|onnxruntime|html)\//.test(path),
    );
    expect(others).toEqual([]);
  });

  it('loads nothing of the benchmark harness with the entry of evaluation', () => {
    const source = `require('tensorrt-node/evaluate');
      console.log(JSON.stringify(Object.keys(require.cache).filter((path) => path.startsWith('${root}/dist/'))));`;
    const modules = (evaluate('commonjs', source) as string[]).flatMap(modulesOf);
    expect(modules).toContain('lib/evaluate/evaluate.ts');
    expect(modules.filter((path) => path.startsWith('lib/bench/'))).toEqual([]);
  });

  it('has the code of every module once, so that a class is one from every entry point', () => {
    const modules = built(/\.js$/).flatMap(modulesOf);
    expect(modules.length).toBeGreaterThan(300);
    expect(modules.filter((path, index) => modules.indexOf(path) !== index)).toEqual([]);
  });

  it('declares every class once, so that it is one type from every entry point', () => {
    const texts = built(/\.d\.ts$/).map((file) => readFileSync(file, 'utf8'));
    const classes = texts.flatMap((text) =>
      [...text.matchAll(/^declare (?:abstract )?class (\w+)/gm)].map(([, name]) => name!),
    );
    expect(classes).toEqual(expect.arrayContaining(['Engine', 'Session', 'TensorRTError', 'OnnxModel']));
    expect(classes.filter((name, index) => classes.indexOf(name) !== index)).toEqual([]);
  });

  it.each([
    ['tensorrt-node', `loadEngine('/nowhere/a.engine')`],
    ['tensorrt-node/bench', `readBenchDocument('{')`],
    ['tensorrt-node/compress', `cast('/nowhere/a.onnx')`],
    ['tensorrt-node/evaluate', `evaluate('/nowhere/a.onnx', 1)`],
    ['tensorrt-node/onnx', `loadModel('/nowhere/a.onnx')`],
    ['tensorrt-node/onnxruntime', `register({ providers: 1 })`],
    ['tensorrt-node/ops', `softmax({ data: new Float32Array(2), dims: [3] })`],
    ['tensorrt-node/pipeline', `createPipeline('/nowhere/a.onnx')`],
  ])('throws the TensorRTError of the main entry from %s', (entry, call) => {
    const [method] = call.split('(');
    const source = `const { TensorRTError } = require('tensorrt-node');
      const { ${method} } = require('${entry}');
      (async () => ${call})().then(
        () => console.log('"no error"'),
        (error) => console.log(JSON.stringify([error.name, error instanceof TensorRTError])));`;
    expect(evaluate('commonjs', source)).toEqual(['TensorRTError', true]);
  });

  it('makes a report from what it has in it', () => {
    const source = `const { runBench, formatHtml } = require('tensorrt-node/bench');
      runBench({ name: 'nothing', call: async () => undefined, warmUpMs: 0, durationMs: 20 })
        .then((result) => console.log(JSON.stringify(formatHtml(result))));`;
    expect(evaluate('commonjs', source)).toMatch(/^<!doctype html>[\s\S]*uPlot/i);
  });

  it('sees a native library in such a process if there is one', () => {
    // Else the test above would pass on any machine where the look-up itself is broken.
    const library = join(root, 'build', 'Release', 'tensorrt_node.node');
    const source = `require(${JSON.stringify(library)});${PRINT_NATIVE}`;
    expect(evaluate('commonjs', source)).toContain(library);
  });

  it('gives its version through package.json', () => {
    const source = `console.log(JSON.stringify(require('tensorrt-node/package.json').name))`;
    expect(evaluate('commonjs', source)).toBe('tensorrt-node');
  });

  it('does not give out its inner modules', () => {
    const source = `try { require('tensorrt-node/dist/errors.js'); console.log('"open"'); }
      catch (error) { console.log(JSON.stringify(error.code)); }`;
    expect(evaluate('commonjs', source)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
