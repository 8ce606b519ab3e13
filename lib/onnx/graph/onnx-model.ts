// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { readModelInfo } from '../read-model-info';
import { readExternalTensors } from './external-tensors';
import { MODEL_SCHEMA, type GraphMessage, type ModelMessage } from './onnx-messages';
import { encodeModel, saveModel } from './save-model';
import { decodeMessage } from './wire-message';

/** An ONNX model in memory that passes change and that can be written back. All weights are in it. */
export class OnnxModel {
  /**
   * @param message - Changed in place by passes.
   * @param hasExternalData - True if its weights lay in other files; `save` writes them so again.
   */
  constructor(
    readonly message: ModelMessage,
    readonly hasExternalData = false,
  ) {}

  /** The main graph. */
  get graph(): GraphMessage {
    return this.message.graph;
  }

  /** Version of ONNX's own operators. */
  get opset(): number {
    return this.message.opsetImport.find(isOwnDomain)?.version ?? 1;
  }

  set opset(version: number) {
    const entry = this.message.opsetImport.find(isOwnDomain);
    if (entry === undefined) this.message.opsetImport.push({ domain: '', version });
    else entry.version = version;
  }

  /** A copy that can be changed by itself; weights are shared until a pass replaces them. */
  clone(): OnnxModel {
    return new OnnxModel(structuredCloneOf(this.message), this.hasExternalData);
  }

  /**
   * The model as one message, weights inside.
   *
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a model of 2 GB or more: `save` writes its weights beside it
   */
  toBytes(): Uint8Array {
    return encodeModel(this.message);
  }

  /**
   * Writes the model to `path`, at once or not at all: nobody sees half a file. Weights go to `<path>.data` if they
   * lay in other files before or if the model has 2 GB or more.
   */
  async save(path: string): Promise<void> {
    await saveModel(this.message, path, this.hasExternalData);
  }
}

/** Weights of a model in memory whose tensors lie in other files, by file name. */
export interface LoadModelOptions {
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
}

/**
 * Loads a model to change it: the whole of it, external data included. Fields that ONNX does not know stay in it.
 *
 * @param source - Path of an .onnx file, or its bytes, which must not change while the model is used.
 * @throws {TensorRTError} what `readModelInfo` throws; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING or _OUTSIDE
 */
export async function loadModel(
  source: string | Uint8Array,
  options: LoadModelOptions = {},
): Promise<OnnxModel> {
  const info = await readModelInfo(source);
  const bytes = typeof source === 'string' ? await readWhole(source) : source;
  const message = decodeMessage(MODEL_SCHEMA, bytes) as ModelMessage;
  if (info.externalTensors.length === 0) return new OnnxModel(message);
  const place = typeof source === 'string' ? { folder: dirname(source) } : { files: options.externalData };
  await readExternalTensors(message.graph, info, place);
  return new OnnxModel(message, true);
}

async function readWhole(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw new TensorRTError('ERR_TRT_ONNX_FILE_UNREADABLE', `"${path}" cannot be read: ${String(error)}.`, {
      details: { path },
      cause: error,
    });
  });
}

function isOwnDomain({ domain }: { domain?: string }): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx';
}

/** Copies objects and lists, not the arrays of bytes. */
function structuredCloneOf<T>(value: T): T {
  if (Array.isArray(value)) return (value as unknown[]).map(structuredCloneOf) as T;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, structuredCloneOf(one)])) as T;
}
