// SPDX-License-Identifier: Apache-2.0

/** What became of a test with the peer and with the drop-in, in the order of the table. */
const VERDICTS = [
  ['passed', 'passed', 'passes with both'],
  ['failed', 'failed', 'fails with both'],
  ['skipped', 'skipped', 'skipped by the suite'],
  ['failed', 'passed', 'passes with the drop-in alone'],
  ['passed', 'failed', 'passes with onnxruntime-node alone'],
];

/** @typedef {{ title: string, peer: string, ours: string, message?: string }} Row */

/**
 * @param {Map<string, import('./run-tests.mjs').Outcome>} peer
 * @param {Map<string, import('./run-tests.mjs').Outcome>} ours
 * @returns {Row[]}
 */
export function compareOutcomes(peer, ours) {
  return [...new Set([...peer.keys(), ...ours.keys()])].map((title) => ({
    title,
    // A test below a hook that failed is not in the report.
    peer: peer.get(title)?.status ?? 'failed',
    ours: ours.get(title)?.status ?? 'failed',
    peerMessage: peer.get(title)?.message,
    message: ours.get(title)?.message,
  }));
}

/** The tests that the drop-in owes: they pass with onnxruntime-node and not with it. */
export function owedTests(rows) {
  return rows.filter(({ peer, ours }) => peer === 'passed' && ours !== 'passed');
}

/**
 * @param {Row[]} rows
 * @param {{ facts: string[], command: string }} about
 */
export function formatReport(rows, { facts, command }) {
  const lines = [
    '# Tests of onnxruntime’s Node binding',
    '',
    'The tests of onnxruntime-node (`js/node/test` of onnxruntime) and those of onnxruntime-common',
    '(`js/common/test/unit-tests`), run once against onnxruntime-node on the CPU and once against',
    '`tensorrt-node/onnxruntime`. The tests are not part of this repository.',
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    '```bash',
    command,
    '```',
    '',
    ...summary(rows),
    ...listOf(
      rows,
      'Passes with onnxruntime-node alone',
      (row) => row.peer === 'passed' && row.ours !== 'passed',
    ),
    ...listOf(rows, 'Passes with the drop-in alone', (row) => row.ours === 'passed' && row.peer !== 'passed'),
    ...listOf(rows, 'Fails with both', (row) => row.peer === 'failed' && row.ours === 'failed'),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function summary(rows) {
  const groups = [...new Set(rows.map(groupOf))];
  const head = ['tests', ...VERDICTS.map(([, , text]) => text)];
  const count = (some) =>
    VERDICTS.map(([peer, ours]) => some.filter((row) => row.peer === peer && row.ours === ours).length);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...groups.map((group) => line([group, ...count(rows.filter((row) => groupOf(row) === group))])),
    line(['**all**', ...count(rows)]),
    '',
  ];
}

function groupOf({ title }) {
  if (/ONNX spec tests/.test(title)) return 'operator tests of ONNX';
  if (/^(E2E|API) Tests/.test(title)) return 'end to end';
  if (/^Standalone/.test(title)) return 'process exit';
  if (/^(Tensor Constructor|Backend) /.test(title)) return 'onnxruntime-common';
  return 'unit tests of the API';
}

function listOf(rows, heading, wanted) {
  const some = rows.filter(wanted);
  if (some.length === 0) return [`## ${heading}`, '', 'None.', ''];
  return [`## ${heading}`, '', ...some.map(describe), ''];
}

function describe({ title, message, peerMessage }) {
  const text = (message ?? peerMessage ?? '').split('\n')[0].slice(0, 160);
  return `- ${title}${text === '' ? '' : `: \`${text.replaceAll('`', "'")}\``}`;
}
