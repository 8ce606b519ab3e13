// SPDX-License-Identifier: Apache-2.0
// Whether a student with a tenth of the teacher's parameters is better for having been taught: the same network, trained
// from the same random weights on the same samples in the same order, with labels alone and with the teacher's soft labels
// beside them. Nothing is chosen by the test samples: what counts are the weights after the last epoch.
//
//     npm run bench:distill -- [--seeds 3] [--epochs 40] [--threads 2] [--part validation] [--json] [--write]

import { sessionTrainer } from 'tensorrt-node';
import { distill } from 'tensorrt-node/compress';
import { loadModel } from 'tensorrt-node/onnx';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { accuracyOf, NETWORKS, networkPath, readSamples } from './networks.mjs';
import { smallCnn, smallMlp } from './students.mjs';

const ALPHA = 0.9;
const TEMPERATURE = 4;
const MOST_MINUTES = 10;
const LARGEST_SHARE = 0.1;

/** Of somewhat less than a tenth of the parameters. */
const STUDENTS = { cnn: smallCnn, mlp: smallMlp, transformer: smallCnn };

const options = readOptions({
  seeds: { type: 'string', default: '3' },
  epochs: { type: 'string', default: '40' },
  threads: { type: 'string', default: '2' },
  part: { type: 'string', default: 'test' },
});
const threads = { device: 'cpu', intraOpNumThreads: Number(options.threads) };
const results = [];
for (const network of Object.keys(NETWORKS)) results.push(await measurePair(network));
const verdicts = results.flatMap(judge);
publish('distill', options, { results, verdicts }, format(results));
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function measurePair(network) {
  const { data, about: name } = NETWORKS[network];
  const path = networkPath(network);
  const teacher = await loadModel(path);
  const student = STUDENTS[network](teacher);
  const { inputs, labels } = readSamples(data, 'train');
  const test = readSamples(data, options.part);
  const runs = [];
  for (let seed = 1; seed <= Number(options.seeds); seed++) {
    const run = { seed };
    for (const [way, alpha] of [
      ['labels', 0],
      ['taught', ALPHA],
    ]) {
      const started = performance.now();
      const { model } = await distill(
        teacher,
        student,
        { inputs: { input: inputs }, labels },
        {
          ...{
            trainer: sessionTrainer(threads),
            alpha,
            temperature: TEMPERATURE,
            initialize: 'random',
            seed,
          },
          ...{ epochs: Number(options.epochs), learningRate: 0.005 },
        },
      );
      run[`${way}Seconds`] = (performance.now() - started) / 1000;
      run[way] = await accuracyOf(model.toBytes(), test);
      say(`${name}, seed ${seed}, ${way}: ${percent(run[way])}, ${run[`${way}Seconds`].toFixed(1)} s`);
    }
    runs.push(run);
  }
  return {
    name,
    teacher: await accuracyOf(path, test),
    parameters: { teacher: count(teacher), student: count(student) },
    runs,
  };
}

function judge({ name, parameters, runs }) {
  const share = parameters.student / parameters.teacher;
  const better = runs.filter(({ labels, taught }) => taught > labels).length;
  const minutes = Math.max(...runs.map(({ taughtSeconds }) => taughtSeconds)) / 60;
  return [
    verdict(
      `${name}: share of the teacher's parameters`,
      percent(share),
      `${percent(LARGEST_SHARE)} at most`,
      share <= LARGEST_SHARE,
    ),
    verdict(
      `${name}: seeds on which the taught student is better`,
      `${better} of ${runs.length}`,
      'all',
      better === runs.length,
    ),
    verdict(
      `${name}: longest distillation`,
      `${minutes.toFixed(2)} min`,
      `${MOST_MINUTES} min at most`,
      minutes <= MOST_MINUTES,
    ),
  ];
}

function verdict(claim, value, target, isMet) {
  return { claim, value, target, isMet };
}

function format(all) {
  const rows = all.flatMap(({ name, teacher, runs }) =>
    runs.map(({ seed, labels, taught, taughtSeconds }) => [
      ...[name, seed, percent(teacher), percent(labels), percent(taught), `${taughtSeconds.toFixed(1)} s`],
    ]),
  );
  const about = `Adam, learning rate 0.005 with a cosine, batches of 32, ${options.epochs} epochs, ${options.threads} threads; soft labels at temperature ${TEMPERATURE} with a share of ${ALPHA}. Accuracy on the ${options.part} samples.`;
  return [
    about,
    markdownTable(['student of', 'seed', 'teacher', 'labels alone', 'taught', 'time'], rows),
  ].join('\n\n');
}

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

/** Numbers of constants, mean and variance of normalisations among them. */
function count({ graph }) {
  const floats = graph.initializer.filter(({ dataType }) => dataType === 1);
  return floats.reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1), 0);
}
