// SPDX-License-Identifier: Apache-2.0
// Shape inference and checker over the models of the onnx package's backend test data, beside onnx's own.
//
//     npm run bench:shape-inference -- [--list] [--json] [--write]

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonPeer, requirePeers } from '../harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { checkOnnxModel } from '../../build/javascript/onnx/check/check-onnx-model.js';
import { TENSOR_SCHEMA } from '../../build/javascript/onnx/graph/onnx-messages.js';
import { loadModel } from '../../build/javascript/onnx/graph/onnx-model.js';
import { emptyMessage } from '../../build/javascript/onnx/graph/wire-message.js';
import { inferShapes } from '../../build/javascript/onnx/infer/infer-shapes.js';

const ABOUT = `The models of the \`onnx\` package's backend test data. Each line compares what is inferred from inputs and
nodes alone (declared shapes of inner values and outputs are not looked at) with: the types that the model declares for
its outputs; what \`onnx.shape_inference\` (data propagation on) finds for every value of the main graph; the dims of the
tensors that the test data ships as outputs, once by the declared inputs, and once by the tensors shipped as inputs: by
their dims, small ones as constants, so that sizes, axes and repeats are known. "More" is known here and not there,
"less" the other way round; a contradiction is another type, another number of dimensions or another size. What is less
in the last line depends on data (NonZero, Unique, Compress, NonMaxSuppression, texts, images), or comes from sequences,
the preview and the machine-learning domain, of which nothing is told. The checker is compared with \`onnx.checker\`.`;

requirePeers();
const options = readOptions({ list: { type: 'boolean' } });

const COMPARISONS = {
  declared: 'outputs as declared',
  inferred: 'values of onnx.shape_inference',
  shipped: 'shipped outputs, by declared inputs',
  run: 'shipped outputs, by shipped inputs',
};
const KINDS = ['equal', 'more', 'less', 'contradiction'];
const counts = Object.fromEntries(
  Object.keys(COMPARISONS).map((key) => [key, Object.fromEntries(KINDS.map((kind) => [kind, 0]))]),
);
const checker = { models: 0, passed: 0, falseErrors: 0, refused: 0, refusedToo: 0 };
const listed = [];

async function* peerLines() {
  const { command, env } = pythonPeer();
  const script = fileURLToPath(new URL('inference_peer.py', import.meta.url));
  const child = spawn(command, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  yield* createInterface({ input: child.stdout });
}

async function compare(theirs) {
  const { id } = theirs;
  let model;
  try {
    model = await loadModel(theirs.path);
  } catch (error) {
    checker.models++;
    if (theirs.checker === null) checker.passed++;
    listed.push(`${id}: not loaded: ${error.message}`);
    return;
  }
  const alone = inferShapes(model, { declared: false });
  for (const [name, type] of Object.entries(theirs.declared))
    count(`${id} ${name}`, 'declared', alone.typeOf(name), type);
  for (const [name, type] of Object.entries(theirs.inferred))
    count(`${id} ${name}`, 'inferred', alone.typeOf(name), type);
  for (const [name, type] of Object.entries(theirs.outputs))
    count(`${id} ${name}`, 'shipped', alone.typeOf(name), type);
  const concrete = inferShipped(id, model.clone(), theirs.inputs);
  for (const [name, type] of Object.entries(theirs.outputs))
    count(`${id} ${name}`, 'run', concrete?.typeOf(name), type);
  compareChecker(theirs, model);
}

/** Inputs whose values are told become initializers; of the others the dims are given. */
function inferShipped(id, model, tensors) {
  const { graph } = model;
  const inputs = {};
  for (const [name, [dataType, dims, values]] of Object.entries(tensors)) {
    if (values === null) {
      inputs[name] = dims;
      continue;
    }
    graph.input = graph.input.filter((input) => input.name !== name);
    graph.initializer.push({
      ...emptyMessage(TENSOR_SCHEMA),
      name,
      dims,
      dataType,
      ...listOf(dataType, values),
    });
  }
  try {
    return inferShapes(model, { declared: false, inputs });
  } catch (error) {
    listed.push(`${id}: ${error.message}`);
    return undefined;
  }
}

function listOf(dataType, values) {
  if (dataType === 1) return { floatData: values };
  return dataType === 7 ? { int64Data: values.map(BigInt) } : { int32Data: values };
}

function compareChecker(theirs, model) {
  const errors = checkOnnxModel(model).filter(({ severity }) => severity === 'error');
  checker.models++;
  if (theirs.checker === null) {
    checker.passed++;
    if (errors.length > 0) checker.falseErrors++;
    for (const { message } of errors) listed.push(`${theirs.id}: false error: ${message}`);
  } else {
    checker.refused++;
    if (errors.length > 0) checker.refusedToo++;
    else listed.push(`${theirs.id}: onnx refuses it: ${theirs.checker}`);
  }
}

function count(value, comparison, ours, theirs) {
  const kind = difference(ours, theirs);
  counts[comparison][kind]++;
  if (kind === 'contradiction' || kind === 'less')
    listed.push(
      `${kind} (${comparison}) ${value}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`,
    );
}

function difference(ours, [elemType, dims]) {
  if (elemType === 0 && dims === null) return ours === undefined ? 'equal' : 'more';
  if (ours === undefined) return 'less';
  if (ours.elemType !== 0 && elemType !== 0 && ours.elemType !== elemType) return 'contradiction';
  if (dims === null) return ours.dims === undefined ? 'equal' : 'more';
  if (ours.dims === undefined) return 'less';
  if (ours.dims.length !== dims.length) return 'contradiction';
  const knowledge = ours.dims.map((dim, index) => compareSize(dim, dims[index]));
  for (const kind of ['contradiction', 'less', 'more']) if (knowledge.includes(kind)) return kind;
  return ours.elemType === 0 && elemType !== 0 ? 'less' : 'equal';
}

/** A name says more than nothing, and a number more than a name. */
function compareSize(ours, theirs) {
  if (typeof ours === 'number' && typeof theirs === 'number')
    return ours === theirs ? 'equal' : 'contradiction';
  const rank = (size) => (typeof size === 'number' ? 2 : typeof size === 'string' ? 1 : 0);
  return rank(ours) === rank(theirs) ? 'equal' : rank(ours) > rank(theirs) ? 'more' : 'less';
}

function report() {
  if (options.list) say(listed.join('\n'));
  const rows = Object.entries(COMPARISONS).map(([key, title]) => [
    title,
    ...KINDS.map((kind) => counts[key][kind]),
  ]);
  const { models, passed, falseErrors, refused, refusedToo } = checker;
  const checkerRows = [[models, passed, falseErrors, refused, refusedToo]];
  const contradictions = Object.values(counts).reduce((sum, one) => sum + one.contradiction, 0);
  const verdicts = [
    { claim: 'contradictions', value: contradictions, target: 0, isMet: contradictions === 0 },
    {
      claim: 'models with errors that onnx.checker passes',
      value: falseErrors,
      target: 0,
      isMet: falseErrors === 0,
    },
  ];
  const body = [
    ABOUT,
    markdownTable(['compared with', 'equal', 'more', 'less', 'contradictions'], rows),
    markdownTable(
      [
        'models',
        'passed by onnx.checker',
        'of these with errors here',
        'refused by it',
        'of these with errors here',
      ],
      checkerRows,
    ),
  ].join('\n\n');
  publish('shape-inference', options, { results: { counts, checker }, verdicts }, body);
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

for await (const line of peerLines()) await compare(JSON.parse(line));
report();
