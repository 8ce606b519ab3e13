// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import type { ByteSource } from './byte-source';
import { detectFileKind, FILE_KIND_BYTES, type FileKind } from '../text/file-kind';
import { newModelDraft, type ModelDraft } from './model-draft';
import { MODEL, OPSET } from './onnx-schema';
import { GraphReader } from './read-graph';
import { drive, WireCursor, WireError, type Field, type Walk } from './wire-cursor';

/**
 * Reads a ModelProto from a source.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_EMPTY, ERR_TRT_ONNX_NOT_ONNX, ERR_TRT_ONNX_TRUNCATED or
 * ERR_TRT_ONNX_INVALID; `details.kind` says what the file is, where its first bytes tell.
 */
export async function readModel(source: ByteSource): Promise<ModelDraft> {
  if (source.size === 0) {
    const message = `${quote(source)} is empty: an ONNX model was expected.`;
    throw new TensorRTError('ERR_TRT_ONNX_EMPTY', message, {
      details: { path: source.label, kind: 'empty' },
    });
  }
  // A copy: the window that it lies in is reused.
  const head = (await source.read(0, Math.min(FILE_KIND_BYTES, source.size))).slice(0, FILE_KIND_BYTES);
  const kind = detectFileKind(head);
  if (kind !== undefined) throw notOnnx(source, `it is ${kind.label}`, kind);

  const model = newModelDraft();
  const cursor = new WireCursor(source.size);
  try {
    await drive(walkModel(cursor, model), cursor, source);
  } catch (error) {
    throw error instanceof WireError ? explain(source, model, error) : error;
  }
  checkIsModel(source, model);
  return model;
}

function* walkModel(cursor: WireCursor, model: ModelDraft): Walk<void> {
  const reader = new GraphReader(cursor, model);
  yield* cursor.eachField(cursor.size, function* (field): Walk<void> {
    switch (field.tag) {
      case MODEL.irVersion:
        model.irVersion = field.value;
        break;
      case MODEL.producerName:
        model.producerName = yield* cursor.text(field);
        break;
      case MODEL.producerVersion:
        model.producerVersion = yield* cursor.text(field);
        break;
      case MODEL.graph:
        // A second graph field is merged into the first, as protobuf does.
        yield* reader.readGraph(field, (model.main ??= reader.newGraph('')));
        break;
      case MODEL.opsetImport:
        yield* readOpset(cursor, field, model);
        break;
      case MODEL.functions:
        yield* reader.readFunction(field);
        break;
      default:
    }
  });
}

function* readOpset(cursor: WireCursor, field: Field, model: ModelDraft): Walk<void> {
  let domain = '';
  let version = 0;
  cursor.position = field.start;
  yield* cursor.eachField(field.end, function* (inner): Walk<void> {
    if (inner.tag === OPSET.domain) domain = yield* cursor.text(inner);
    else if (inner.tag === OPSET.version) version = inner.value;
  });
  if (model.opsets.size >= MOST_OPSETS) throw cursor.corrupt(`more than ${MOST_OPSETS} opset domains`);
  model.opsets.set(domain === 'ai.onnx' ? '' : domain, version);
}

const MOST_OPSETS = 1000;

/** A broken walk of something that began like a model is a broken model; else it never was one. */
function explain(source: ByteSource, model: ModelDraft, error: WireError): TensorRTError {
  const where = `${error.message}, at byte ${error.offset} of ${source.size}`;
  if (!looksLikeModel(model)) return notOnnx(source, `it does not begin like one (${where})`);
  const details = { path: source.label, offset: error.offset, size: source.size, kind: 'onnx' };
  return error.kind === 'truncated'
    ? new TensorRTError('ERR_TRT_ONNX_TRUNCATED', `${quote(source)} is cut off: ${where}.`, { details })
    : new TensorRTError('ERR_TRT_ONNX_INVALID', `${quote(source)} is a broken ONNX model: ${where}.`, {
        details,
      });
}

/** A sensible IR version, or a graph with a sensible node: random bytes hardly have either. */
function looksLikeModel(model: ModelDraft): boolean {
  const { irVersion, main } = model;
  if (irVersion !== undefined && irVersion > 0 && irVersion < 1000) return true;
  return main !== undefined && main.nodes.some((node) => /^[A-Za-z]\w*$/.test(node.opType));
}

/** What every ONNX model has; a protobuf without it is something else. */
function checkIsModel(source: ByteSource, model: ModelDraft): void {
  const missing: string[] = [];
  if (model.main === undefined) missing.push('graph');
  if (model.irVersion === undefined || model.irVersion < 1) missing.push('IR version');
  // IR versions 1 and 2 had no opsets.
  if (model.opsets.size === 0 && (model.irVersion ?? 0) >= 3) missing.push('opset');
  if (missing.length > 0) throw notOnnx(source, `it has no ${missing.join(', no ')}`);
}

function notOnnx(source: ByteSource, why: string, kind?: FileKind): TensorRTError {
  return new TensorRTError('ERR_TRT_ONNX_NOT_ONNX', `${quote(source)} is not an ONNX model: ${why}.`, {
    details: { path: source.label, kind: kind?.kind ?? 'unknown' },
    ...(kind?.hint === undefined ? {} : { hint: kind.hint }),
  });
}

function quote(source: ByteSource): string {
  return source.label === 'the model' ? 'The model' : `"${source.label}"`;
}
