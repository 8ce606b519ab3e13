// SPDX-License-Identifier: Apache-2.0
// The models of the onnx package that build in FP32, cast to FP16 and quantised to INT8, and built.
//
//     npm run bench:precision-models -- [--set light] [--resume] [--json] [--write]
//
// Which models build in FP32 is what `npm run bench:onnx-coverage` wrote to benchmarks/results/onnx-coverage.json.

import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LinePeer } from '../harness/children.mjs';
import { onnxTestModel, requirePeers, ROOT } from '../harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const SETS = ['light', 'pytorch-converted', 'pytorch-operator', 'simple', 'node'];
const JOURNAL = join(ROOT, 'build/precision-models.jsonl');
const WORKER = fileURLToPath(new URL('rewrite-worker.mjs', import.meta.url));
/** Gigabytes of arithmetic a run: one method of calibration is enough for what is asked here. */
const HEAVY = /(vgg19|zfnet512|resnet50|alexnet|densenet121|inception)/;
const HEAVY_SETTINGS = { method: 'mse', equalize: 'off' };
const PRECISIONS = ['fp16', 'int8'];
const ABOUT = `Every model of the \`onnx\` package's test data that TensorRT-RTX builds in FP32, cast to FP16 and
quantised to INT8, then built with TensorRT-RTX. Data are the inputs that the package ships beside a model, for ranges and
for comparison alike; where it ships none (the light set), INT8 gets two runs of seeded normal values, and FP16 no data,
because the constant weights of that set make activations that no trained network has. Settings are the defaults, but for
the large networks of the light set (AlexNet, DenseNet, Inception, ResNet-50, VGG, ZFNet), which are quantised with
\`${JSON.stringify(HEAVY_SETTINGS)}\`. The architectures of the real-model set, which has to be downloaded, are the light
set's. "Refused" is a typed error that says why there is nothing to do: most models of these sets are one operator.
Cosines are those of the CPU runtime's outputs to the FP32 model's on the same data.`;

requirePeers();
const options = readOptions({ set: { type: 'string' }, resume: { type: 'boolean' } });
const results = await rewriteAll(listModels());
const failures = results.flatMap((one) =>
  PRECISIONS.filter((precision) => isFailure(one[precision])).map((precision) => ({
    id: one.id,
    precision,
    ...one[precision],
  })),
);
const verdicts = [
  {
    claim: 'models whose rewritten graph fails',
    value: failures.length,
    target: '0',
    isMet: failures.length === 0,
  },
];
publish('precision-models', options, { results, verdicts }, `${ABOUT}\n\n${format()}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** Those that the coverage run built; an entry is `[theirs, ours, bytes]`. */
function listModels() {
  const { models } = JSON.parse(readFileSync(join(ROOT, 'benchmarks/results/onnx-coverage.json'), 'utf8'));
  const wanted = options.set === undefined ? SETS : [options.set];
  return wanted.flatMap((set) =>
    Object.keys(models).filter((id) => id.startsWith(`${set}/`) && models[id][1] === 'built'),
  );
}

/** Results are kept line by line, so that a run that was ended can go on. */
async function rewriteAll(ids) {
  const done = options.resume ? readDone() : new Map();
  if (!options.resume) rmSync(JOURNAL, { force: true });
  let worker = startWorker();
  for (const id of ids.filter((one) => !done.has(one))) {
    const settings = HEAVY.test(id) && id.startsWith('light/') ? HEAVY_SETTINGS : undefined;
    const answer = await worker.ask({ path: onnxTestModel(id), settings }).catch((error) => {
      worker = startWorker();
      const crashed = { status: 'crashed', reason: error.message };
      return { fp32: crashed, fp16: crashed, int8: crashed };
    });
    done.set(id, { id, ...answer });
    appendFileSync(JOURNAL, `${JSON.stringify(done.get(id))}\n`);
    say(`${id}: FP32 ${answer.fp32.status}, FP16 ${answer.fp16?.status}, INT8 ${answer.int8?.status}`);
  }
  worker.close();
  return ids.map((id) => done.get(id));
}

function readDone() {
  if (!existsSync(JOURNAL)) return new Map();
  const lines = readFileSync(JOURNAL, 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => JSON.parse(line)).map((one) => [one.id, one]));
}

function startWorker() {
  return new LinePeer(process.execPath, [WORKER]);
}

function isFailure(one) {
  return one !== undefined && one.status !== 'built' && one.status !== 'refused';
}

function format() {
  const sets = [...new Set(results.map(({ id }) => id.split('/')[0]))];
  const rows = [...sets, 'all'].map((set) => {
    const some = results.filter(({ id }) => set === 'all' || id.startsWith(`${set}/`));
    const built = some.filter(({ fp32 }) => fp32.status === 'built').length;
    return [set, built, ...PRECISIONS.flatMap((precision) => countsOf(some, precision))];
  });
  const titles = [
    'set',
    'FP32 built',
    ...['FP16', 'INT8'].flatMap((p) => [`${p} built`, 'refused', 'failed', 'least cosine']),
  ];
  return [markdownTable(titles, rows), formatReasons(), formatFailures()].filter(Boolean).join('\n\n');
}

function countsOf(some, precision) {
  const count = (isWanted) => some.filter((one) => isWanted(one[precision])).length;
  const cosines = some.flatMap((one) => one[precision]?.score?.cosine ?? []);
  return [
    count((one) => one?.status === 'built'),
    count((one) => one?.status === 'refused'),
    count(isFailure),
    cosines.length === 0 ? '-' : Math.min(...cosines).toFixed(4),
  ];
}

/** Why models were refused, without their names. */
function formatReasons() {
  const counts = new Map();
  for (const one of results) {
    for (const precision of PRECISIONS.filter((name) => one[name]?.status === 'refused')) {
      const key = `${precision.toUpperCase()}, ${shorten(one[precision].reason)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  if (counts.size === 0) return '';
  const rows = [...counts].sort(([, left], [, right]) => right - left);
  return markdownTable(['refused because', 'models'], rows);
}

function shorten(reason) {
  const [code, ...message] = reason.split(': ');
  if (code === 'ERR_TRT_RUN_MODEL') return `${code}: the CPU runtime does not run the FP32 model`;
  const rest = message.join(': ').replace(/"[^"]*"( \([^)]*\))?/g, '…');
  const cause = rest.split(/; the model|; …|\. /)[0].replace(/[:.\s]+$/, '');
  return `${code}: ${cause}`;
}

function formatFailures() {
  return failures
    .map(({ id, precision, status, reason }) => `- ${id}, ${precision}, ${status}: ${reason}`)
    .join('\n');
}
