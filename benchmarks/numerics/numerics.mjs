// SPDX-License-Identifier: Apache-2.0
// What compression computes on large layers: singular values, Gram matrices and Cholesky factors beside NumPy's on as many
// threads, and shared values of ten million weights.
//
//     npm run bench:numerics -- [--json] [--write] [--python <one that has numpy>]
import { availableParallelism } from 'node:os';
import { nativeNumerics } from '../../dist/index.js';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { median } from '../harness/stats.mjs';
import { startNumpy } from './numpy-peer.mjs';

const SIZE = 2048;
const SAMPLES = 8192;
const WEIGHTS = 10_000_000;
const CLUSTERS = 256;
const ROUNDS = 3;
const MOST_RATIO = 3;
const MOST_SECONDS = 5;

const threads = availableParallelism();

/** Standard normal numbers, the same in every run. */
function normalNumbers(ArrayType, count) {
  let state = 1;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 + 2 ** -33;
  const result = new ArrayType(count);
  for (let i = 0; i < count; i++) {
    result[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }
  return result;
}

async function timed(call) {
  const started = performance.now();
  await call();
  return (performance.now() - started) / 1000;
}

/** Calls of the same names as in numpy_peer.py. */
async function matrixCases(numerics) {
  const matrix = normalNumbers(Float64Array, SIZE * SIZE);
  const samples = normalNumbers(Float32Array, SAMPLES * SIZE);
  const gram = new Float64Array(SIZE * SIZE);
  const square = { rows: SIZE, inner: SIZE, columns: SIZE };
  const definite = await numerics.multiply(matrix, matrix, { ...square, transposeB: true });
  for (let i = 0; i < SIZE; i++) definite[i * (SIZE + 1)] += 1;
  return {
    svd: () => numerics.svd(matrix, { rows: SIZE, columns: SIZE }),
    gram: () => numerics.addGram(gram, samples, SIZE),
    // NumPy makes a new array too.
    cholesky: () => numerics.cholesky(definite.slice(), SIZE),
    multiply: () => numerics.multiply(matrix, matrix, square),
  };
}

const TITLES = {
  svd: `singular values and vectors of ${SIZE} x ${SIZE}`,
  gram: `Gram matrix of ${SAMPLES} samples of ${SIZE} float32`,
  cholesky: `Cholesky factor of ${SIZE} x ${SIZE}`,
  multiply: `product of ${SIZE} x ${SIZE} matrices`,
};

async function measureMatrices(numerics, options) {
  const cases = await matrixCases(numerics);
  const numpy = await startNumpy({ python: options.python, threads, size: SIZE, samples: SAMPLES });
  const results = [];
  for (const [name, call] of Object.entries(cases)) {
    const [ours, theirs] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await numpy.time(name));
      ours.push(await timed(call));
      say(`${name}: ${ours.at(-1).toFixed(3)} s, NumPy ${theirs.at(-1).toFixed(3)} s`);
    }
    const [oursSeconds, numpySeconds] = [median(ours), median(theirs)];
    results.push({ name, oursSeconds, numpySeconds, ratio: oursSeconds / numpySeconds });
  }
  numpy.close();
  return { results, version: numpy.version };
}

async function measureClusters(numerics) {
  const values = normalNumbers(Float32Array, WEIGHTS);
  const weights = values.map((value) => value * value);
  const runs = { 'all alike': {}, weighted: { weights } };
  const results = [];
  for (const [name, given] of Object.entries(runs)) {
    const seconds = [];
    for (let round = 0; round < ROUNDS; round++) {
      seconds.push(await timed(() => numerics.kMeans(values, { clusters: CLUSTERS, ...given })));
    }
    results.push({ name, seconds: median(seconds) });
    say(`k-means, ${name}: ${results.at(-1).seconds.toFixed(2)} s`);
  }
  return results;
}

const options = readOptions({ python: { type: 'string' } });
const numerics = await nativeNumerics();
const { results, version } = await measureMatrices(numerics, options);
const clusters = await measureClusters(numerics);
const slowest = Math.max(...clusters.map(({ seconds }) => seconds));
const { ratio } = results.find(({ name }) => name === 'svd');
const verdicts = [
  {
    claim: `${TITLES.svd}, beside NumPy's, medians`,
    value: ratio.toFixed(2),
    target: `<= ${MOST_RATIO}`,
    isMet: ratio <= MOST_RATIO,
  },
  {
    claim: `${WEIGHTS.toLocaleString('en')} weights into ${CLUSTERS} shared values, seconds`,
    value: slowest.toFixed(2),
    target: `< ${MOST_SECONDS}`,
    isMet: slowest < MOST_SECONDS,
  },
];
const rows = results.map(({ name, oursSeconds, numpySeconds, ratio: beside }) => [
  TITLES[name],
  oursSeconds.toFixed(3),
  numpySeconds.toFixed(3),
  beside.toFixed(2),
]);
const clusterRows = clusters.map(({ name, seconds }) => [name, seconds.toFixed(2)]);
publish(
  'numerics',
  options,
  { threads, numpy: version, results, clusters, verdicts },
  `\`nativeNumerics()\` beside NumPy ${version} with its OpenBLAS, ${threads} threads each, in double; medians of ${ROUNDS}
rounds in which the two take turns. Samples of the Gram matrix are float32 on both sides and converted there.

${markdownTable(['what', 'seconds', 'NumPy', 'ratio'], rows)}

k-means of ${WEIGHTS.toLocaleString('en')} normally distributed float32 values into ${CLUSTERS}, k-means++ and Lloyd's steps to
the end:

${markdownTable(['weights', 'seconds'], clusterRows)}`,
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
