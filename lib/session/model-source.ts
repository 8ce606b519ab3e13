// SPDX-License-Identifier: Apache-2.0
import { refuseForeign } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import { Engine } from '../runtime/engine';
import { describeType } from '../option-checks';
import { readHead } from '../runtime/read-head';
import { describeFileKind, FILE_KIND_BYTES } from '../text/file-kind';

/** What a session is made of: a plan that is not loaded yet, or a model in ONNX or in ONNX Runtime's own format. */
export type ModelSource =
  | { readonly kind: 'engine'; readonly engine: Engine }
  | { readonly kind: 'plan' | 'onnx' | 'ort'; readonly source: string | Uint8Array };

/**
 * Tells what a source is by its first bytes.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_LOAD_FILE`, `ERR_TRT_RUN_MODEL`
 */
export async function resolveSource(source: Engine | string | Uint8Array): Promise<ModelSource> {
  if (source instanceof Engine) return { kind: 'engine', engine: source };
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) {
    refuseForeign(source, 'createSession()');
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `createSession() takes a path, bytes or an Engine, not ${describeType(source)}.`,
    );
  }
  const head = typeof source === 'string' ? await headOf(source) : headOfBytes(source);
  const { kind, label, hint } = describeFileKind(head);
  if (kind === 'tensorrt-plan') return { kind: 'plan', source };
  // What is unknown may still be ONNX (fields in another order): the runtime decides. The rest is surely not.
  if (kind === 'onnx' || kind === 'unknown') return { kind: 'onnx', source };
  if (kind === 'ort') return { kind, source };
  const name = nameOf(source);
  throw new TensorRTError(
    'ERR_TRT_RUN_MODEL',
    `Expected an ONNX model or a TensorRT engine, but ${name} is ${label}.`,
    {
      hint: hint ?? 'Pass the path or the bytes of an .onnx file or of a built engine.',
      details: { source: name, kind },
    },
  );
}

/** What to call a source in messages. */
export function nameOf(source: Engine | string | Uint8Array): string {
  if (source instanceof Engine) return source.path ?? 'the given engine';
  return typeof source === 'string' ? source : 'the given model';
}

/** Of an array whose buffer was transferred meanwhile there is no `subarray()`. */
function headOfBytes(source: Uint8Array): Uint8Array {
  return source.length === 0 ? new Uint8Array() : source.subarray(0, FILE_KIND_BYTES);
}

async function headOf(path: string): Promise<Uint8Array> {
  try {
    const { kind, head } = await readHead(path, FILE_KIND_BYTES);
    if (kind !== 'file') throw new Error(kind === 'folder' ? 'it is a folder' : 'it is no regular file');
    return head;
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_FILE',
      `Cannot read the model ${path}: ${(cause as Error).message}`,
      { details: { path }, cause },
    );
  }
}
