// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { readModelInfo } from '../../onnx';
import type { ModelToEvaluate } from '../evaluated-model';
import { precisionOf, precisionOfTypes, type ValidatedPrecision } from './tolerance';

/** What a file or bytes turn out to be. */
export interface CandidateFacts {
  /** Whether it is an ONNX model, which can be looked into. */
  readonly isOnnx: boolean;
  readonly precision: ValidatedPrecision;
}

/**
 * What is known of a model before it runs: an ONNX model by its graph, an engine by its manifest (`<path>.json`). What
 * tells nothing counts as FP32.
 */
export async function candidateFacts(model: ModelToEvaluate): Promise<CandidateFacts> {
  if (typeof model !== 'string' && !(model instanceof Uint8Array))
    return { isOnnx: false, precision: 'fp32' };
  const info = await readModelInfo(model).catch(() => undefined);
  if (info !== undefined) return { isOnnx: true, precision: precisionOf(info.typeCensus) };
  const types = typeof model === 'string' ? await manifestTypes(model) : [];
  return { isOnnx: false, precision: precisionOfTypes(types) };
}

async function manifestTypes(path: string): Promise<string[]> {
  try {
    const manifest = JSON.parse(await readFile(`${path}.json`, 'utf8')) as { precision?: object };
    return Object.keys(manifest.precision ?? {});
  } catch {
    return [];
  }
}
