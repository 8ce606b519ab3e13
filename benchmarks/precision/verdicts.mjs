// SPDX-License-Identifier: Apache-2.0
// What the precision benchmark must reach, from the rows of one run.

const POINTS = { peers: 0.2, fp16: 0.1, unequal: 0.5 };
const COSINE = { default: 0.99, mixed: 0.995 };
// Half a sample's share: accuracies are counts.
const TIE = 1e-9;

/** @param networks `[{ name, reference, rows }]`, rows as precision.mjs makes them */
export function judge(networks) {
  return [...networks.flatMap(judgeNetwork), judgeBuilds(networks)];
}

function judgeNetwork({ name, reference, rows }) {
  const ours = (precision, method) =>
    rows.find((row) => row.tool === 'tensorrt-node' && row.precision === precision && row.method === method);
  const int8 = ours('int8', 'default');
  if (reference.accuracy === null) return judgeCosines(name, int8, ours('int8', 'mixed'));
  const best = bestPeer(rows);
  const fp16 = atLeast(`${name}: FP16`, ours('fp16', 'default'), reference.accuracy, POINTS.fp16);
  if (name.endsWith('-unequal'))
    return [atLeast(`${name}: INT8, default settings`, int8, reference.accuracy, POINTS.unequal), fp16];
  return [
    atLeast(`${name}: INT8 beside the best peer`, int8, best?.accuracy ?? reference.accuracy, POINTS.peers),
    moreOperators(name, int8, best),
    fp16,
  ];
}

/** Only what TensorRT-RTX builds counts; the more operators, the better at equal accuracy. */
function bestPeer(rows) {
  const peers = rows.filter(
    ({ tool, precision, accuracy, refused }) =>
      tool !== 'tensorrt-node' && precision === 'int8' && accuracy !== undefined && refused === null,
  );
  return peers.sort((a, b) => b.accuracy - a.accuracy || b.quantized - a.quantized)[0];
}

function atLeast(claim, row, accuracy, points) {
  const wanted = accuracy - points / 100;
  return {
    claim,
    value: row?.accuracy === undefined ? 'failed' : percent(row.accuracy),
    target: `>= ${percent(wanted)}`,
    isMet: row?.accuracy !== undefined && row.accuracy >= wanted - TIE,
  };
}

function moreOperators(name, row, best) {
  return {
    claim: `${name}: operators in INT8 beside the best peer`,
    value: row?.quantized ?? 'failed',
    target: `>= ${best?.quantized ?? 0}`,
    isMet: (row?.quantized ?? -1) >= (best?.quantized ?? 0),
  };
}

function judgeCosines(name, ...rows) {
  return Object.entries(COSINE).map(([method, wanted], index) => ({
    claim: `${name}: INT8 cosine, ${method}`,
    value: rows[index]?.cosine?.toFixed(4) ?? 'failed',
    target: `>= ${wanted}`,
    isMet: (rows[index]?.cosine ?? 0) >= wanted,
  }));
}

function judgeBuilds(networks) {
  const ours = networks.flatMap(({ rows }) => rows.filter(({ tool }) => tool === 'tensorrt-node'));
  const built = ours.filter(({ refused }) => refused === null).length;
  return {
    claim: 'rewritten models that TensorRT-RTX builds',
    value: `${built} of ${ours.length}`,
    target: 'all',
    isMet: built === ours.length,
  };
}

/** An accuracy as people read it. */
export function percent(accuracy) {
  return `${(100 * accuracy).toFixed(2)} %`;
}
