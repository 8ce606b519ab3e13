// SPDX-License-Identifier: Apache-2.0
// The tests of onnxruntime's own Node binding, run against onnxruntime-node and against the drop-in, side by side.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runMain, ToolError } from './run-tool.mjs';
import { ROOT, SDK } from './sdk/steps.mjs';
import { compareOutcomes, formatReport, owedTests } from './upstream-onnxruntime/report.mjs';
import { runTests } from './upstream-onnxruntime/run-tests.mjs';
import { addMissingModels } from './upstream-onnxruntime/stand-in-models.mjs';
import { fillWorkspace } from './upstream-onnxruntime/workspace.mjs';

const USAGE = `node scripts/upstream-onnxruntime-tests.mjs --source <checkout of onnxruntime>

  --source <folder>      a checkout of onnxruntime, or its js/ folder
  --onnx-tests <folder>  operator tests of ONNX (onnx/backend/test/data/node); default: those of npm run sdk -- peers
  --squeezenet <file>    used if the checkout has no squeezenet.onnx; default: light_squeezenet.onnx of the same package
  --peer <version>       version of onnxruntime-node; default: that of this repository
  --output <file>        report; default benchmarks/results/onnxruntime-tests.md
  --keep                 leave the folder in which the tests ran
`;

const ONNX_DATA = join(SDK, 'peers', 'onnx', 'backend', 'test', 'data');
const existing = (path) => (existsSync(path) ? path : undefined);

function readArguments() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      source: text,
      'onnx-tests': text,
      squeezenet: text,
      peer: text,
      output: text,
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  if (values.source === undefined) throw new ToolError(`--source is missing.\n\n${USAGE}`);
  return {
    checkout: findCheckout(resolve(values.source)),
    onnxTests:
      values['onnx-tests'] === undefined ? existing(join(ONNX_DATA, 'node')) : resolve(values['onnx-tests']),
    squeezeNet: values.squeezenet ?? existing(join(ONNX_DATA, 'light', 'light_squeezenet.onnx')),
    peer: values.peer ?? versionOf('onnxruntime-node'),
    output: values.output ?? join(ROOT, 'benchmarks', 'results', 'onnxruntime-tests.md'),
    keep: values.keep ?? false,
  };
}

function findCheckout(folder) {
  const root = basename(folder) === 'js' ? dirname(folder) : folder;
  if (!existsSync(join(root, 'js', 'node', 'test', 'test-main.ts')))
    throw new ToolError(`${folder} has no js/node/test: pass a checkout of onnxruntime.`);
  return root;
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** The addon of this checkout, where the package has no prebuilt one yet. */
function addonOfCheckout() {
  const addon = process.env.TENSORRT_NODE_ADDON ?? join(ROOT, 'build', 'Release', 'tensorrt_node.node');
  return existsSync(addon) ? { TENSORRT_NODE_ADDON: addon } : {};
}

function factsOf({ checkout, peer, onnxTests }, added) {
  const upstream = JSON.parse(readFileSync(join(checkout, 'js', 'node', 'package.json'), 'utf8')).version;
  const facts = [
    `tests of onnxruntime ${upstream}, onnxruntime-node ${peer}, Node ${process.versions.node}, ${process.platform}-${process.arch}`,
  ];
  facts.push(
    onnxTests === undefined
      ? 'without the operator tests of ONNX'
      : 'operator tests of ONNX: those of the Python package onnx',
  );
  if (added.length > 0)
    facts.push(
      `models that the checkout lacked, replaced by ones with the same interface: ${added.join(', ')}`,
    );
  return facts;
}

async function main() {
  const request = readArguments();
  if (request === undefined) return void process.stdout.write(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'onnxruntime-tests-'));
  try {
    const workspace = await fillWorkspace(folder, request);
    const added = await addMissingModels(workspace, request.squeezeNet);
    const peer = await runTests(workspace, 'onnxruntime-node');
    const ours = await runTests(workspace, 'tensorrt-node/onnxruntime', addonOfCheckout());
    const rows = compareOutcomes(peer, ours);
    if (request.onnxTests !== undefined && !rows.some(({ title }) => title.startsWith('ONNX spec tests')))
      throw new ToolError(`no operator test was found in ${request.onnxTests}`);
    const command = 'node scripts/upstream-onnxruntime-tests.mjs --source <checkout of onnxruntime>';
    const report = formatReport(rows, { facts: factsOf(request, added), command });
    writeFileSync(request.output, report);
    process.stdout.write(report);
    const owed = owedTests(rows);
    if (owed.length > 0)
      throw new ToolError(`${owed.length} tests pass with onnxruntime-node and fail with the drop-in`);
  } finally {
    if (request.keep) process.stderr.write(`kept ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

await runMain(main);
