// SPDX-License-Identifier: Apache-2.0
// The models of the onnx package's backend test data through buildEngine() and through the official Python API.
//
//     npm run bench:onnx-coverage -- [--sample 40 --seed 1] [--jobs 2] [--resume] [--json] [--write]
//
// What is done is kept in build/ as it comes; --resume goes on from there.

import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requirePeers, ROOT } from '../harness/paths.mjs';
import { environment, publish, readOptions, say } from '../harness/report.mjs';
import { createUniform } from '../../build/javascript/random.js';
import { compareModels, startPeer } from './compare.mjs';
import { formatSummary, summarize } from './summary.mjs';

const NAME = 'onnx-coverage';
const ABOUT = `Every model of the \`onnx\` package's backend test data, built for TensorRT-RTX by \`buildEngine()\` and by
the official Python API with the same options, each build in a fresh process. Inputs that TensorRT takes as shape
tensors get a profile with the values that the test data ships, the same on both sides. "Parsed" counts what the ONNX
parser of TensorRT takes; "same bytes" compares the SHA-256 of the engines.`;

requirePeers();
const options = readOptions({
  sample: { type: 'string' },
  seed: { type: 'string', default: '1' },
  jobs: { type: 'string', default: '2' },
  resume: { type: 'boolean' },
});
// A sample must not take the place of a run over all models.
const JOURNAL = join(ROOT, 'build', `${NAME}${options.sample ? '-sample' : ''}.jsonl`);
const listing = await listModels();
const ids = options.sample
  ? takeSample(listing.models, Number(options.sample), Number(options.seed))
  : listing.models;
const results = options.resume ? readJournal(new Set(ids)) : startJournal();
await compareRest();
results.sort((a, b) => (a.id < b.id ? -1 : 1));
const summary = summarize(results);
if (options.write) writeJson(summary);
publish(NAME, options, summary, `${ABOUT}\n\n${formatSummary(summary)}`);
process.exitCode = summary.verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function listModels() {
  const peer = startPeer();
  const answer = await peer.ask({ list: true });
  peer.close();
  return answer;
}

/** At least two models of every set, the rest at random; the seed decides. */
function takeSample(models, size, seed) {
  const random = createUniform(seed);
  const shuffled = models.map((id) => [random(), id]).sort(([a], [b]) => a - b);
  const taken = new Set();
  const perSet = new Map();
  for (const [, id] of shuffled) {
    const set = id.split('/')[0];
    perSet.set(set, (perSet.get(set) ?? 0) + 1);
    if (perSet.get(set) <= 2) taken.add(id);
  }
  for (const [, id] of shuffled) if (taken.size < size) taken.add(id);
  return [...taken].sort();
}

async function compareRest() {
  const done = new Set(results.map(({ id }) => id));
  const left = ids.filter((id) => !done.has(id));
  const onResult = (result) => {
    results.push(result);
    appendFileSync(JOURNAL, `${JSON.stringify(result)}\n`);
    if (results.length % 100 === 0 || results.length === ids.length)
      say(`${results.length} of ${ids.length} models`);
  };
  await compareModels(listing, left, { jobs: Number(options.jobs), onResult });
}

function startJournal() {
  mkdirSync(dirname(JOURNAL), { recursive: true });
  rmSync(JOURNAL, { force: true });
  return [];
}

function readJournal(wanted) {
  if (!existsSync(JOURNAL)) return startJournal();
  const lines = readFileSync(JOURNAL, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).filter(({ id }) => wanted.has(id));
}

/** One line per model: status of the Python API, of ours (an error code where there is one), bytes. */
function writeJson(summary) {
  const lines = results.map(({ id, theirs, ours, bytes }) => {
    const row = [theirs.status, ours.code ?? ours.status, ...(bytes ? [bytes] : [])];
    return `${JSON.stringify(id)}:${JSON.stringify(row)}`;
  });
  const head = JSON.stringify({ benchmark: NAME, environment: environment(), ...summary });
  const text = `${head.slice(0, -1)},"models":{\n${lines.join(',\n')}\n}}\n`;
  writeFileSync(join(ROOT, 'benchmarks/results', `${NAME}.json`), text);
}
