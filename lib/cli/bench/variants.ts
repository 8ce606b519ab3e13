// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { QuantizeOptions } from '../../compress/quantize-options';
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { Feeds } from '../../runtime/feeds';
import { runnerOver } from '../../runtime/model-runner';
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
  api: Pick<ToolApi, 'createSession' | 'cast' | 'quantize'>,
): Promise<Variant> {
  if (precision === 'fp32') return { path: modelPath, bytes: await bytesOf(modelPath), notes: [] };
  if (!isRewritten(precision) || extname(modelPath).toLowerCase() !== '.onnx')
    throw notPossible(modelPath, precision);
  const data = precision === 'bf16' ? {} : { calibration: await feeds(), runner: runnerOf(api) };
  const { model, notes } = await rewrite(modelPath, { precision, data }, api);
  const path = join(folder, `${basename(modelPath, extname(modelPath))}-${precision}.onnx`);
  await model.save(path);
  return { path, bytes: (await bytesOf(path)) + (await bytesOf(`${path}.data`)), notes };
}

type Rewritten = 'fp16' | 'bf16' | 'int8';

function isRewritten(precision: string): precision is Rewritten {
  return PRECISIONS.includes(precision as Rewritten);
}

interface Rewriting {
  readonly precision: Rewritten;
  readonly data: Pick<QuantizeOptions<Feeds>, 'calibration' | 'runner'>;
}

async function rewrite(
  modelPath: string,
  { precision, data }: Rewriting,
  api: Pick<ToolApi, 'cast' | 'quantize'>,
): Promise<{ model: OnnxModel; notes: string[] }> {
  if (precision !== 'int8') {
    const { model, report } = await api.cast(modelPath, { to: precision, ...data });
    return { model, notes: [describe(precision, report.reduced, report.kept.length)] };
  }
  const { model, report } = await api.quantize(modelPath, data);
  return { model, notes: [describe(precision, report.quantized.length, report.kept.length)] };
}

function describe(precision: string, changed: number, kept: number): string {
  const rest = kept === 0 ? '' : `, ${plural(kept, 'node')} kept as they were`;
  return `${precision}: ${plural(changed, 'node')} compute in it${rest}`;
}

/** Calibration runs on the CPU, whatever is measured later: its numbers are the same everywhere. */
function runnerOf(api: Pick<ToolApi, 'createSession'>) {
  return runnerOver((model) => api.createSession(model, { device: 'cpu' }));
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
