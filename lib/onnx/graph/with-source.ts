// SPDX-License-Identifier: Apache-2.0
import { makeTemporaryFolder } from '../../temporary-folder';
import type { ModelSource, OnnxModel } from './onnx-model';

/**
 * Hands a model out as runtimes take it, for as long as `use` takes; files that were made for that are removed after it.
 * They are among the system's temporary files: weights are linked and not copied if these are on the same file system.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE, ERR_TRT_ONNX_EXTERNAL_DATA_MISSING; what `use` throws
 */
export async function withSource<T>(model: OnnxModel, use: (source: ModelSource) => Promise<T>): Promise<T> {
  const opened = await openSource(model);
  try {
    return await use(opened.source);
  } finally {
    await opened.close();
  }
}

/** A model that a runtime can read. */
export interface OpenSource {
  readonly source: ModelSource;
  /** Removes its files. */
  close(): Promise<void>;
}

/** As {@link withSource}, for those who end it themselves. */
export async function openSource(model: OnnxModel): Promise<OpenSource> {
  const folder = makeTemporaryFolder('tensorrt-node-model-');
  try {
    return { source: await model.toSource(folder.path), close: () => folder.remove() };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
