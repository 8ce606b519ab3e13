// SPDX-License-Identifier: Apache-2.0
// Damage to files, repeatable from a seed: what broken copies, other tools' bugs and ill will do to them.

import { mutateField } from './mutate-fields';

/** Numbers in [0, 1) that depend on a seed alone. */
export type Random = () => number;

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const pick = (random: Random, below: number) => Math.floor(random() * below);
/** A number below `limit`, mostly small: as many of each order of magnitude. */
const pickSmall = (random: Random, limit: number) =>
  Math.min(limit, Math.floor(2 ** (random() * Math.log2(limit + 1))));

const INTERESTING_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x3a];
const INTERESTING_LENGTHS = [0, 1, 127, 128, 0x7fffffff, 0xffffffff, 2 ** 40, 2 ** 53 - 1];

const MUTATIONS: readonly (readonly [string, Mutation])[] = [
  ['flip bits', flipBits],
  [
    'set bytes',
    (bytes, random) =>
      change(bytes, random, () => INTERESTING_BYTES[pick(random, INTERESTING_BYTES.length)]!),
  ],
  ['truncate', (bytes, random) => bytes.slice(0, pick(random, bytes.length))],
  ['tamper with a length', tamperWithLength],
  ['remove a piece', (bytes, random) => replace(bytes, random, new Uint8Array(0))],
  ['repeat a piece', repeatPiece],
  ['splice', (bytes, random, other) => replace(bytes, random, pieceOf(other, random))],
  [
    'join halves',
    (bytes, random, other) => concat(bytes.slice(0, pick(random, bytes.length)), pieceOf(other, random)),
  ],
  ['append', (bytes, random, other) => concat(bytes, pieceOf(other, random))],
  ['fill with noise', (bytes, random) => replace(bytes, random, noise(random, pickSmall(random, 4096)))],
];

/**
 * Damages `bytes` in one to four ways: half of the time field by field, else byte by byte. `other` is a second file to
 * take pieces from. Nothing is changed in place.
 */
export function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  random: Random,
): { bytes: Uint8Array; how: string[] } {
  const how: string[] = [];
  let result = bytes;
  const isByField = random() < 0.5;
  const rounds = 1 + pickSmall(random, 3);
  for (let round = 0; round < rounds && result.length > 0; round++) {
    const byField = isByField ? mutateField(result, random) : undefined;
    const [name, mutation] = MUTATIONS[pick(random, MUTATIONS.length)]!;
    how.push(byField === undefined ? name : 'change a field');
    result = byField ?? mutation(result, random, other);
  }
  return { bytes: result, how };
}

function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  return change(bytes, random, (byte) => byte ^ (1 << pick(random, 8)));
}

function change(bytes: Uint8Array, random: Random, to: (byte: number) => number): Uint8Array {
  const result = bytes.slice();
  for (let count = 1 + pickSmall(random, 15); count > 0; count--) {
    const at = pick(random, result.length);
    result[at] = to(result[at]!);
  }
  return result;
}

/** Writes another length behind something that looks like the tag of a length-delimited field. */
function tamperWithLength(bytes: Uint8Array, random: Random): Uint8Array {
  const from = pick(random, bytes.length);
  const found = bytes.subarray(from).findIndex((byte) => (byte & 7) === 2);
  const at = found < 0 ? 0 : from + found;
  const length =
    random() < 0.5 ? pick(random, 300) : INTERESTING_LENGTHS[pick(random, INTERESTING_LENGTHS.length)]!;
  return concat(bytes.slice(0, at + 1), varint(length), bytes.slice(at + 2));
}

function repeatPiece(bytes: Uint8Array, random: Random): Uint8Array {
  const piece = pieceOf(bytes, random);
  const times = Math.max(1, Math.min(pickSmall(random, 1000), Math.floor(65536 / Math.max(1, piece.length))));
  return replace(bytes, random, concat(...Array.from({ length: times }, () => piece)));
}

function replace(bytes: Uint8Array, random: Random, piece: Uint8Array): Uint8Array {
  const start = pick(random, bytes.length);
  return concat(bytes.slice(0, start), piece, bytes.slice(start + pickSmall(random, 256)));
}

function pieceOf(bytes: Uint8Array, random: Random): Uint8Array {
  const start = pick(random, bytes.length);
  return bytes.slice(start, start + pickSmall(random, 2048));
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => pick(random, 256));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
