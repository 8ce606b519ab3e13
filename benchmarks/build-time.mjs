// SPDX-License-Identifier: Apache-2.0
// Build time beside the official Python API's: interleaved rounds, every build in a fresh process.
//
//     npm run bench:build-time -- [--rounds 7] [--json] [--write]

import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { onnxTestModel, pythonPeer, requirePeers } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median } from './harness/stats.mjs';

const MODELS = ['light_resnet50', 'light_squeezenet', 'light_densenet121'];
const TARGET = 1.05;
const ABOUT = `Parse and build are timed inside each side: in the Python process around its parser and builder calls, in
the addon around the same calls. "Whole call" is from before the library is loaded to the engine's bytes: \`import\`
and build in Python, \`import\` and \`buildEngine()\` here, which also reads and checks the model first. Medians of
interleaved rounds, every build in a fresh process. "Start" is what a child process costs with \`isolation: 'process'\`,
the default.`;

requirePeers();
const options = readOptions({ rounds: { type: 'string', default: '7' } });
const results = [];
for (const name of MODELS) {
  results.push(await compare(name));
  say(`${name}: ${results.at(-1).ratio.toFixed(3)}`);
}
const ratio = median(results.map((result) => result.ratio));
const verdicts = [
  {
    claim: 'parse and build over the Python API, median of the models',
    value: ratio.toFixed(3),
    target: `<= ${TARGET}`,
    isMet: ratio <= TARGET,
  },
];
publish('build-time', options, { results, verdicts }, `${ABOUT}\n\n${format(results)}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function compare(name) {
  const path = onnxTestModel(`light/${name}.onnx`);
  const samples = { python: [], thread: [], process: [] };
  for (let round = 0; round < Number(options.rounds); round += 1) {
    samples.python.push(await runPython(path));
    samples.thread.push(await runOurs(path, 'thread'));
    samples.process.push(await runOurs(path, 'process'));
  }
  const middle = (side, key) => median(samples[side].map((sample) => sample[key]));
  const hashes = new Set(Object.values(samples).flatMap((list) => list.map(({ sha256 }) => sha256)));
  return {
    name,
    rounds: Number(options.rounds),
    pythonMs: middle('python', 'parseAndBuildMs'),
    threadMs: middle('thread', 'parseAndBuildMs'),
    processMs: middle('process', 'parseAndBuildMs'),
    ratio: middle('thread', 'parseAndBuildMs') / middle('python', 'parseAndBuildMs'),
    pythonWholeMs: middle('python', 'wholeMs'),
    threadWholeMs: middle('thread', 'wholeMs'),
    processWholeMs: middle('process', 'wholeMs'),
    isolationStartMs: middle('process', 'isolationStartMs'),
    isSameBytes: hashes.size === 1,
  };
}

function runPython(path) {
  const { command, env } = pythonPeer();
  return runForJson(command, [fileURLToPath(new URL('harness/build_once.py', import.meta.url)), path], {
    env,
  });
}

function runOurs(path, isolation) {
  const script = fileURLToPath(new URL('harness/build-once.mjs', import.meta.url));
  return runForJson(process.execPath, [script, path, isolation]);
}

function format(list) {
  const inner = markdownTable(
    ['parse + build, ms', 'Python', 'ours, thread', 'ours, process', 'ratio (thread / Python)', 'same bytes'],
    list.map((r) => [
      r.name,
      ...[r.pythonMs, r.threadMs, r.processMs].map((ms) => ms.toFixed(0)),
      r.ratio.toFixed(3),
      r.isSameBytes ? 'yes' : 'no',
    ]),
  );
  const whole = markdownTable(
    ['whole call, ms', 'Python', 'ours, thread', 'ours, process', 'start of the child process'],
    list.map((r) => [
      r.name,
      ...[r.pythonWholeMs, r.threadWholeMs, r.processWholeMs, r.isolationStartMs].map((ms) => ms.toFixed(0)),
    ]),
  );
  return `${inner}\n\n${whole}`;
}
