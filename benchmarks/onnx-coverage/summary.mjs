// SPDX-License-Identifier: Apache-2.0
// From single comparisons to the table and the verdicts.

import { markdownTable } from '../harness/report.mjs';

const LIKE_MEMORY = `\\* The engine's bytes depend on what the process allocated before, in every program. With memory laid
out alike (onnx-coverage/ascending_malloc.c) both sides write the same bytes`;

/** Longest list of names in the Markdown; the JSON has all. */
const SHOWN = 8;

const isParsed = ({ status }) => status === 'built' || status === 'build-failed';
const isBuilt = ({ status }) => status === 'built';
const isLost = ({ status }) => status === 'crashed' || status === 'timed-out';

/** Counts of one set of models. */
function count(results) {
  const having = (test) => results.filter(test).length;
  return {
    models: results.length,
    parsedTheirs: having(({ theirs }) => isParsed(theirs)),
    parsedOurs: having(({ ours }) => isParsed(ours)),
    builtTheirs: having(({ theirs }) => isBuilt(theirs)),
    builtOurs: having(({ ours }) => isBuilt(ours)),
    sameBytes: having(({ bytes }) => bytes === 'same'),
    sameWithLikeMemory: having(({ bytes }) => bytes === 'same-with-like-memory'),
    lostTheirs: having(({ theirs }) => isLost(theirs)),
    lostOurs: having(({ ours }) => isLost(ours)),
  };
}

/** All that the comparisons say: counts per set, models built by one side alone, verdicts. */
export function summarize(results) {
  const names = [...new Set(results.map(({ set }) => set))].sort();
  const sets = Object.fromEntries(
    names.map((name) => [name, count(results.filter(({ set }) => set === name))]),
  );
  const all = count(results);
  const differing = results
    .filter(({ theirs, ours }) => isBuilt(theirs) !== isBuilt(ours))
    .map(({ id }) => id);
  const otherBytes = results.filter(({ bytes }) => bytes === 'different').map(({ id }) => id);
  const likeMemory = results.filter(({ bytes }) => bytes === 'same-with-like-memory').map(({ id }) => id);
  const verdict = (claim, value) => ({ claim, value, target: 0, isMet: value === 0 });
  return {
    sets: { ...sets, all },
    differing,
    otherBytes,
    likeMemory,
    verdicts: [
      verdict('crashes and hangs of buildEngine()', all.lostOurs),
      verdict('models that only one side builds', differing.length),
      verdict('engines with other bytes than the Python API writes', otherBytes.length),
    ],
  };
}

/** The summary as Markdown. */
export function formatSummary({ sets, differing, otherBytes, likeMemory }) {
  const titles = [
    'set',
    'models',
    'parsed: Python',
    'ours',
    'built: Python',
    'ours',
    'same bytes',
    'crash or hang',
  ];
  const rows = Object.entries(sets).map(([name, set]) => [
    name,
    set.models,
    set.parsedTheirs,
    set.parsedOurs,
    set.builtTheirs,
    set.builtOurs,
    set.sameWithLikeMemory > 0 ? `${set.sameBytes} + ${set.sameWithLikeMemory}*` : set.sameBytes,
    set.lostOurs,
  ]);
  const lists = [
    listOf('Built by one side alone', differing),
    listOf('Built with other bytes', otherBytes),
    listOf(LIKE_MEMORY, likeMemory),
  ];
  return [markdownTable(titles, rows), ...lists.filter(Boolean)].join('\n\n');
}

function listOf(title, ids) {
  if (ids.length === 0) return '';
  const shown = ids.slice(0, SHOWN).map((id) => `\`${id}\``);
  const rest = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more, listed in onnx-coverage.json` : '';
  return `${title}: ${shown.join(', ')}${rest}.`;
}
