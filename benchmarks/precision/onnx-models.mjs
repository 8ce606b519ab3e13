// SPDX-License-Identifier: Apache-2.0
// The models of the onnx package that build in FP32, cast to FP16 and quantised to INT8 on made-up data, and built.
//
//     npm run bench:precision-models -- [--set light] [--json] [--write]
//
// Which models build in FP32 is what `npm run bench:onnx-coverage` wrote to benchmarks/results/onnx-coverage.json.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from '../harness/children.mjs';
import { onnxTestModel, requirePeers, ROOT } from '../harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const SETS = ['light', 'pytorch-converted', 'pytorch-operator', 'simple'];
const CHILD = fileURLToPath(new URL('rewrite-once.mjs', import.meta.url));
const ABOUT = `Every model of these sets of the \`onnx\` package that TensorRT-RTX builds in FP32, cast to FP16 without
data and quantised to INT8 with default settings on two runs of seeded normal values, then built with TensorRT-RTX, each model in
a fresh process. "Nothing to gain" are models that are refused because nothing, or less than half of the arithmetic, can
be in the type: single operators, layers too small for INT8. The architectures of the real-model set are the light set's:
the package carries those with constant weights.`;

requirePeers();
const options = readOptions({ set: { type: 'string' } });
const results = [];
for (const id of listModels()) {
  results.push({ id, ...(await rewrite(id)) });
  const { fp16, int8 } = results.at(-1);
  say(`${id}: FP16 ${fp16.status}, INT8 ${int8.status}`);
}
const failures = results.flatMap(({ id, fp16, int8 }) =>
  Object.entries({ FP16: fp16, INT8: int8 }).flatMap(([precision, { status, reason }]) =>
    isGood(status) ? [] : [{ id, precision, status, reason }],
  ),
);
const verdicts = [
  {
    claim: 'models whose rewritten graph fails',
    value: failures.length,
    target: '0',
    isMet: failures.length === 0,
  },
];
publish('precision-models', options, { results, verdicts }, `${ABOUT}\n\n${format()}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** Those that both sides built in FP32, as the coverage run has it: `[theirs, ours, bytes]`. */
function listModels() {
  const { models } = JSON.parse(readFileSync(join(ROOT, 'benchmarks/results/onnx-coverage.json'), 'utf8'));
  const wanted = options.set === undefined ? SETS : [options.set];
  return Object.entries(models)
    .filter(([id, [, ours]]) => ours === 'built' && wanted.includes(id.split('/')[0]))
    .map(([id]) => id);
}

async function rewrite(id) {
  try {
    return await runForJson(process.execPath, [CHILD, onnxTestModel(id)]);
  } catch (error) {
    const crashed = {
      status: 'crashed',
      reason: error.message.split('\n').slice(0, 4).join(' ').slice(0, 300),
    };
    return { fp16: crashed, int8: crashed };
  }
}

function isGood(status) {
  return status === 'built' || status === 'nothing';
}

function format() {
  const count = (some, precision, status) => some.filter((one) => one[precision].status === status).length;
  const sets = [...new Set(results.map(({ id }) => id.split('/')[0]))];
  const rows = sets.map((set) => {
    const some = results.filter(({ id }) => id.startsWith(`${set}/`));
    const cells = ['fp16', 'int8'].flatMap((precision) => {
      const [built, nothing] = ['built', 'nothing'].map((status) => count(some, precision, status));
      return [built, nothing, some.length - built - nothing];
    });
    return [set, some.length, ...cells];
  });
  const titles = [
    'set',
    'models',
    ...['FP16', 'INT8'].flatMap((p) => [`${p} built`, 'nothing to gain', 'failed']),
  ];
  const list = failures.map(
    ({ id, precision, status, reason }) => `- ${id}, ${precision}, ${status}: ${reason}`,
  );
  return [markdownTable(titles, rows), ...list].join('\n');
}
