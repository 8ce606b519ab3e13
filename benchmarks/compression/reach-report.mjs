// SPDX-License-Identifier: Apache-2.0
// What the results of reach.mjs say: a table for people, and a verdict for each thing that is wanted.

import { markdownTable } from '../harness/report.mjs';

/** Of the share by which arithmetic falls, the part by which time has to fall. */
const LEAST_PROPORTION = 0.7;

const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const lost = ({ before, after }) => 100 * (before.score - after.score);
const ratio = ({ before, after }, key) => after[key] / before[key];

/** Part of the saved arithmetic that is saved time too. */
function proportion(facts) {
  return (1 - ratio(facts, 'latencyMs')) / (1 - ratio(facts, 'multiplyAdds'));
}

/** Verdicts on one result. */
export function judge({ network, step, most, isSmaller, facts, errors, disagreements }) {
  const verdict = (what, value, target, isMet) => ({
    claim: `${network}, ${step}: ${what}`,
    value,
    target,
    isMet,
  });
  const points = lost(facts);
  const { engineBytes } = facts.after;
  const isSound = errors === 0 && engineBytes > 0 && disagreements.length === 0;
  return [
    verdict('points of accuracy lost', points.toFixed(2), `${most} at most`, points <= most + 1e-9),
    ...(isSmaller
      ? [
          verdict(
            'time saved by arithmetic saved',
            proportion(facts).toFixed(2),
            `${LEAST_PROPORTION} at least`,
            proportion(facts) >= LEAST_PROPORTION,
          ),
        ]
      : []),
    verdict(
      'errors of the checker; bytes of the TensorRT-RTX engine; disagreements with its report',
      `${errors}; ${engineBytes}; ${disagreements.map(([what, said, is]) => `${what}: ${said}, is ${is}`).join(', ') || 0}`,
      '0; more than 0; 0',
      isSound,
    ),
  ];
}

/** Markdown of all results. */
export function describe(results, { batches, part }) {
  const networks = [...new Map(results.map((one) => [one.network, one])).values()];
  const sources = networks.map(({ network, about, facts: { before } }) => [
    `${network}: ${about}`,
    percent(before.score, 2),
    before.parameters.toLocaleString('en'),
    Math.round(before.multiplyAdds / 8).toLocaleString('en'),
    batches[network],
    before.latencyMs === undefined ? '' : before.latencyMs.toFixed(2),
  ]);
  const rows = results.map(({ network, step, facts, seconds }) => [
    `${network}, ${step}`,
    percent(facts.after.score, 2),
    lost(facts).toFixed(2),
    percent(facts.after.zeros),
    percent(ratio(facts, 'parameters')),
    percent(ratio(facts, 'zippedBytes')),
    percent(ratio(facts, 'engineBytes')),
    percent(ratio(facts, 'multiplyAdds')),
    facts.after.latencyMs === undefined ? '' : percent(ratio(facts, 'latencyMs')),
    seconds.toFixed(1),
  ]);
  return `Networks of benchmarks/compression/networks, trained on 1,100 of scikit-learn's digits. Steps have 200 other images
to calibrate with, distillation the 1,100 as well, as they are and moved by a column. Accuracy is that on the ${part} part, which none
of them saw. Settings are the defaults, chosen by the validation part. Shares are of what the source has. Time is the least of many
runs on one thread of ONNX Runtime, source and result in turn; engines are of TensorRT-RTX.

${markdownTable(['network', 'accuracy', 'parameters', 'multiply-adds of a sample', 'samples of a run', 'ms of a run'], sources)}

${markdownTable(
  [
    'result',
    'accuracy',
    'points lost',
    'zeros',
    'parameters',
    'zipped',
    'engine',
    'multiply-adds',
    'time',
    'seconds to make',
  ],
  rows,
)}`;
}
