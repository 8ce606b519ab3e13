// SPDX-License-Identifier: Apache-2.0
// What is done to each network, how many points of accuracy it may cost, and whether the result is what its report says.

import { cluster, distill, factorize, prune, pruneChannels } from 'tensorrt-node/compress';

const CLUSTERS = 16;
const DISTILLING = { alpha: 0.9, temperature: 4, epochs: 4, batchSize: 32, learningRate: 5e-4 };

/**
 * Each with the most points that it may cost and a function that gives `{ model, report }`; `claims` are pairs of what a
 * report says and what is so. `isSmaller`: its arithmetic has to fall, and with it its time. `judged`: the calibration runs
 * that the score of the report is of.
 */
export const STEPS = [
  {
    name: '50 % zeros',
    most: 1,
    apply: (source, { given }) => prune(source, { sparsity: 0.5, ...given }),
    claims: zeroClaims,
  },
  {
    name: '2:4 zeros',
    most: 1,
    apply: (source, { given }) => prune(source, { pattern: '2:4', ...given }),
    claims: zeroClaims,
  },
  {
    name: 'SVD to half the parameters',
    most: 1,
    isSmaller: true,
    apply: (source, { given }) => factorize(source, { target: { parameters: 0.5 }, ...given }),
    claims: ({ report }, facts) => [
      ['parameters', report.parameters.after, facts.after.parameters],
      ['at most half of the parameters', facts.after.parameters <= facts.before.parameters / 2, true],
    ],
  },
  {
    name: '16 shared values',
    most: 1,
    apply: (source, { given }) => cluster(source, { clusters: CLUSTERS, ...given }),
    claims: ({ report, model }) =>
      report.changed.flatMap(({ weight, levels }) => [
        [`values of ${weight}`, levels, distinctValues(model, weight)],
        [`no more than ${CLUSTERS} values of ${weight}`, levels <= CLUSTERS, true],
      ]),
  },
  {
    name: '30 % of the channels, reconstructed',
    most: 3,
    isSmaller: true,
    judged: (_, run) => run % 4 === 3,
    apply: removeChannels,
    claims: channelClaims,
  },
  {
    name: '30 % of the channels, distilled',
    most: 1,
    isSmaller: true,
    apply: (source, tools) => {
      const student = (teacher) => removeChannels(teacher, tools);
      return distill(source, student, tools.training, { trainer: tools.trainer, ...DISTILLING });
    },
    claims: trainingClaims,
  },
];

function removeChannels(source, { given }) {
  return pruneChannels(source, { ratio: 0.3, ...given });
}

function zeroClaims({ report, model }, facts) {
  return [
    ['parameters', report.parameters.after, facts.after.parameters],
    ...report.changed.map(({ node, zeros }) => [`zeros of ${node}`, zeros, zerosOf(model, node)]),
  ];
}

function channelClaims({ report }, facts) {
  const { before, after } = report.channels;
  return [
    ['parameters', report.parameters.after, facts.after.parameters],
    ['multiply-adds', report.multiplyAdds.after, facts.after.multiplyAdds],
    ['about 30 % of the channels', Math.abs(1 - after / before - 0.3) < 0.03, true],
  ];
}

function trainingClaims({ report, model }) {
  const trained = report.changed.map(({ parameter }) => constantOf(model.graph, parameter));
  const numbers = trained.reduce((sum, tensor) => sum + floatsOf(tensor).length, 0);
  const epochs = report.epochs.length;
  return [
    ['trained numbers', report.parameters.after, numbers],
    ['epochs', epochs, DISTILLING.epochs],
    ['a loss that falls', report.epochs[epochs - 1].loss < report.epochs[0].loss, true],
  ];
}

/** Zeros in the weights of a node. */
function zerosOf({ graph }, label) {
  const node = graph.node.find(({ name, output }) => name === label || output[0] === label);
  return floatsOf(constantOf(graph, node.input[1])).reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
}

function distinctValues({ graph }, name) {
  return new Set(floatsOf(constantOf(graph, name))).size;
}

function constantOf(graph, name) {
  return graph.initializer.find((tensor) => tensor.name === name);
}

function floatsOf({ rawData, floatData }) {
  if (floatData.length > 0) return Float32Array.from(floatData);
  return new Float32Array(rawData.buffer.slice(rawData.byteOffset, rawData.byteOffset + rawData.byteLength));
}
