// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { readModelInfo } from '../read-model-info';
import { copyMessage } from './copy-message';
import { findExternalTensors } from './external-tensors';
import { MODEL_SCHEMA, type GraphMessage, type ModelMessage } from './onnx-messages';
import { writeModelForRuntime } from './runtime-files';
import { encodedBytes, encodeModel, encodeOutline, saveModel } from './save-model';
import { decodeMessage } from './wire-message';

/** A model as runtimes take it: a path, or its bytes with all weights inside. */
export type ModelSource = string | Uint8Array;

/** Models up to this size are handed to runtimes as bytes. */
const MOST_SOURCE_BYTES = 256 * 2 ** 20;

/**
 * An ONNX model that passes change and that can be written back. Weights that lie in files of their own stay there until
 * somebody asks for their values.
 */
export class OnnxModel {
  /**
   * @param message - Changed in place by passes.
   * @param hasExternalData - True if its weights lay in other files; `save` writes them so again.
   * @param origins - Files that the model comes from and that must not be written over.
   */
  constructor(
    /** The model as the file holds it. */
    readonly message: ModelMessage,
    /** Whether weights lie in other files. */
    readonly hasExternalData = false,
    /** Files that the model comes from and that must not be written over. */
    readonly origins: readonly string[] = [],
  ) {}

  /** The main graph. */
  get graph(): GraphMessage {
    return this.message.graph;
  }

  /** Version of ONNX's own operators. */
  get opset(): number {
    return this.message.opsetImport.find(isOwnDomain)?.version ?? 1;
  }

  /** Declares another version; nodes stay as they are, see `raiseOpset`. */
  set opset(version: number) {
    const entry = this.message.opsetImport.find(isOwnDomain);
    if (entry === undefined) this.message.opsetImport.push({ domain: '', version });
    else entry.version = version;
  }

  /** A copy that can be changed by itself; weights, also those in files, are shared until a pass replaces them. */
  clone(): OnnxModel {
    return this.withMessage(copyMessage(this.message));
  }

  /** Another model from the same files, e.g. a part of this one. */
  withMessage(message: ModelMessage): OnnxModel {
    return new OnnxModel(message, this.hasExternalData, this.origins);
  }

  /**
   * The model as one message, weights inside; those of files are read.
   *
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a model of 2 GB or more: `save` writes its weights beside it;
   * ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if a file of weights is gone or was changed
   */
  toBytes(): Uint8Array {
    return encodeModel(this.message);
  }

  /**
   * The model without its large weights, for those who only look at the graph: small, and made without reading any. It
   * says of the weights that they are in a file, which there is not.
   */
  toOutline(): Uint8Array {
    return encodeOutline(this.message);
  }

  /**
   * The model for a runtime: its bytes, or a path for a model of more than 256 MB. It is written to `folder` then, with
   * hard links to the files that its weights lie in, where the file system can do that.
   *
   * @param folder - Of its own for each call; whoever made it removes it.
   * @param limits - `bytes`: up to which size the model is handed out as bytes. Default 256 MB.
   * @throws {TensorRTError} ERR_TRT_ONNX_WRITE, ERR_TRT_ONNX_EXTERNAL_DATA_MISSING
   */
  async toSource(folder: string, limits: { readonly bytes?: number } = {}): Promise<ModelSource> {
    if (encodedBytes(this.message) <= (limits.bytes ?? MOST_SOURCE_BYTES)) return this.toBytes();
    return writeModelForRuntime(this.message, folder);
  }

  /**
   * Writes the model to `path`, at once or not at all: nobody sees half a file, and what was there stays if writing
   * fails. Weights go to `<path>.data` if they lay in other files before or if the model has 2 GB or more; those that lie
   * in files are copied some MB at a time.
   *
   * @throws {TensorRTError} ERR_TRT_ONNX_WRITE with the system's reason, or for a path that the model or its weights
   * were loaded from, under whichever name; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if a file of weights is gone or was changed
   */
  async save(path: string): Promise<void> {
    await saveModel(this.message, path, { external: this.hasExternalData, origins: this.origins });
  }
}

/** Weights of a model in memory whose tensors lie in other files, by file name. */
export interface LoadModelOptions {
  /** Bytes by file name, as the model names the files. */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
}

/**
 * Loads a model to change it. The .onnx file is read as a whole; weights in files beside it are checked and stay where
 * they are until somebody reads them: keep those files as they are while the model is used. Fields that ONNX does not
 * know stay in it.
 *
 * @param source - Path of an .onnx file, or its bytes, which must not change while the model is used.
 * @throws {TensorRTError} what `readModelInfo` throws; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING or _OUTSIDE;
 * ERR_TRT_ONNX_UNSUPPORTED_TYPE for external data of sparse tensors
 * @example
 * const model = await loadModel('model.onnx');
 * model.graph.node[0].name = 'first';
 * await model.save('renamed.onnx');
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<OnnxModel> {
  const info = await readModelInfo(source);
  const bytes = typeof source === 'string' ? await readWhole(source) : source;
  const message = decodeModel(bytes);
  const origins = typeof source === 'string' ? [resolve(source)] : [];
  if (info.externalTensors.length === 0) return new OnnxModel(message, false, origins);
  const place = typeof source === 'string' ? { folder: dirname(source) } : { files: options.externalData };
  const files = await findExternalTensors(message, info, place);
  return new OnnxModel(message, true, [...origins, ...files]);
}

/** What the reader of the header did not look into may be broken still. */
function decodeModel(bytes: Uint8Array): ModelMessage {
  try {
    return decodeMessage(MODEL_SCHEMA, bytes) as ModelMessage;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TensorRTError('ERR_TRT_ONNX_INVALID', `The model is not valid protobuf inside: ${reason}.`, {
      hint: 'The file is damaged: copy or export it again.',
      details: { reason: 'protobuf' },
      cause: error,
    });
  }
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
