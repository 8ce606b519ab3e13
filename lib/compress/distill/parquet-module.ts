// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';

/** One element of a schema. */
export interface ParquetElement {
  readonly name: string;
  readonly type?: 'FLOAT';
  readonly repetition_type?: 'REQUIRED' | 'REPEATED';
  readonly num_children?: number;
  readonly converted_type?: 'LIST';
}

/** What is used of hyparquet-writer. */
export interface ParquetModule {
  parquetWriteBuffer(options: {
    readonly columnData: readonly { readonly name: string; readonly data: readonly (readonly number[])[] }[];
    readonly schema: readonly ParquetElement[];
    readonly kvMetadata: readonly { readonly key: string; readonly value: string }[];
    readonly codec: 'SNAPPY';
    readonly statistics: false;
    readonly createdBy: string;
  }): ArrayBuffer;
}

const PACKAGE = 'hyparquet-writer';

/**
 * Opens the package that writes Parquet, which the application installs where it wants such files.
 *
 * @param load - Replaced by tests.
 * @throws {TensorRTError} ERR_TRT_LOAD_PARQUET_NOT_FOUND
 */
export async function loadParquet(
  // The name is no literal: bundlers of applications without the package would look for it.
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<ParquetModule> {
  try {
    return (await load(PACKAGE)) as ParquetModule;
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_PARQUET_NOT_FOUND',
      `Parquet is written by ${PACKAGE}, which cannot be loaded: ${(cause as Error).message.split('\n')[0]}`,
      { details: { package: PACKAGE }, cause },
    );
  }
}
