// SPDX-License-Identifier: Apache-2.0
// Protobuf messages as plain objects that can be changed and written back. Fields that the schema does not name are
// kept as bytes: a model of a newer ONNX, or with a vendor's extensions, loses nothing on its way through.

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** How one value is written. `whole` is an int64 that is a number here: dims and versions; `int64` is a bigint. */
export type FieldKind = 'whole' | 'int32' | 'int64' | 'uint64' | 'float' | 'double' | 'string' | 'bytes';

/** One field of a message. */
export interface Field {
  readonly number: number;
  readonly kind: FieldKind | MessageSchema;
  readonly repeated?: boolean;
  /** What a field is read as that is not there, and then not written: of those that readers count on. */
  readonly absent?: string | number;
  /** Repeated numbers in one length-delimited value; either form is read. */
  readonly packed?: boolean;
}

/** Fields of a message by the name of the property that holds them. A function, as messages nest in each other. */
export type MessageSchema = () => Readonly<Record<string, Field>>;

/** What was read and is not in the schema. */
export interface UnknownField {
  /** Number of the field. */
  readonly number: number;
  /** How its bytes are laid out. */
  readonly wireType: WireType;
  /** Its bytes as they were. */
  readonly data: Uint8Array;
}

/** Base of all messages: repeated fields are always there, single ones may be undefined. */
export interface Message {
  /** What is written back as it was read. */
  unknown?: UnknownField[];
}

type Values = Record<string, unknown> & Message;

const WIRE_TYPES: Readonly<Record<FieldKind, WireType>> = {
  whole: WireType.Varint,
  int32: WireType.Varint,
  int64: WireType.Varint,
  uint64: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};

/** Bytes that are fetched when they are asked for, e.g. from a file. A field of kind `bytes` may hold them. */
export interface LazyBytes {
  /** How many there are. */
  readonly length: number;
  /** All of them, in memory of their own; nothing is kept. */
  read(): Uint8Array;
}

/** A piece of an encoded message. */
export type MessagePart = Uint8Array | LazyBytes;

/** Reads a message. Byte fields are views of `bytes`, not copies. */
export function decodeMessage(schema: MessageSchema, bytes: Uint8Array): Message {
  return read(schema, new BinaryReader(bytes), bytes.length);
}

/** The bytes of a message. */
export function encodeMessage(schema: MessageSchema, message: Message): Uint8Array {
  const { parts, length } = encodeParts(schema, message);
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    bytes.set(part instanceof Uint8Array ? part : part.read(), end);
    end += part.length;
  }
  return bytes;
}

/** An encoded message in pieces. */
export interface EncodedMessage {
  readonly parts: MessagePart[];
  /** Bytes of all parts. */
  readonly length: number;
}

/** A message as pieces to write one after the other: large byte fields are neither copied nor, if lazy, read. */
export function encodeParts(schema: MessageSchema, message: Message): EncodedMessage {
  const writer = new PartWriter();
  write(schema, writer, message as Values);
  return writer.finish();
}

/** A message with nothing in it. */
export function emptyMessage(schema: MessageSchema): Message {
  return newValues(schema);
}

function newValues(schema: MessageSchema): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(schema())) {
    if (field.repeated === true) values[name] = [];
    else if (field.absent !== undefined) values[name] = field.absent;
  }
  return values;
}

function read(schema: MessageSchema, reader: BinaryReader, end: number, values = newValues(schema)): Values {
  const fields = fieldsByNumber(schema);
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const known = fields.get(number);
    if (known === undefined || !fits(known.field, wireType)) {
      (values.unknown ??= []).push({ number, wireType, data: reader.skip(wireType, number) });
    } else {
      readField(values, known, reader, wireType);
    }
  }
  return values;
}

function readField(values: Values, { name, field }: NamedField, reader: BinaryReader, type: WireType): void {
  if (field.repeated !== true) {
    // A message that comes twice is one message in two parts.
    const isSecondPart = typeof field.kind === 'function' && values[name] !== undefined;
    if (!isSecondPart) values[name] = readValue(field.kind, reader);
    else read(field.kind, reader, reader.uint32() + reader.pos, values[name] as Values);
    return;
  }
  const list = values[name] as unknown[];
  const isPacked = type === WireType.LengthDelimited && wireTypeOf(field) !== WireType.LengthDelimited;
  if (!isPacked) {
    list.push(readValue(field.kind, reader));
    return;
  }
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) list.push(readValue(field.kind, reader));
}

function readValue(kind: Field['kind'], reader: BinaryReader): unknown {
  if (typeof kind === 'function') return read(kind, reader, reader.uint32() + reader.pos);
  switch (kind) {
    case 'whole':
      return Number(reader.int64());
    case 'int64':
      return BigInt(reader.int64());
    case 'uint64':
      return BigInt(reader.uint64());
    default:
      return reader[kind]();
  }
}

/** Longer byte fields are parts of their own. */
const LONGEST_COPIED = 1 << 14;

/** Collects small values in one buffer and puts large ones beside it. */
class PartWriter {
  readonly small = new BinaryWriter();
  private readonly parts: MessagePart[] = [];
  private length = 0;

  bytes(value: MessagePart): void {
    this.small.uint32(value.length);
    if (value instanceof Uint8Array && value.length <= LONGEST_COPIED) this.small.raw(value);
    else this.append([value]);
  }

  message({ parts, length }: EncodedMessage): void {
    this.small.uint32(length);
    if (parts.length === 1 && parts[0] instanceof Uint8Array && length <= LONGEST_COPIED) {
      this.small.raw(parts[0]);
    } else this.append(parts);
  }

  finish(): EncodedMessage {
    this.append([]);
    return { parts: this.parts, length: this.length };
  }

  private append(parts: readonly MessagePart[]): void {
    for (const part of [this.small.finish(), ...parts]) {
      if (part.length === 0) continue;
      this.parts.push(part);
      this.length += part.length;
    }
  }
}

function write(schema: MessageSchema, writer: PartWriter, values: Values): void {
  for (const [name, field] of Object.entries(schema())) {
    const value = values[name];
    if (value === undefined || (field.absent !== undefined && value === field.absent)) continue;
    if (field.repeated !== true) writeValue(field, writer, value);
    else if (field.packed === true) writePacked(field, writer.small, value as unknown[]);
    else for (const one of value as unknown[]) writeValue(field, writer, one);
  }
  for (const { number, wireType, data } of values.unknown ?? []) writer.small.tag(number, wireType).raw(data);
}

function writePacked(field: Field, writer: BinaryWriter, list: readonly unknown[]): void {
  if (list.length === 0) return;
  writer.tag(field.number, WireType.LengthDelimited).fork();
  for (const one of list) writeScalar(field.kind as FieldKind, writer, one);
  writer.join();
}

function writeValue(field: Field, writer: PartWriter, value: unknown): void {
  writer.small.tag(field.number, wireTypeOf(field));
  if (typeof field.kind === 'function') writer.message(encodeParts(field.kind, value as Message));
  else if (field.kind === 'bytes') writer.bytes(value as MessagePart);
  else writeScalar(field.kind, writer.small, value);
}

function writeScalar(kind: FieldKind, writer: BinaryWriter, value: unknown): void {
  if (kind === 'string') writer.string(value as string);
  else if (kind === 'bytes') writer.bytes(value as Uint8Array);
  else if (kind === 'whole') writer.int64(clampWhole(value as number));
  else if (kind === 'int64') writer.int64(value as bigint);
  else if (kind === 'uint64') writer.uint64(value as bigint);
  else writer[kind](value as number);
}

const MOST_INT64 = 2n ** 63n - 1n;

/** A number is only near the largest int64, which some exporters write for sizes they do not know: beyond it. */
function clampWhole(value: number): number | bigint {
  return value >= 2 ** 63 ? MOST_INT64 : Number.isSafeInteger(value) ? value : BigInt(value);
}

function fits(field: Field, wireType: WireType): boolean {
  const own = wireTypeOf(field);
  return wireType === own || (field.repeated === true && wireType === WireType.LengthDelimited);
}

function wireTypeOf({ kind }: Field): WireType {
  return typeof kind === 'function' ? WireType.LengthDelimited : WIRE_TYPES[kind];
}

interface NamedField {
  readonly name: string;
  readonly field: Field;
}

const tables = new WeakMap<MessageSchema, Map<number, NamedField>>();

function fieldsByNumber(schema: MessageSchema): Map<number, NamedField> {
  let table = tables.get(schema);
  if (table === undefined) {
    table = new Map(Object.entries(schema()).map(([name, field]) => [field.number, { name, field }]));
    tables.set(schema, table);
  }
  return table;
}
