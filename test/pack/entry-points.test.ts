// SPDX-License-Identifier: Apache-2.0
// The built package as its users see it: both module systems, one identity, and an import that opens nothing.
import { execFileSync } from 'node:child_process';
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

describe('the built package', () => {
  it.each([
    ['tensorrt-node', ['TensorRTError', 'buildEngine', 'createSession', 'loadEngine', 'probe']],
    ['tensorrt-node/bench', ['runBench', 'compareResults', 'formatHtml', 'readBenchDocument']],
    ['tensorrt-node/compress', ['cast', 'quantize', 'collectRanges', 'mapWeights']],
    ['tensorrt-node/evaluate', ['evaluate', 'validate']],
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
      console.log(JSON.stringify(Object.keys(require.cache).filter((path) => /[\\/]dist[\\/](bench|onnx|compress|evaluate)[\\/]/.test(path))));`;
    expect(evaluate('commonjs', source)).toEqual([]);
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
