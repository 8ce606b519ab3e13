// SPDX-License-Identifier: Apache-2.0
// How often a comparison cries wolf on this machine, and how often it finds a true slow-down: real measurements on the
// CPU backend, each in a fresh process. The slow-down is a loop of 3 % of the median in every call.
//
//     npm run bench:false-alarms -- [--pairs 50] [--duration 1000] [--layers 2] [--json] [--write]

import { readOptions, markdownTable, publish, say } from './harness/report.mjs';
import { runForJson } from './harness/children.mjs';
import { fileURLToPath } from 'node:url';

const SLOW_DOWN = 0.03;
const CHILD = fileURLToPath(new URL('harness/false-alarms-child.mjs', import.meta.url));
const { compareResults, compareRounds } = await import('../build/javascript/bench/compare/index.js');

const options = readOptions({
  pairs: { type: 'string', default: '50' },
  rounds: { type: 'string', default: '7' },
  duration: { type: 'string', default: '1000' },
  layers: { type: 'string', default: '2' },
});
const pairs = Number(options.pairs);
const rounds = Number(options.rounds);
const same = [];
const slower = [];
let medianMs = (await measure(0)).latencyMs.p50;
for (let pair = 0; pair < pairs; pair += 1) {
  const triple = { a: undefined, same: undefined, slower: undefined };
  // Another order each time, so that none of them is always measured after the same one.
  for (const name of rotate(Object.keys(triple), pair)) {
    triple[name] = await measure(name === 'slower' ? SLOW_DOWN * medianMs : 0);
  }
  medianMs = triple.a.latencyMs.p50;
  same.push([triple.a, triple.same]);
  slower.push([triple.a, triple.slower]);
  say(`pair ${pair + 1} of ${pairs}: ${medianMs.toFixed(3)} ms`);
}

const results = [
  { method: 'two measurements', ...rates(same.map(alone), slower.map(alone)) },
  { method: `${rounds} interleaved rounds`, ...rates(inRounds(same), inRounds(slower)) },
];
const rows = results.map(({ method, comparisons, falseAlarms, found }) => [
  method,
  comparisons,
  percent(falseAlarms),
  percent(found),
]);
const verdicts = results.map(({ method, falseAlarms }) => ({
  claim: `false alarms, ${method}`,
  value: percent(falseAlarms),
  target: '≤ 5 %',
  isMet: falseAlarms <= 0.05,
}));
const titles = ['method', 'comparisons', 'false alarms', '3 % slow-down found'];
publish('false-alarms', options, { results, verdicts }, markdownTable(titles, rows));
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

function measure(spinMs) {
  const { duration, layers } = options;
  return runForJson(process.execPath, [CHILD, String(spinMs), duration, layers]);
}

function alone([a, b]) {
  return compareResults(a, b);
}

/** All runs of rounds that follow each other: they share measurements, so their rate varies more than its count says. */
function inRounds(measured) {
  return Array.from({ length: Math.max(0, measured.length - rounds + 1) }, (_, start) => {
    const part = measured.slice(start, start + rounds);
    return compareRounds(
      part.map(([a]) => a),
      part.map(([, b]) => b),
    );
  });
}

function rates(ofSame, ofSlower) {
  const share = (comparisons, isCounted) => comparisons.filter(isCounted).length / comparisons.length;
  return {
    comparisons: ofSame.length,
    falseAlarms: share(ofSame, ({ verdict }) => verdict !== 'no difference seen'),
    found: share(ofSlower, ({ verdict }) => verdict === 'slower'),
  };
}

function rotate(names, by) {
  const start = by % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}
