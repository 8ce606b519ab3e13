// SPDX-License-Identifier: Apache-2.0
// Damage that keeps a protobuf message well-formed: one field somewhere inside is removed, repeated, moved or given
// another value, and the lengths around it are put right. Only such damage gets past the first check of a reader.

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Random } from './mutate';

interface Field {
  number: number;
  type: WireType;
  /** The value as it is written, without tag and length. */
  payload: Uint8Array;
}

const INTEGERS = [
  0n,
  1n,
  -1n,
  2n,
  7n,
  11n,
  16n,
  127n,
  1n << 31n,
  (1n << 31n) - 1n,
  1n << 40n,
  -(1n << 63n),
  (1n << 63n) - 1n,
];
const DEEPEST = 12;

/** Changes one field of a message; `undefined` if the bytes are no message. */
export function mutateField(bytes: Uint8Array, random: Random, depth = 0): Uint8Array | undefined {
  const fields = decode(bytes);
  if (fields === undefined || fields.length === 0) return undefined;
  const at = Math.floor(random() * fields.length);
  const field = fields[at]!;
  const canDescend = field.type === WireType.LengthDelimited && depth < DEEPEST;
  const inner = canDescend && random() < 0.85 ? mutateField(field.payload, random, depth + 1) : undefined;
  if (inner !== undefined) field.payload = inner;
  else changeField(fields, at, random);
  return encode(fields);
}

function changeField(fields: Field[], at: number, random: Random): void {
  const field = fields[at]!;
  const other = Math.floor(random() * fields.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.push({ ...field });
      break;
    case 2:
      fields[at] = fields[other]!;
      fields[other] = field;
      break;
    case 3:
      field.payload = fields[other]!.type === field.type ? fields[other]!.payload : field.payload;
      break;
    default:
      field.payload = newPayload(field, random);
  }
}

function newPayload({ type, payload }: Field, random: Random): Uint8Array {
  if (type === WireType.Varint) {
    return new BinaryWriter().int64(INTEGERS[Math.floor(random() * INTEGERS.length)]!).finish();
  }
  if (type !== WireType.LengthDelimited) return payload.map(() => Math.floor(random() * 256));
  const result = payload.slice(0, random() < 0.3 ? Math.floor(random() * payload.length) : payload.length);
  for (let count = Math.floor(random() * 4); count > 0 && result.length > 0; count--) {
    result[Math.floor(random() * result.length)] = Math.floor(random() * 256);
  }
  return result;
}

function decode(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type === WireType.StartGroup || type === WireType.EndGroup) return undefined;
      fields.push({
        number,
        type,
        payload: type === WireType.LengthDelimited ? reader.bytes() : reader.skip(type),
      });
    }
  } catch {
    return undefined;
  }
  return fields;
}

function encode(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { number, type, payload } of fields) {
    writer.tag(number, type);
    if (type === WireType.LengthDelimited) writer.bytes(payload);
    else writer.raw(payload);
  }
  return writer.finish();
}
