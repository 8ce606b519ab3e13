// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import type { Manifest } from './manifest';
import { rejectUnknownOptions } from '../option-checks';

/** Options of `loadEngine()`. */
export interface LoadOptions {
  /**
   * The manifest: its path, its content, or `false` to load without one. Default: the file `<engine>.json` if it is
   * there; bytes have none.
   */
  manifest?: string | Manifest | false;
  /** TensorRT library, or folder of libraries, that shall run the engine. Default: what `probe()` finds. */
  libraryPath?: string;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION` */
export function checkLoadArguments(source: unknown, options: LoadOptions): void {
  if (!(typeof source === 'string' && source !== '') && !(source instanceof Uint8Array)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `loadEngine(source) takes the path of an engine or its bytes (Uint8Array), not ${source === '' ? 'an empty string' : typeof source}.`,
    );
  }
  rejectUnknownOptions('loadEngine', options, ['manifest', 'libraryPath']);
  const { manifest, libraryPath } = options;
  const isManifest =
    manifest === undefined ||
    manifest === false ||
    typeof manifest === 'string' ||
    (typeof manifest === 'object' && manifest !== null);
  if (!isManifest)
    throw new TensorRTError('ERR_TRT_ARG_TYPE', 'Option "manifest" takes a path, a manifest, or false.');
  if (libraryPath !== undefined && typeof libraryPath !== 'string')
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      'Option "libraryPath" takes the path of a library or a folder.',
    );
}
