// SPDX-License-Identifier: Apache-2.0
// Everything before TensorRT: reading and checking the model, choosing the library, fixing the request. What can be
// refused is refused here, in the user's words, before seconds are spent.

import { dirname, resolve } from 'node:path';

import type { NativeBuildRequest, NativeCudaReport } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { ModelInfo } from '../onnx';
import { describeType } from '../runtime/option-checks';
import {
  askDriver,
  selectLibrary,
  type SelectedLibrary,
  type SelectionContext,
} from '../runtime/select-library';
import type { BuildSettings } from './build-options';
import { throwIfCancelled } from './cancellation';
import { checkModel } from './model-checks';
import { toNativeRequest } from './native-request';
import { checkPrecision } from './precision-checks';
import { resolveProfiles } from './profiles';

/** A build that is decided in everything but where its files go. */
export interface PreparedBuild {
  /** Absolute path, or bytes. */
  model: string | Uint8Array;
  info: ModelInfo;
  library: SelectedLibrary;
  /** Without model and output. */
  request: NativeBuildRequest;
  cuda: NativeCudaReport;
  warnings: string[];
}

/** Reads and checks a model and decides how to build it. */
export async function prepareBuild(
  model: string | Uint8Array,
  settings: BuildSettings,
  context: () => SelectionContext,
): Promise<PreparedBuild> {
  const source = checkModelArgument(model);
  const info = await readModel(source, settings);
  checkPrecision(info, settings.precision);
  const profiles = resolveProfiles(info, settings);
  throwIfCancelled(settings.signal);
  // Only now is native code needed: mistakes in the arguments are found on machines without any.
  const selection = context();
  const cuda = await askDriver(selection);
  const library = await selectLibrary(settings.runtime, settings.libraryPath, { ...selection, cuda });
  const { family } = library;
  const warnings = [
    ...info.problems,
    ...checkModel(info, { family, allowTypeChanges: settings.allowTypeChanges }),
  ];
  throwIfCancelled(settings.signal);
  const request = { ...toNativeRequest(settings, library, profiles), driverLibrary: selection.driverLibrary };
  return { model: source, info, library, request, cuda, warnings };
}

function checkModelArgument(model: unknown): string | Uint8Array {
  if (model instanceof Uint8Array) return model;
  if (typeof model === 'string' && model !== '') return resolve(model);
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `buildEngine(model) takes the path of an ONNX model or its bytes (Uint8Array), not ${model === '' ? 'an empty string' : describeType(model)}.`,
  );
}

async function readModel(model: string | Uint8Array, { externalData }: BuildSettings): Promise<ModelInfo> {
  // Imported here: whoever loads or runs engines needs no ONNX reader.
  const { readModelInfo, checkExternalData, checkExternalBytes } = await import('../onnx/index.js');
  if (typeof model === 'string' && externalData !== undefined)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      'Option "externalData" is for a model given as bytes; a path has its files beside it.',
      { details: { option: 'externalData' } },
    );
  const info = await readModelInfo(model);
  if (typeof model === 'string') await checkExternalData(info, dirname(model));
  else checkExternalBytes(info, externalData ?? {});
  return info;
}
