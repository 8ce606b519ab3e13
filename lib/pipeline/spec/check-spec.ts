// SPDX-License-Identifier: Apache-2.0
// Checks a spec by itself, before any model is there: every key, every value, and what contradicts itself.

import { describeType, flag, integer, isPlainObject, oneOf, typed, valueError } from '../../option-checks';
import { checkBoxesScores, checkEndToEnd, checkSegmentation } from './check-boxes';
import { checkDetection, checkInstances, checkKeypoints } from './check-detection';
import { checkAudio, checkImage } from './check-inputs';
import { checkLabels, checkName, isNames } from './names';
import type { PipelineSpec, PipelineTask } from './pipeline-spec';
import type { ClassificationPost, EmbeddingPost, TensorsPost } from './post-spec';
import { checkedAt, refuseUnknownKeys, specError } from './spec-error';

/** What each task begins and ends with. */
const TASKS: Readonly<Record<PipelineTask, Record<'pre' | 'post', readonly string[]>>> = {
  classification: { pre: ['image'], post: ['classification'] },
  detection: { pre: ['image'], post: ['detection', 'boxes-scores', 'end-to-end'] },
  keypoints: { pre: ['image'], post: ['keypoints'] },
  segmentation: { pre: ['image'], post: ['segmentation'] },
  'instance-segmentation': { pre: ['image'], post: ['instance-segmentation'] },
  embedding: { pre: ['image', 'audio'], post: ['embedding'] },
  tensors: { pre: ['image', 'audio'], post: ['tensors'] },
  'audio-classification': { pre: ['audio'], post: ['classification'] },
};

/** All tasks. */
export const PIPELINE_TASKS = Object.keys(TASKS) as readonly PipelineTask[];

type Checks = Readonly<Record<string, (at: string, section: never) => void>>;

const PRE: Checks = { image: checkImage, audio: checkAudio };
const POST: Checks = {
  classification: checkClassification,
  detection: checkDetection,
  'boxes-scores': checkBoxesScores,
  'end-to-end': checkEndToEnd,
  keypoints: checkKeypoints,
  segmentation: checkSegmentation,
  'instance-segmentation': checkInstances,
  embedding: checkEmbedding,
  tensors: checkTensors,
};

/**
 * Checks a spec.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_UNKNOWN_OPTION` for a key that there is not, `ERR_TRT_ARG_TYPE` and
 *   `ERR_TRT_ARG_VALUE` for a value, with its place in `details.at`.
 */
export function checkPipelineSpec(spec: unknown): asserts spec is PipelineSpec {
  requireObject('', spec);
  const { version, task } = spec;
  if (version !== 1)
    throw specError('ERR_TRT_ARG_VALUE', '', {
      problem:
        typeof version === 'number' && version > 1
          ? `it has version ${version}, but this package reads 1. A newer one wrote it: update the package.`
          : `"version" must be 1, not ${JSON.stringify(version) ?? 'left out'}.`,
      details: { option: 'version', expected: 1, received: version },
    });
  checkedAt('', () => oneOf(...PIPELINE_TASKS)('task', task));
  refuseUnknownKeys('', spec, ['$schema', 'version', 'task', 'pre', 'post']);
  const { pre, post } = TASKS[task as PipelineTask];
  checkSection({ spec, section: 'pre', kinds: pre, checks: PRE });
  checkSection({ spec, section: 'post', kinds: post, checks: POST });
}

function requireObject(at: string, value: unknown): asserts value is Record<string, unknown> {
  if (isPlainObject(value)) return;
  throw specError('ERR_TRT_ARG_TYPE', at, { problem: `it must be an object, not ${describeType(value)}.` });
}

interface SectionCheck {
  readonly spec: Record<string, unknown>;
  readonly section: 'pre' | 'post';
  /** Those that the task has. */
  readonly kinds: readonly string[];
  readonly checks: Checks;
}

function checkSection({ spec, section, kinds, checks }: SectionCheck): void {
  const content = spec[section];
  requireObject(section, content);
  const { kind } = content;
  checkedAt(section, () => oneOf(...Object.keys(checks))('kind', kind));
  if (!kinds.includes(kind as string))
    throw specError('ERR_TRT_ARG_VALUE', section, {
      problem: `the kind '${String(kind)}' does not fit the task '${String(spec.task)}', which has ${kinds.map((one) => `'${one}'`).join(' or ')}.`,
      details: { option: 'kind', task: spec.task, expected: kinds, received: kind },
    });
  checks[kind as string]!(section, content as never);
}

const checkThreshold = typed('a number', (value) => typeof value === 'number' && Number.isFinite(value));

function checkClassification(at: string, post: ClassificationPost): void {
  refuseUnknownKeys(at, post, [
    ...['kind', 'output', 'topK', 'activation', 'temperature', 'threshold', 'labels'],
  ]);
  const { output, topK, activation = 'softmax', temperature, threshold, labels } = post;
  checkedAt(at, () => {
    if (output !== undefined) checkName('output', output);
    if (topK !== undefined) integer(1, 1024)('topK', topK);
    oneOf('softmax', 'sigmoid', 'none')('activation', activation);
    if (temperature !== undefined) checkTemperature(temperature, activation);
    if (threshold !== undefined) checkThreshold('threshold', threshold);
    if (labels !== undefined) checkLabels('labels', labels);
  });
}

function checkTemperature(temperature: number, activation: string): void {
  typed('a number', (value) => typeof value === 'number')('temperature', temperature);
  if (!(temperature >= 1e-30 && temperature <= 1e30))
    throw valueError('temperature', String(temperature), 'a number from 1e-30 to 1e30');
  if (activation !== 'softmax')
    throw valueError('temperature', temperature, `left out for the activation '${activation}'`);
}

function checkEmbedding(at: string, post: EmbeddingPost): void {
  refuseUnknownKeys(at, post, ['kind', 'output', 'pool', 'normalize']);
  checkedAt(at, () => {
    if (post.output !== undefined) checkName('output', post.output);
    if (post.pool !== undefined) oneOf('none', 'mean', 'first')('pool', post.pool);
    if (post.normalize !== undefined) flag('normalize', post.normalize);
  });
}

function checkTensors(at: string, post: TensorsPost): void {
  refuseUnknownKeys(at, post, ['kind', 'outputs']);
  const { outputs } = post;
  if (outputs === undefined) return;
  checkedAt(at, () => {
    typed('a list of names', isNames)('outputs', outputs);
    const isSet = outputs.length > 0 && new Set(outputs).size === outputs.length;
    if (!isSet) throw valueError('outputs', outputs, 'at least one name, each once');
  });
}
