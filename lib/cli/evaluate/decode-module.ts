// SPDX-License-Identifier: Apache-2.0
import type { Decode } from '../../evaluate';
import { loadModuleFunction } from '../values/module-function';

const FORM = 'export default async (path) => ({ data, dims })';

/**
 * Loads a module, ES or CommonJS, whose default export reads samples.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be loaded, `ERR_TRT_ARG_USAGE` if it exports no function
 */
export async function loadDecode(path: string): Promise<Decode> {
  return (await loadModuleFunction(path, { option: '--decode', form: FORM, example: FORM })) as Decode;
}
