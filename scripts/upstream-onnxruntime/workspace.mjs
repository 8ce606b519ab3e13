// SPDX-License-Identifier: Apache-2.0
// A folder laid out as the tests of onnxruntime's Node binding and of onnxruntime-common expect it, with the packages
// that they import. Nothing of it stays in this repository.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { capture, ToolError } from '../run-tool.mjs';
import { ROOT } from '../sdk/steps.mjs';

/** What the tests import beside the package under test; the versions are those of upstream's own lock file's majors. */
const TOOLS = ['mocha@11.8.0', 'fs-extra@11.4.1', 'jsonc@2.0.0', 'protobufjs@7.6.6', 'long@5.3.2'];

/** The module under test, as `require('..')` of a test finds it. */
const ENTRY = 'module.exports = require(process.env.TESTED_PACKAGE);\n';

const FILTERS = ['onnx_backend_test_series_filters.jsonc', 'onnx_backend_test_series_overrides.jsonc'];

/**
 * @typedef {object} Workspace
 * @property {string} root
 * @property {string} tests folder of the compiled tests of the Node binding
 * @property {string[]} commonTests compiled test files of onnxruntime-common
 */

/**
 * Fills an empty folder: packages, the tests as JavaScript, the operator tests of ONNX.
 * @param {string} root
 * @param {{ checkout: string, onnxTests: string | undefined, peer: string }} from
 * @returns {Promise<Workspace>}
 */
export async function fillWorkspace(root, { checkout, onnxTests, peer }) {
  await installPackages(root, peer);
  const tests = join(root, 'js', 'node', 'test');
  cpSync(join(checkout, 'js', 'node', 'test'), tests, { recursive: true });
  writeFileSync(join(root, 'js', 'node', 'package.json'), '{ "main": "index.js" }\n');
  writeFileSync(join(root, 'js', 'node', 'index.js'), ENTRY);
  compileFolder(tests);
  copyFilters(checkout, root);
  linkOperatorTests(root, onnxTests);
  return { root, tests, commonTests: addCommonTests(checkout, root) };
}

/** The tests of onnxruntime-common import it by its name: in their folder that is the module under test. */
function addCommonTests(checkout, root) {
  const common = join(root, 'js', 'common');
  const tests = join(common, 'test', 'unit-tests');
  cpSync(join(checkout, 'js', 'common', 'test', 'unit-tests'), tests, { recursive: true });
  const tested = join(common, 'node_modules', 'onnxruntime-common');
  mkdirSync(tested, { recursive: true });
  writeFileSync(join(tested, 'index.js'), ENTRY);
  return compileFolder(tests);
}

async function installPackages(root, peer) {
  const manifest = { private: true, allowScripts: { 'onnxruntime-node': false } };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  // As a copy, not a link: the package then shares onnxruntime-common with the tests, as it does at its users.
  const install = [
    'install',
    '--install-links',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefix',
    root,
  ];
  const packages = [`onnxruntime-node@${peer}`, ...TOOLS, `file:${ROOT}`];
  const { ok, output } = await capture(['npm', ...install, ...packages]);
  if (!ok) throw new ToolError(`npm could not install the packages of the tests:\n${output}`);
}

/** Upstream's runner reads `<opset>/<model>/`, and takes no link for the first. */
function linkOperatorTests(root, onnxTests) {
  const folder = join(root, 'js', 'test', 'data', 'node', 'onnx');
  mkdirSync(folder, { recursive: true });
  for (const name of onnxTests === undefined ? [] : readdirSync(onnxTests))
    symlinkSync(join(onnxTests, name), join(folder, name));
}

/** Types are left aside: what is asked is what the tests do. Gives back the compiled files. */
function compileFolder(folder) {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    esModuleInterop: true,
  };
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  return sources.map((file) => {
    const source = readFileSync(join(folder, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: options, fileName: file });
    const compiled = join(folder, file.replace(/\.ts$/, '.js'));
    writeFileSync(compiled, outputText);
    return compiled;
  });
}

/** Which operator tests upstream skips, and their tolerances. */
function copyFilters(checkout, root) {
  const below = join('onnxruntime', 'test', 'testdata');
  mkdirSync(join(root, below), { recursive: true });
  for (const name of FILTERS) {
    const file = join(checkout, below, name);
    if (!existsSync(file)) throw new ToolError(`${file} is missing: pass a checkout of onnxruntime.`);
    copyFileSync(file, join(root, below, name));
  }
}
