// SPDX-License-Identifier: Apache-2.0
import type { Dimension } from '../tensor/tensor-info';
import { dataTypeName, elementTypeOf } from './data-type';
import type { OnnxValueInfo } from './model-info';
import { DIMENSION, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './onnx-schema';
import type { Field, Walk, WireCursor } from './wire-cursor';

const MOST_DIMS = 64;

const KINDS: Readonly<Record<number, OnnxValueInfo['kind']>> = {
  [TYPE.tensor]: 'tensor',
  [TYPE.sequence]: 'sequence',
  [TYPE.map]: 'map',
  [TYPE.opaque]: 'opaque',
  [TYPE.sparseTensor]: 'sparse-tensor',
  [TYPE.optional]: 'optional',
};

interface ValueDraft {
  name: string;
  kind: OnnxValueInfo['kind'];
  dataType: number;
  dims: Dimension[] | undefined;
}

/** Reads a ValueInfoProto: an input, an output, or the annotation of a value between nodes. */
export function* readValueInfo(cursor: WireCursor, field: Field): Walk<OnnxValueInfo> {
  const draft: ValueDraft = { name: '', kind: 'none', dataType: 0, dims: undefined };
  cursor.position = field.start;
  yield* cursor.eachField(field.end, function* (inner): Walk<void> {
    if (inner.tag === VALUE_INFO.name) draft.name = yield* cursor.text(inner);
    else if (inner.tag === VALUE_INFO.type) yield* readType(cursor, inner, draft);
  });
  return {
    name: draft.name,
    type: elementTypeOf(draft.dataType),
    onnxType: dataTypeName(draft.dataType),
    dims: draft.dims ?? [],
    hasShape: draft.dims !== undefined,
    kind: draft.kind,
  };
}

function* readType(cursor: WireCursor, field: Field, draft: ValueDraft): Walk<void> {
  cursor.position = field.start;
  yield* cursor.eachField(field.end, (inner) => {
    const kind = KINDS[inner.tag];
    if (kind === undefined) return undefined;
    draft.kind = kind;
    // Element types of sequences and maps are of no use here: TensorRT refuses them by their kind.
    return kind === 'tensor' || kind === 'sparse-tensor' ? readTensorType(cursor, inner, draft) : undefined;
  });
}

function* readTensorType(cursor: WireCursor, field: Field, draft: ValueDraft): Walk<void> {
  cursor.position = field.start;
  yield* cursor.eachField(field.end, (inner) => {
    if (inner.tag === TENSOR_TYPE.elementType) draft.dataType = inner.value;
    return inner.tag === TENSOR_TYPE.shape ? readShape(cursor, inner, draft) : undefined;
  });
}

function* readShape(cursor: WireCursor, field: Field, draft: ValueDraft): Walk<void> {
  const dims: Dimension[] = [];
  draft.dims = dims;
  cursor.position = field.start;
  yield* cursor.eachField(field.end, function* (inner): Walk<void> {
    if (inner.tag !== SHAPE.dim) return;
    if (dims.length >= MOST_DIMS)
      throw cursor.corrupt(`"${draft.name}" has more than ${MOST_DIMS} dimensions`);
    dims.push(yield* readDimension(cursor, inner));
  });
}

/** A dimension with neither value nor symbol, an empty symbol or a negative value is dynamic without a name. */
function* readDimension(cursor: WireCursor, field: Field): Walk<Dimension> {
  let dimension: Dimension = -1;
  cursor.position = field.start;
  yield* cursor.eachField(field.end, function* (inner): Walk<void> {
    if (inner.tag === DIMENSION.value) dimension = inner.value < 0 ? -1 : inner.value;
    else if (inner.tag === DIMENSION.symbol) {
      const symbol = yield* cursor.text(inner);
      dimension = symbol === '' ? -1 : symbol;
    }
  });
  return dimension;
}
