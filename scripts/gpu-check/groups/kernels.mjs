// SPDX-License-Identifier: Apache-2.0
// The operators of tensorrt-node/ops: their kernels on the device beside their twins on the CPU, bit for bit, and how
// fast those kernels move bytes. No TensorRT is needed.
import { hostCheck } from '../check.mjs';
import { boxCases } from '../kernels/box-cases.mjs';
import { imageCases } from '../kernels/image-cases.mjs';
import { cornerBoxes, floats, pixels } from '../kernels/inputs.mjs';
import { callOperator, moreInputs, planName, planOf } from '../kernels/operator-case.mjs';
import { measureRates } from '../kernels/rates.mjs';
import { differenceOf } from '../kernels/same-bits.mjs';
import { scoreCases } from '../kernels/score-cases.mjs';
import { signalCases } from '../kernels/signal-cases.mjs';
import { tensorCases } from '../kernels/tensor-cases.mjs';
import { loadOperators } from '../load-package.mjs';

const FAMILIES = {
  image: imageCases,
  tensors: tensorCases,
  scores: scoreCases,
  boxes: boxCases,
  signals: signalCases,
};

/** Runs of a chain: one to warm up, one to capture, and launches. */
const RUNS = 4;
/** How many differences are told; one error in a kernel shows in many cases. */
const MOST_TOLD = 8;

/** Every case of a family on the device, called by itself and as a captured chain, against the CPU. */
async function sameBits(t, family) {
  const ops = loadOperators();
  const cases = FAMILIES[family].filter(({ large }) => !(large && t.settings.quick));
  const wrong = [];
  for (const one of cases) {
    const differences = await compareCase(t, ops, one);
    wrong.push(...differences.map((text) => `${one.name}: ${text}`));
  }
  t.note('cases', cases.length);
  t.note('operators', [...new Set(cases.map(({ operator }) => operator))]);
  t.note('differences', wrong);
  const told = wrong.slice(0, MOST_TOLD).join('\n');
  t.expect(wrong.length === 0, `${wrong.length} differences in ${cases.length} cases\n${told}`);
}

async function compareCase(t, ops, one) {
  const inputs = one.inputs();
  const expected = await callOperator(ops, one, inputs);
  const chainInputs = [...inputs, ...moreInputs(ops, one)];
  const uploaded = await uploadAll(t, chainInputs);
  try {
    const results = await callOperator(ops, one, uploaded.slice(0, inputs.length));
    const called = await Promise.all(results.map((result) => takeToHost(t, result)));
    const chained = await runAsChain(t, ops, one, { expected, uploaded });
    return [
      ...differencesOf(expected, called, 'called'),
      ...chained.flatMap((outputs, run) => differencesOf(expected, outputs, `run ${run} of a chain`)),
    ];
  } finally {
    for (const tensor of uploaded) tensor.close();
  }
}

const uploadAll = (t, tensors) =>
  Promise.all(tensors.map((tensor) => t.api.uploadTensor(tensor, { device: t.device })));

async function takeToHost(t, tensor) {
  t.expect(tensor instanceof t.api.DeviceTensor, 'the result of device tensors is on the host');
  const taken = await tensor.toTensor();
  tensor.close();
  return taken;
}

function differencesOf(expected, actual, how) {
  return expected
    .map((tensor, index) => [index, differenceOf(tensor, actual[index])])
    .filter(([, text]) => text !== null)
    .map(([index, text]) => `${how}, result ${index}: ${text}`);
}

/** The operator as a chain over the same memory, so that its kernels are captured; the outputs of each run. */
async function runAsChain(t, ops, one, { expected, uploaded }) {
  const names = (count, letter) => Array.from({ length: count }, (_, index) => `${letter}${index}`);
  const [from, to] = [names(uploaded.length, 'x'), names(expected.length, 'y')];
  const byName = (values) => Object.fromEntries(from.map((name, index) => [name, values[index]]));
  const specs = uploaded.map(({ type, dims }) => ({ type, dims }));
  const step = { plan: planOf(ops, one), inputs: from, outputs: to };
  const chain = await ops.createChain([step], { inputs: byName(specs), device: t.device, cudaGraph: 'on' });
  try {
    const runs = [];
    for (let run = 0; run < RUNS; run++) {
      const outputs = await chain.run(byName(uploaded));
      runs.push(to.map((name) => outputs[name]));
    }
    const { launches } = chain.statistics().cudaGraph;
    t.expect(launches > 0, `${one.name}: ${RUNS} runs of a chain launched no CUDA graph`);
    return runs;
  } finally {
    await chain.close();
  }
}

/** Whatever has a plan has a case: an operator that is new is not left out. */
async function everyOperator(t) {
  const ops = loadOperators();
  const planned = Object.keys(ops).filter((name) => /^plan[A-Z]/.test(name));
  const covered = new Set(
    Object.values(FAMILIES).flatMap((cases) => cases.map(({ operator }) => planName(operator))),
  );
  t.note('operators', planned.length);
  t.expectEqual(
    planned.filter((name) => !covered.has(name)),
    [],
    'operators without a case',
  );
  t.expectEqual(
    [...covered].filter((name) => !planned.includes(name)),
    [],
    'cases without an operator',
  );
}

const IMAGE = { width: 61, height: 43, format: 'rgb' };
const TRANSFORM = { scaleX: 0.5, scaleY: 0.5, offsetX: 3, offsetY: 80, width: 1279, height: 719 };

/** Chains as an application has them: what is before a model, and what is behind it. */
const CHAINS = {
  'images to float16': (ops) => ({
    steps: [
      {
        plan: () => ops.planPreprocessImages([IMAGE], { size: 32, fit: 'cover' }),
        inputs: ['pixels'],
        outputs: ['a'],
      },
      {
        plan: (specs) => ops.planConvert(specs, { type: 'float16', scale: 2 }),
        inputs: ['a'],
        outputs: ['b'],
      },
      { plan: (specs) => ops.planTranspose(specs, [0, 2, 3, 1]), inputs: ['b'], outputs: ['y'] },
    ],
    inputs: { pixels: pixels(IMAGE) },
  }),
  'a head to detections': (ops) => ({
    steps: [
      {
        plan: (specs) => ops.planDecodeBoxes(specs, { form: 'center', best: true, scale: [640, 640] }),
        inputs: ['head'],
        outputs: ['boxes', 'scores', 'classes'],
      },
      {
        plan: (specs) => ops.planNonMaximumSuppression(specs, { maxOutput: 40 }),
        inputs: ['boxes', 'scores', 'classes'],
        outputs: ['kept', 'best', 'labels', 'indices', 'counts'],
      },
      { plan: (specs) => ops.planRescaleBoxes(specs), inputs: ['kept', 'transform'], outputs: ['found'] },
    ],
    inputs: {
      head: floats('float32', [2, 300, 9], { range: 1 }),
      transform: ops.imageTransformTensor(TRANSFORM),
    },
  }),
  'logits to labels': (ops) => ({
    steps: [
      { plan: (specs) => ops.planSoftmax(specs), inputs: ['logits'], outputs: ['p'] },
      { plan: (specs) => ops.planTopK(specs, 5), inputs: ['p'], outputs: ['values', 'labels'] },
    ],
    inputs: { logits: floats('bfloat16', [4, 1000], { range: 9 }) },
  }),
  'rows of embeddings to similarities': (ops) => ({
    steps: [
      { plan: (specs) => ops.planL2Normalize(specs), inputs: ['queries'], outputs: ['unit'] },
      { plan: (specs) => ops.planCosineSimilarity(specs), inputs: ['unit', 'vectors'], outputs: ['cosines'] },
    ],
    inputs: { queries: cornerBoxes([3, 64], 3), vectors: cornerBoxes([50, 64], 4) },
  }),
};

/** Several operators in one graph: what one writes, the next one reads, in memory that is used again. */
async function chains(t) {
  const ops = loadOperators();
  for (const [name, make] of Object.entries(CHAINS)) {
    const { steps, inputs } = make(ops);
    const specs = Object.fromEntries(
      Object.entries(inputs).map(([input, { type, dims }]) => [input, { type, dims }]),
    );
    const options = { inputs: specs };
    const onCpu = t.own(await ops.createChain(steps, options));
    const onGpu = t.own(await ops.createChain(steps, { ...options, device: t.device, cudaGraph: 'on' }));
    const expected = await onCpu.run(inputs);
    for (let run = 0; run < t.times(50, RUNS); run++) {
      const outputs = await onGpu.run(inputs);
      for (const [output, tensor] of Object.entries(expected)) {
        const difference = differenceOf(tensor, outputs[output]);
        t.expect(difference === null, `${name}, run ${run}, "${output}": ${difference}`);
      }
    }
    const { launches } = onGpu.statistics().cudaGraph;
    t.expect(launches > 0, `${name}: no CUDA graph was launched`);
  }
  t.note('chains', Object.keys(CHAINS));
}

const familyBits = (family) =>
  hostCheck(
    family,
    `${family}: kernels and CPU give the same bits, in a CUDA graph too`,
    (t) => sameBits(t, family),
    {
      limitSeconds: 600,
    },
  );

export const kernels = {
  name: 'kernels',
  title: 'Operators',
  needs: 'gpu',
  checks: [
    hostCheck('all', 'every operator is compared', everyOperator),
    ...Object.keys(FAMILIES).map(familyBits),
    hostCheck('chains', 'operators in one CUDA graph give the same bits as on the CPU', chains),
    hostCheck('rates', 'bytes per second beside a copy of as many bytes', measureRates, {
      limitSeconds: 900,
    }),
  ],
};
