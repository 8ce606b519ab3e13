// SPDX-License-Identifier: Apache-2.0
// Walks the protobuf wire format by position. Payloads that nobody asks for (weights) are skipped without being
// read, so a model of any size needs one small window of memory.
//
// The walk is written as generators: they run until bytes are missing in the window (or until the event loop was
// kept long enough) and then yield; `drive` fetches what is missing and goes on. One code path thus serves files,
// read asynchronously, and byte arrays, walked in place.

import { WireType } from '@bufbuild/protobuf/wire';
import type { ByteSource } from './byte-source';

/** What a walk asks of its driver: this many bytes from the cursor's position, or 0 for a pause. */
export type Walk<T> = Generator<number, T, void>;

/** One field of a message: its tag, its value if it is a varint, and where its payload lies. */
export interface Field {
  /** Field number and wire type as protobuf combines them: number << 3 | type. */
  readonly tag: number;
  /** Value of a varint field; beyond 2^53 only nearly exact. 0 for others. */
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

/** Why bytes cannot be walked. Turned into a `TensorRTError` where the kind of the file is known. */
export class WireError extends Error {
  constructor(
    /** 'truncated': the input ends inside a field. 'corrupt': no end of input is to blame. */
    readonly kind: 'truncated' | 'corrupt',
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const LONGEST_HEADER = 20; // two varints
const LONGEST_NAME = 1 << 16;
const MOST_NAMES = 8_000_000;
const MOST_NAME_BYTES = 1 << 28;
/** protobuf's own limit: no real reader accepts more. */
const DEEPEST_NESTING = 100;
const LONGEST_TURN_MS = 4;
const FIELDS_PER_CLOCK_READING = 256;

/** Position in a model and the window of its bytes that is in memory. */
export class WireCursor {
  position = 0;
  depth = 0;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private readonly names = new Map<string, string>();
  private nameCount = 0;
  private nameBytes = 0;
  private fieldCount = 0;
  private turnStart = performance.now();

  constructor(readonly size: number) {}

  /** Makes `bytes`, which begin at the current position, the window. */
  load(bytes: Uint8Array): void {
    this.window = bytes;
    this.windowStart = this.position;
  }

  /** Begins a new turn of the event loop. */
  resume(): void {
    this.turnStart = performance.now();
  }

  /** Calls `visit` for each field up to `end`; what `visit` does not read is skipped. */
  *eachField(end: number, visit: (field: Field) => Walk<void> | void): Walk<void> {
    if (++this.depth > DEEPEST_NESTING)
      throw this.corrupt(`messages are nested deeper than ${DEEPEST_NESTING}`);
    while (this.position < end) {
      yield* this.ensure(Math.min(LONGEST_HEADER, this.size - this.position));
      if (++this.fieldCount % FIELDS_PER_CLOCK_READING === 0 && this.isTurnOver()) yield 0;
      const field = this.readField(end);
      const inner = visit(field);
      if (inner !== undefined) yield* inner;
      this.position = field.end;
    }
    this.depth--;
  }

  /** The payload as text. Equal texts share one string. */
  *text(field: Field): Walk<string> {
    const bytes = yield* this.bytes(field, LONGEST_NAME);
    this.nameBytes += bytes.length;
    if (++this.nameCount > MOST_NAMES || this.nameBytes > MOST_NAME_BYTES)
      throw this.corrupt('too many names');
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const known = this.names.get(text);
    if (known !== undefined) return known;
    this.names.set(text, text);
    return text;
  }

  /** The payload's bytes; a view that is valid until the walk goes on. */
  *bytes(field: Field, longest: number): Walk<Uint8Array> {
    const length = field.end - field.start;
    if (length > longest)
      throw this.corrupt(`a text or list of ${length} bytes where at most ${longest} make sense`);
    this.position = field.start;
    yield* this.ensure(length);
    const from = field.start - this.windowStart;
    return this.window.subarray(from, from + length);
  }

  /** The numbers of a packed list. */
  *packedVarints(field: Field, most: number): Walk<number[]> {
    if (field.end - field.start > most * 10) throw this.corrupt(`a list of numbers is longer than ${most}`);
    const numbers: number[] = [];
    this.position = field.start;
    yield* this.ensure(field.end - field.start);
    while (this.position < field.end) numbers.push(this.varint(field.end));
    return numbers;
  }

  /** An error at the current position. */
  corrupt(message: string): WireError {
    return new WireError('corrupt', message, this.position);
  }

  private *ensure(length: number): Walk<void> {
    const from = this.position - this.windowStart;
    if (from >= 0 && from + length <= this.window.length) return;
    yield length;
    if (this.window.length < length) {
      throw new WireError('truncated', 'the file became shorter while it was read', this.position);
    }
  }

  private isTurnOver(): boolean {
    return performance.now() - this.turnStart > LONGEST_TURN_MS;
  }

  private readField(end: number): Field {
    const tagStart = this.position;
    const tag = this.varint(end);
    const wireType = tag & 7;
    if (tag > 0xffffffff || tag < 8) throw new WireError('corrupt', 'a field has no valid number', tagStart);
    if (wireType === WireType.Varint) {
      const start = this.position;
      const value = this.varint(end);
      return { tag, value, start, end: this.position };
    }
    const length = this.payloadLength(wireType, end);
    const start = this.position;
    // A negative length would walk backwards, for ever.
    if (length < 0) throw this.corrupt(`field ${tag >>> 3} has a negative length`);
    if (start + length > end)
      throw this.overrun(`field ${tag >>> 3} has ${length} bytes, ${end - start} are left`, end);
    return { tag, value: 0, start, end: start + length };
  }

  private payloadLength(wireType: number, end: number): number {
    switch (wireType) {
      case WireType.LengthDelimited:
        return this.varint(end);
      case WireType.Bit32:
        return 4;
      case WireType.Bit64:
        return 8;
      default:
        // Groups were never used by ONNX, and no writer of unknown fields emits them.
        throw this.corrupt(`a field has the wire type ${wireType}`);
    }
  }

  /** int64 semantics: ten bytes at most, negative numbers as two's complement. */
  private varint(end: number): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (this.position >= end) throw this.overrun('a number is cut off', end);
      const byte = this.window[this.position - this.windowStart]!;
      this.position++;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return count === 9 ? this.negative() : value;
    }
    throw this.corrupt('a number has more than ten bytes');
  }

  /** A ten-byte varint is a negative int64; its magnitude is in the low 63 bits of the ten bytes just read. */
  private negative(): number {
    let value = 0n;
    for (let index = 0; index < 10; index++) {
      const byte = this.window[this.position - 10 + index - this.windowStart]!;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    }
    return Number(BigInt.asIntN(64, value));
  }

  /** A field that goes on behind its message: the input was cut if the message is the input itself. */
  private overrun(message: string, end: number): WireError {
    return new WireError(end >= this.size ? 'truncated' : 'corrupt', message, this.position);
  }
}

/** Runs a walk over a source to its end. */
export async function drive<T>(walk: Walk<T>, cursor: WireCursor, source: ByteSource): Promise<T> {
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
    if (step.value === 0) await new Promise((resolve) => setImmediate(resolve));
    else cursor.load(await source.read(cursor.position, step.value));
    cursor.resume();
  }
}
