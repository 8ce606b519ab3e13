// SPDX-License-Identifier: Apache-2.0
// Specs in files: beside a model, named by the caller, or in the manifest of an engine.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { errnoOf, fileReadError } from '../../runtime/file-errors';
import { checkPipelineSpec } from './check-spec';
import type { PipelineSpec } from './pipeline-spec';
import { specError } from './spec-error';

/**
 * A spec that needs no other file: checked, with its labels.
 *
 * @param source - The spec, or the path of its JSON file.
 * @param folder - Where a path of labels begins; for a file its own folder.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, and as {@link checkPipelineSpec}.
 */
export async function readPipelineSpec(
  source: PipelineSpec | string,
  folder: string = process.cwd(),
): Promise<PipelineSpec> {
  if (typeof source !== 'string') return withLabels(source, folder);
  const path = resolve(source);
  const spec = await readSpecFile(path);
  if (spec === undefined)
    throw fileReadError(
      'pipeline spec',
      path,
      Object.assign(new Error('there is no such file'), { code: 'ENOENT' }),
    );
  return spec;
}

/**
 * The spec beside a model: `photo.pipeline.json` for `photo.onnx` and `photo.engine`.
 *
 * @returns undefined if there is none.
 */
export function readSpecBeside(model: string): Promise<PipelineSpec | undefined> {
  return readSpecFile(resolve(specPathOf(model)));
}

/** Path of the spec that belongs to a model. */
export function specPathOf(model: string): string {
  return `${model.replace(/\.(onnx|ort|engine|plan|trt)$/i, '')}.pipeline.json`;
}

async function readSpecFile(path: string): Promise<PipelineSpec | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileReadError('pipeline spec', path, error);
  }
  return withLabels(parseJson(text, path), dirname(path));
}

function parseJson(text: string, path: string): unknown {
  try {
    // Some editors put a mark before the text that JSON does not have.
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (cause) {
    throw specError('ERR_TRT_ARG_VALUE', '', {
      problem: `${path} is not JSON: ${(cause as Error).message}`,
      details: { path },
      cause,
    });
  }
}

async function withLabels(value: unknown, folder: string): Promise<PipelineSpec> {
  checkPipelineSpec(value);
  // A copy: the caller's object may change while the pipeline lives.
  const spec = structuredClone(value);
  const { post } = spec;
  if (!('labels' in post) || typeof post.labels !== 'string') return spec;
  const labels = await readLabels(resolve(folder, post.labels));
  requireLabels(labels, post.labels);
  return { ...spec, post: { ...post, labels } } as PipelineSpec;
}

async function readLabels(path: string): Promise<string[]> {
  try {
    const text = await readFile(path, 'utf8');
    // The last line may end, or not.
    return text
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
  } catch (error) {
    throw fileReadError('file of labels', path, error);
  }
}

function requireLabels(labels: readonly string[], path: string): void {
  if (labels.length > 1 || labels[0] !== '') return;
  throw specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `the file of labels ${path} is empty.`,
    details: { option: 'labels', path },
  });
}
