// SPDX-License-Identifier: Apache-2.0
// Everything before TensorRT: reading and checking the model, choosing the library, fixing the request. What can be
// refused is refused here, in the user's words, before seconds are spent.

import { dirname, resolve } from 'node:path';

import type { NativeBuildRequest, NativeCudaReport } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { ModelInfo } from '../onnx';
import { describeType } from '../option-checks';
import {
  askDriver,
  selectLibrary,
  type SelectedLibrary,
  type SelectionContext,
} from '../runtime/select-library';
import { BuildFolder } from './build-folder';
import type { BuildSettings } from './build-options';
import { throwIfCancelled } from './cancellation';
import { checkModel } from './model-checks';
import { toNativeRequest } from './native-request';
import { resolveProfiles } from './profiles';
import { checkCanRewrite, rewritePrecision, type RewrittenModel } from './rewrite-precision';

/** The world outside of the preparation. */
export interface PrepareContext extends SelectionContext {
  /** Where files go that end up nowhere else. */
  temporaryFolder: string;
}

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
  /** Where the model was rewritten to another precision: how, and from what. `model` and `info` are the rewritten ones. */
  rewritten: Pick<RewrittenModel, 'rewrite' | 'source'> | null;
  /** Removes what was written on the way. */
  release(): Promise<void>;
}

/** Reads and checks a model and decides how to build it. */
export async function prepareBuild(
  model: string | Uint8Array,
  settings: BuildSettings,
  context: () => PrepareContext,
): Promise<PreparedBuild> {
  const source = checkModelArgument(model);
  const info = await readModel(source, settings);
  const profiles = resolveProfiles(info, settings);
  checkCanRewrite(info, settings.precision);
  throwIfCancelled(settings.signal);
  // Only now is native code needed: mistakes in the arguments are found on machines without any.
  const selection = context();
  const cuda = await askDriver(selection);
  const library = await selectLibrary(settings.runtime, settings.libraryPath, { ...selection, cuda });
  const { family } = library;
  const { allowTypeChanges } = settings;
  const warnings = [...info.problems, ...checkModel(info, { family, allowTypeChanges })];
  throwIfCancelled(settings.signal);
  const request = { ...toNativeRequest(settings, library, profiles), driverLibrary: selection.driverLibrary };
  const decided = { library, request, cuda };
  const rewritten = await rewritePrecision({ model: source, info, settings });
  if (rewritten === null)
    return { ...decided, model: source, info, warnings, rewritten, release: () => Promise.resolve() };
  const folder = await BuildFolder.create(selection.temporaryFolder);
  try {
    const written = await rewritten.model.toSource(folder.path);
    const { readModelInfo } = await import('../onnx/reader.js');
    return {
      ...decided,
      model: written,
      info: await readModelInfo(written),
      warnings: [...warnings, ...rewritten.warnings],
      rewritten,
      release: () => folder.remove(),
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
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
  const { readModelInfo, checkExternalData, checkExternalBytes } = await import('../onnx/reader.js');
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
