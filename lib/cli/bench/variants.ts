// SPDX-License-Identifier: Apache-2.0
import { stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { PreparedPrecision } from '../../compress/prepare-precision';
import { TensorRTError } from '../../errors';
import type { Feeds } from '../../runtime/feeds';
import type { ToolApi } from '../tool-api';
import { plural } from '../values/format';
import { PRECISIONS } from './bench-values';

/** What a variant is made of. */
export interface VariantRequest {
  readonly modelPath: string;
  /** `fp32`, `fp16`, `bf16` or `int8`. */
  readonly precision: string;
  /** Makes inputs to calibrate with; called for precisions that need them. */
  readonly feeds: () => Promise<readonly Feeds[]>;
  /** Where files may be made. */
  readonly folder: string;
}

/** A model in some precision. */
export interface Variant {
  readonly path: string;
  readonly bytes: number;
  /** What the reader should know about it. */
  readonly notes: readonly string[];
}

/**
 * Brings a model to a precision: `fp32` is the model as it is.
 *
 * @throws {TensorRTError} `ERR_TRT_BUILD_PRECISION` for what is no ONNX model; what the rewriting throws.
 */
export async function prepareVariant(
  { modelPath, precision, feeds, folder }: VariantRequest,
  api: Pick<ToolApi, 'createSession' | 'preparePrecision'>,
): Promise<Variant> {
  if (precision === 'fp32') return { path: modelPath, bytes: await bytesOf(modelPath), notes: [] };
  if (!isPrepared(precision) || extname(modelPath).toLowerCase() !== '.onnx')
    throw notPossible(modelPath, precision);
  const calibration = precision === 'bf16' ? {} : { feeds: await feeds(), runner: runnerOf(api) };
  const { bytes, report } = await api.preparePrecision(modelPath, precision, calibration);
  const path = join(folder, `${basename(modelPath, extname(modelPath))}-${precision}.onnx`);
  await writeFile(path, bytes);
  return { path, bytes: bytes.length, notes: describe(precision, report) };
}

function isPrepared(precision: string): precision is PreparedPrecision {
  return PRECISIONS.includes(precision as PreparedPrecision);
}

function describe(
  precision: string,
  { changed, reducedNodes, keptNodes }: Awaited<ReturnType<ToolApi['preparePrecision']>>['report'],
): string[] {
  if (!changed) return [`${precision}: the model is as it was`];
  const kept = keptNodes.length === 0 ? '' : `, ${plural(keptNodes.length, 'node')} kept as they were`;
  return [`${precision}: ${plural(reducedNodes, 'node')} compute in it${kept}`];
}

/** Calibration runs on the CPU, whatever is measured later: its numbers are the same everywhere. */
function runnerOf(api: Pick<ToolApi, 'createSession'>) {
  return async function* runOnCpu(model: Uint8Array, feeds: readonly Feeds[]) {
    const session = await api.createSession(model, { device: 'cpu' });
    try {
      for (const one of feeds) yield await session.run(one);
    } finally {
      await session.close();
    }
  };
}

/** The size of a file; 0 where there is none, which whoever loads it reports. */
async function bytesOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function notPossible(model: string, precision: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `${model} cannot be brought to ${precision}: only ONNX models are, to ${PRECISIONS.join(', ')}.`,
    {
      hint: `Give a model that is in it: --precision fp32,${precision}=model-${precision}.engine`,
      details: { precision, model },
    },
  );
}
