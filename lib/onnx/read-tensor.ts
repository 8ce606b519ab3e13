// SPDX-License-Identifier: Apache-2.0
import { dataTypeName, elementTypeOf, tensorBytes } from './data-type';
import type { ExternalLocation, OnnxTensorInfo } from './model-info';
import { ENTRY, SPARSE_TENSOR, TENSOR } from './onnx-schema';
import type { Field, Walk, WireCursor } from './wire-cursor';

/** More dimensions than any runtime takes. */
const MOST_DIMS = 64;
/** Lists of numbers up to this size are counted; the count of longer ones is checked by bounds alone. */
const LARGEST_COUNTED_LIST = 1 << 18;

interface TensorDraft {
  name: string;
  dataType: number;
  dims: number[];
  external: Map<string, string>;
  isExternal: boolean;
  rawBytes: number | undefined;
  stringBytes: number;
  /** Values in the typed lists; bounds where a list was too long to count. */
  fewestValues: number;
  mostValues: number;
}

/** Reads a TensorProto: everything but its content, which is only measured. */
export function* readTensor(cursor: WireCursor, field: Field, scope: string): Walk<OnnxTensorInfo> {
  const draft = newDraft();
  cursor.position = field.start;
  yield* cursor.eachField(field.end, (inner) => readTensorField(cursor, inner, draft));
  return finishTensor(cursor, draft, scope);
}

/** Reads a SparseTensorProto: its values' name and type with its own dims. */
export function* readSparseTensor(
  cursor: WireCursor,
  field: Field,
  scope: string,
): Walk<OnnxTensorInfo | undefined> {
  let values: OnnxTensorInfo | undefined;
  const dims: number[] = [];
  cursor.position = field.start;
  yield* cursor.eachField(field.end, (inner) => {
    if (inner.tag === SPARSE_TENSOR.dim) pushDim(cursor, dims, inner.value);
    if (inner.tag === SPARSE_TENSOR.dims) return readPackedDims(cursor, inner, dims);
    if (inner.tag !== SPARSE_TENSOR.values) return undefined;
    return (function* (): Walk<void> {
      values = yield* readTensor(cursor, inner, scope);
    })();
  });
  return values === undefined ? undefined : { ...values, dims };
}

function newDraft(): TensorDraft {
  return {
    name: '',
    dataType: 0,
    dims: [],
    external: new Map(),
    isExternal: false,
    rawBytes: undefined,
    stringBytes: 0,
    fewestValues: 0,
    mostValues: 0,
  };
}

function readTensorField(cursor: WireCursor, field: Field, draft: TensorDraft): Walk<void> | void {
  const bytes = field.end - field.start;
  switch (field.tag) {
    case TENSOR.dim:
      return pushDim(cursor, draft.dims, field.value);
    case TENSOR.dims:
      return readPackedDims(cursor, field, draft.dims);
    case TENSOR.dataType:
      draft.dataType = field.value;
      return;
    case TENSOR.name:
      return readName(cursor, field, draft);
    case TENSOR.rawData:
      draft.rawBytes = bytes;
      return;
    case TENSOR.stringData:
      draft.stringBytes += bytes;
      return addValues(draft, 1, 1);
    case TENSOR.floatsData:
      return addValues(draft, Math.floor(bytes / 4), Math.floor(bytes / 4));
    case TENSOR.doublesData:
      return addValues(draft, Math.floor(bytes / 8), Math.floor(bytes / 8));
    case TENSOR.floatData:
    case TENSOR.doubleData:
    case TENSOR.int32Data:
    case TENSOR.int64Data:
    case TENSOR.uint64Data:
      return addValues(draft, 1, 1);
    case TENSOR.int32sData:
    case TENSOR.int64sData:
    case TENSOR.uint64sData:
      return countVarints(cursor, field, draft);
    case TENSOR.externalData:
      return readEntry(cursor, field, draft.external);
    case TENSOR.dataLocation:
      draft.isExternal = field.value === 1;
      return;
    default:
  }
}

function* readName(cursor: WireCursor, field: Field, draft: TensorDraft): Walk<void> {
  draft.name = yield* cursor.text(field);
}

function pushDim(cursor: WireCursor, dims: number[], dim: number): void {
  if (dims.length >= MOST_DIMS) throw cursor.corrupt(`a tensor has more than ${MOST_DIMS} dimensions`);
  dims.push(dim);
}

function* readPackedDims(cursor: WireCursor, field: Field, dims: number[]): Walk<void> {
  for (const dim of yield* cursor.packedVarints(field, MOST_DIMS)) pushDim(cursor, dims, dim);
}

function* readEntry(cursor: WireCursor, field: Field, entries: Map<string, string>): Walk<void> {
  let key = '';
  let value = '';
  cursor.position = field.start;
  yield* cursor.eachField(field.end, function* (inner): Walk<void> {
    if (inner.tag === ENTRY.key) key = yield* cursor.text(inner);
    else if (inner.tag === ENTRY.value) value = yield* cursor.text(inner);
  });
  entries.set(key, value);
}

function addValues(draft: TensorDraft, fewest: number, most: number): void {
  draft.fewestValues += fewest;
  draft.mostValues += most;
}

function* countVarints(cursor: WireCursor, field: Field, draft: TensorDraft): Walk<void> {
  const bytes = field.end - field.start;
  if (bytes > LARGEST_COUNTED_LIST) return addValues(draft, Math.floor(bytes / 10), bytes);
  let count = 0;
  for (const byte of yield* cursor.bytes(field, LARGEST_COUNTED_LIST)) if (byte < 0x80) count++;
  addValues(draft, count, count);
}

function finishTensor(cursor: WireCursor, draft: TensorDraft, scope: string): OnnxTensorInfo {
  const elements = draft.dims.reduce((product, dim) => product * dim, 1);
  if (draft.dims.some((dim) => dim < 0) || !Number.isSafeInteger(elements * 16)) {
    throw cursor.corrupt(`tensor "${draft.name}" has impossible dims [${draft.dims.join(', ')}]`);
  }
  const needed = tensorBytes(draft.dataType, elements);
  const external = draft.isExternal ? externalLocation(cursor, draft) : undefined;
  if (external?.length !== undefined && needed !== undefined && external.length < needed) {
    throw cursor.corrupt(
      `tensor "${draft.name}" needs ${needed} bytes, its external data has ${external.length}`,
    );
  }
  if (external === undefined) checkContent(cursor, draft, elements, needed);
  return {
    name: draft.name,
    type: elementTypeOf(draft.dataType),
    onnxType: dataTypeName(draft.dataType),
    dims: draft.dims,
    elements,
    bytes: needed ?? draft.stringBytes,
    scope,
    ...(external === undefined ? {} : { external }),
  };
}

/** A tensor with less content than its dims say would make a native reader run over the end. */
function checkContent(
  cursor: WireCursor,
  draft: TensorDraft,
  elements: number,
  needed: number | undefined,
): void {
  const shape = `tensor "${draft.name}" of ${dataTypeName(draft.dataType)} [${draft.dims.join(', ')}]`;
  if (draft.rawBytes !== undefined && draft.mostValues === 0) {
    if (needed !== undefined && draft.rawBytes !== needed) {
      throw cursor.corrupt(`${shape} needs ${needed} bytes and has ${draft.rawBytes}`);
    }
    return;
  }
  // Types below eight bits have two or more elements in one list entry; COMPLEX has two entries for one element.
  const perEntry = needed === undefined ? 1 : Math.max(1, Math.round(elements / Math.max(1, needed)));
  if (draft.mostValues * perEntry < elements) {
    throw cursor.corrupt(`${shape} needs ${elements} values and has ${draft.mostValues}`);
  }
}

function externalLocation(cursor: WireCursor, draft: TensorDraft): ExternalLocation {
  const location = draft.external.get('location');
  const offset = wholeNumber(draft.external.get('offset') ?? '0');
  const length = draft.external.has('length') ? wholeNumber(draft.external.get('length')!) : undefined;
  if (location === undefined || location === '' || offset === null || length === null) {
    const entries = [...draft.external].map(([key, value]) => `${key}=${value}`).join(', ');
    throw cursor.corrupt(`tensor "${draft.name}" has no valid place of its external data (${entries})`);
  }
  return { location, offset, ...(length === undefined ? {} : { length }) };
}

function wholeNumber(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : null;
}
