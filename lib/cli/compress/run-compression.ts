// SPDX-License-Identifier: Apache-2.0
// What all commands have in common that make another model from one: where files go, the data, Ctrl-C at any moment, and
// the report.

import { dirname, join } from 'node:path';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { Numerics } from '../../numerics/numerics';
import { TensorRTError } from '../../errors';
import type { CommandContext } from '../command';
import type { ToolApi } from '../tool-api';
import {
  openCalibration,
  type CalibrationArguments,
  type CalibrationParts,
} from '../precision/calibration-data';
import { withInterrupt } from '../precision/with-interrupt';
import { checkOutputs } from './check-outputs';
import { checkMeasureArguments, type MeasureArguments } from './measure-arguments';
import { measureResult, type Measured } from './measure-result';
import { sayStep } from './report-lists';

/** What a step works with. */
export interface CompressionWork {
  /** The model to start from. */
  readonly input: string;
  /** Where the new one goes. */
  readonly output: string;
  /** Data and what runs models on it; undefined without `--calibration`. */
  readonly data: CalibrationParts | undefined;
  /** The threaded linear algebra, loaded when it is asked for. */
  readonly numerics: () => Promise<Numerics>;
  readonly signal: AbortSignal;
  readonly onProgress: (step: string) => void;
}

/** A model, and what is told of it. */
export interface CompressionResult<Report> {
  readonly model: Pick<OnnxModel, 'save'>;
  readonly report: Report;
}

/** One command's part. */
export interface CompressionStep<Result> {
  readonly input: string;
  readonly given: CalibrationArguments &
    MeasureArguments & { readonly output?: string | undefined; readonly calibration?: string | undefined };
  /** Ending of the new file unless the user named one, e.g. `-pruned`. */
  readonly ending: string;
  /** Other models that the command reads. */
  readonly otherInputs?: readonly string[];
  /** Other files that the command writes. */
  readonly otherOutputs?: readonly (string | undefined)[];
  /** Makes the model. */
  readonly work: (work: CompressionWork) => Promise<Result>;
  /** Writes what belongs to it, once the model itself is written. */
  readonly afterSave?: (result: Result) => Promise<void>;
}

/** What every one of these commands has to tell. */
export interface CompressionFiles<Report> {
  readonly input: string;
  readonly output: string;
  /** Of the files. */
  readonly bytes: { readonly before: number; readonly after: number };
  readonly report: Report;
  /** The new model beside its source. */
  readonly compression: Measured;
}

/**
 * Runs a command that makes another model from one. Nothing is written before the model is whole; Ctrl-C ends it at the
 * next place where it can, while it is measured too: the model stays then.
 *
 * @throws {TensorRTError} `ERR_TRT_ONNX_WRITE` before any work for a file that cannot be written or that is the source;
 *   `ERR_TRT_RUN_ABORTED`; what the step and writing throw
 */
export async function runCompression<Report, Result extends CompressionResult<Report>>(
  step: CompressionStep<Result>,
  context: CommandContext,
): Promise<CompressionFiles<Result['report']>> {
  const { input, given } = step;
  const output = given.output ?? `${input.replace(/\.onnx$/i, '')}${step.ending}.onnx`;
  checkMeasureArguments(given);
  const inputs = [input, ...(step.otherInputs ?? [])].map((path) => filesOf(path, context.api));
  await checkOutputs([output, ...(step.otherOutputs ?? [])], (await Promise.all(inputs)).flat());
  return withInterrupt(context, async (signal) => {
    const { api } = context;
    const data = given.calibration === undefined ? undefined : await openCalibration(input, given, api);
    signal.throwIfAborted();
    const onProgress = sayStep(context);
    const numerics = () => api.nativeNumerics();
    const result = await step.work({ input, output, data, numerics, signal, onProgress });
    // Work that never waits hears of a signal only now.
    signal.throwIfAborted();
    await result.model.save(output);
    await step.afterSave?.(result);
    const compression = await measureResult(
      { source: input, output, given, calibration: data?.calibration, signal },
      context,
    ).catch((error: unknown) => {
      throw afterSaving(error, output);
    });
    const bytes = { before: compression.before.bytes, after: compression.after.bytes };
    return { input, output, bytes, report: result.report, compression };
  });
}

/** A model's own file and those of its weights. What is no model is refused by who reads it. */
async function filesOf(path: string, api: Pick<ToolApi, 'readModelInfo'>): Promise<string[]> {
  const externalFiles = await api.readModelInfo(path).then(
    (info) => info.externalFiles,
    () => [],
  );
  return [path, ...externalFiles.map((file) => join(dirname(path), file))];
}

/** The model is there, which who stopped the measuring has to know. */
function afterSaving(error: unknown, output: string): unknown {
  if (!(error instanceof TensorRTError) || error.code !== 'ERR_TRT_RUN_ABORTED') return error;
  return new TensorRTError('ERR_TRT_RUN_ABORTED', `Interrupted while measuring; ${output} is written.`, {
    cause: error,
  });
}
