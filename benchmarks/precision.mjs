// SPDX-License-Identifier: Apache-2.0
// INT8 and FP16 beside onnxruntime's static quantisation and NVIDIA ModelOpt, on networks trained for it.
//
//     npm run bench:precision -- [--only cnn] [--json] [--write]

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { pythonPeer, requirePeers, ROOT } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { listNetworks, NETWORKS } from './precision/data.mjs';
import { whyNotBuilt } from './precision/ours.mjs';
import { judge, percent } from './precision/verdicts.mjs';

const OUT = join(ROOT, 'build/precision');
const ABOUT = `All tools get the same calibration data in runs of eight samples. Every model is scored by the same
ONNX Runtime on the same test data, with Q/DQ computed as written; SQNR and cosine are those of the outputs to the FP32
model's. "Operators" counts Conv, Gemm and MatMul that read input and weight in INT8, "RTX" whether TensorRT-RTX builds
the model. "Unequal" networks are the same functions with channels whose ranges differ by up to 1,024 times.
onnxruntime quantises weighted operators alone, per channel, symmetric, with float biases: its defaults do not build.
Networks: \`benchmarks/precision/train\`. Times are those of one tool after the other on a shared machine.`;

requirePeers();
const options = readOptions({ only: { type: 'string' } });
const networks = [];
for (const subject of await listSubjects()) {
  if (options.only !== undefined && !subject.name.startsWith(options.only)) continue;
  networks.push(await compare(subject));
}
const verdicts = judge(networks);
publish(
  'precision',
  options,
  { results: networks, verdicts },
  `${ABOUT}\n\n${networks.map(format).join('\n\n')}`,
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** The committed networks, and the sentence transformer that is made here. */
async function listSubjects() {
  const committed = Object.entries(listNetworks()).map(([name, { about, data }]) => ({
    name,
    about: name.endsWith('-unequal') ? `${about}, unequal` : about,
    model: join(NETWORKS, `${name}.onnx`),
    data,
    folder: NETWORKS,
    dims: { batch: [1, 8, 32] },
  }));
  if (options.only !== undefined && !'sentence'.startsWith(options.only)) return committed;
  mkdirSync(OUT, { recursive: true });
  await runPython('train/sentence.py', [OUT]);
  const sentence = {
    name: 'sentence',
    about: 'sentence transformer, 6 layers, width 384',
    model: join(OUT, 'sentence.onnx'),
    data: 'sentence',
    folder: OUT,
    dims: { batch: [1, 8, 32], tokens: [1, 32, 32] },
  };
  return [...committed, sentence];
}

async function compare({ name, about, model, data, folder, dims }) {
  const args = [model, data, folder, join(OUT, name)];
  const made = [
    ...(await runForJson(process.execPath, [
      fileURLToPath(new URL('precision/ours.mjs', import.meta.url)),
      ...args,
    ])),
    ...(await runPython('peers.py', ['onnxruntime', ...args])),
    ...(await runPython('peers.py', ['modelopt', ...args])),
  ];
  const paths = made.flatMap(({ path }) => path ?? []);
  const scores = await runPython('evaluate.py', [data, folder, model, ...paths]);
  const rows = [];
  for (const one of made) rows.push(await complete(one, scores, dims));
  say(`${name}: done`);
  return { name, about, reference: scores[0], rows };
}

async function complete(made, scores, dims) {
  if (made.path === undefined) return made;
  const { path, ...score } = scores.find((one) => one.path === made.path);
  return { ...made, ...score, refused: await whyNotBuilt(path, dims) };
}

function runPython(script, args) {
  const { command, env } = pythonPeer();
  return runForJson(command, [fileURLToPath(new URL(`precision/${script}`, import.meta.url)), ...args], {
    env,
  });
}

function format({ name, about, reference, rows }) {
  const isClassifier = reference.accuracy !== null;
  const first = isClassifier ? `FP32 accuracy: ${percent(reference.accuracy)}.` : '';
  const titles = ['tool', isClassifier ? 'accuracy' : 'cosine', 'SQNR, dB', 'operators', 'RTX', 'seconds'];
  const lines = rows.map((row) => {
    const label = `${row.tool} ${row.precision.toUpperCase()}, ${row.method}`;
    if (row.error !== undefined) return [label, 'failed', '-', '-', '-', row.seconds];
    const main = isClassifier ? percent(row.accuracy) : row.cosine.toFixed(4);
    const sqnr = row.sqnrDb === null ? 'equal' : row.sqnrDb.toFixed(1);
    return [label, main, sqnr, row.quantized, row.refused === null ? 'yes' : 'no', row.seconds];
  });
  const failures = rows.flatMap(({ tool, precision, method, error, refused }) => {
    // Other machines have other paths.
    const reason = (error ?? refused)?.replaceAll(ROOT, '');
    if (reason === undefined || reason === null) return [];
    return [`- ${tool} ${precision.toUpperCase()}, ${method}: ${reason.split('\n')[0].slice(0, 200)}`];
  });
  return [`## ${name}`, `${about}. ${first}`.trim(), markdownTable(titles, lines), ...failures].join('\n\n');
}
