// SPDX-License-Identifier: Apache-2.0
// What each step of compression costs in accuracy and saves in arithmetic and time, on networks that were trained on other
// data than they are judged by. Steps see calibration data alone, distillation the training data too.
//
//     npm run bench:compression -- [--part validation] [--network cnn] [--step channels] [--json] [--write]
//
// Settings were chosen by the validation part; the test part is looked at to report.

import { buildEngine, nativeNumerics, sessionRunner, sessionTrainer } from 'tensorrt-node';
import { measureCompression } from 'tensorrt-node/compress';
import { checkOnnxModel, loadModel, simplifyModel } from 'tensorrt-node/onnx';
import { publish, readOptions, say } from '../harness/report.mjs';
import { leastTimes } from './latency.mjs';
import {
  accuracyOf,
  calibrationFeeds,
  NETWORKS,
  networkPath,
  ON_ONE_THREAD,
  readSamples,
} from './networks.mjs';
import { describe, judge } from './reach-report.mjs';
import { moved } from './samples.mjs';
import { STEPS } from './steps.mjs';

/** Samples of a run whose time is measured: some milliseconds, most of them arithmetic. */
const BATCHES = { cnn: 8, mlp: 64, transformer: 8 };
const SECONDS = 6;
/** For TensorRT, and for the count of multiply-adds. */
const SMALL_BATCH = 8;

const options = readOptions({
  part: { type: 'string', default: 'test' },
  network: { type: 'string' },
  step: { type: 'string', default: '' },
});
if (options.write && (options.part !== 'test' || options.network !== undefined || options.step !== ''))
  throw new Error('--write keeps all results on the test part');
const runner = sessionRunner(ON_ONE_THREAD);
const numerics = await nativeNumerics();
const trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 2 });

const names = Object.keys(NETWORKS).filter((name) => (options.network ?? name) === name);
const results = [];
for (const name of names) results.push(...(await measureNetwork(name)));
const verdicts = results.flatMap(judge);
publish(
  'compression',
  options,
  { results, verdicts },
  describe(results, { batches: BATCHES, part: options.part }),
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function measureNetwork(name) {
  const { data, about } = NETWORKS[name];
  const source = networkPath(name);
  const plain = await simplified(source);
  const samples = readSamples(data, options.part);
  const tools = {
    given: { calibration: calibrationFeeds(data), runner, numerics },
    training: moved(readSamples(data, 'train')),
    trainer,
  };
  const found = [];
  for (const step of STEPS.filter((one) => one.name.includes(options.step))) {
    const started = performance.now();
    const result = await step.apply(source, tools);
    const seconds = (performance.now() - started) / 1000;
    const facts = await measureCompression(
      plain,
      result.model,
      measures(step, { samples, batch: BATCHES[name] }),
    );
    found.push({
      ...{
        network: name,
        about,
        step: step.name,
        most: step.most,
        isSmaller: step.isSmaller === true,
        seconds,
      },
      facts: { before: facts.before, after: facts.after },
      errors: checkOnnxModel(result.model).filter(({ severity }) => severity === 'error').length,
      disagreements: [
        ...step.claims(result, facts).filter(([, said, is]) => said !== is),
        ...(await scoreClaim(step, { source, result, feeds: tools.given.calibration })),
      ],
    });
    const { before, after } = facts;
    say(`${name}, ${step.name}: ${before.score} to ${after.score}, ${seconds.toFixed(1)} s`);
  }
  return found;
}

/** With batch normalisations folded, as steps give it: ONNX Runtime leaves those behind a Gemm, which take time. */
async function simplified(source) {
  const model = await loadModel(source);
  simplifyModel(model);
  return model;
}

function measures(step, { samples, batch }) {
  const { inputs } = samples;
  return {
    inputs: { input: [SMALL_BATCH, ...inputs.dims.slice(1)] },
    score: (model) => accuracyOf(model, samples),
    engineBytes: async (model) => {
      const dynamicAxes = { batch: [1, SMALL_BATCH, SMALL_BATCH] };
      const engine = await buildEngine(model, { runtime: 'tensorrt-rtx', isolation: 'thread', dynamicAxes });
      return engine.bytes;
    },
    ...(step.isSmaller && {
      latency: (models) => leastTimes(models, { inputs, batch, seconds: SECONDS }),
    }),
  };
}

/** Whether the share of samples with the same class is what the report says, on the data that it is of. */
async function scoreClaim({ judged = () => true }, { source, result, feeds }) {
  const { score } = result.report;
  if (score === undefined) return [];
  const runs = feeds.filter(judged);
  const [expected, actual] = [await classesOf(source, runs), await classesOf(result.model.toBytes(), runs)];
  const same = expected.filter((one, index) => one === actual[index]).length / expected.length;
  return Math.abs(same - score.top1Agreement) < 1e-9 ? [] : [['same class', score.top1Agreement, same]];
}

async function classesOf(model, feeds) {
  const bytes = typeof model === 'string' ? (await loadModel(model)).toBytes() : model;
  const classes = [];
  for await (const { logits } of runner(bytes, feeds)) {
    const size = logits.dims.at(-1);
    for (let at = 0; at < logits.data.length; at += size) {
      const row = logits.data.subarray(at, at + size);
      classes.push(row.indexOf(Math.max(...row)));
    }
  }
  return classes;
}
