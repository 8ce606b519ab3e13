// SPDX-License-Identifier: Apache-2.0
// LZ4's block format. native/cuda/lz4_block.cc expands it.

const MIN_MATCH = 4;
const MAX_DISTANCE = 65535;
/** The format's end: the last five bytes are literals, and no match begins in the last twelve. */
const LAST_LITERALS = 5;
const LAST_MATCH_START = 12;
/** Candidates looked at per position: text of a compiler repeats itself a lot. */
const MAX_TRIES = 64;

/**
 * Compresses greedily; the result depends on the input alone.
 * @param {Buffer} input
 * @returns {Buffer}
 */
export function compressLz4(input) {
  const pieces = [];
  const chains = makeChains(input);
  const end = input.length - LAST_MATCH_START;
  let anchor = 0;
  for (let at = 0; at < end;) {
    const match = longestMatch(input, chains, at);
    if (match === null) {
      at++;
      continue;
    }
    pieces.push(sequence(input.subarray(anchor, at), match));
    at += match.length;
    anchor = at;
  }
  pieces.push(sequence(input.subarray(anchor), null));
  return Buffer.concat(pieces);
}

/** For each position the one before with the same four bytes, -1 for none. */
function makeChains(input) {
  const last = new Map();
  const previous = new Int32Array(input.length).fill(-1);
  for (let at = 0; at + MIN_MATCH <= input.length; at++) {
    const key = input.readUInt32LE(at);
    previous[at] = last.get(key) ?? -1;
    last.set(key, at);
  }
  return previous;
}

function longestMatch(input, previous, at) {
  const most = input.length - LAST_LITERALS - at;
  let best = null;
  let tries = 0;
  for (let from = previous[at]; from >= 0 && at - from <= MAX_DISTANCE; from = previous[from]) {
    if (++tries > MAX_TRIES) break;
    let length = MIN_MATCH;
    while (length < most && input[from + length] === input[at + length]) length++;
    if (length <= most && (best === null || length > best.length)) best = { length, distance: at - from };
  }
  return best;
}

function sequence(literals, match) {
  const matchLength = match === null ? 0 : match.length - MIN_MATCH;
  const token = (Math.min(literals.length, 15) << 4) | Math.min(matchLength, 15);
  return Buffer.concat([
    Buffer.from([token, ...furtherLength(literals.length)]),
    literals,
    match === null
      ? Buffer.alloc(0)
      : Buffer.from([match.distance & 255, match.distance >> 8, ...furtherLength(matchLength)]),
  ]);
}

function furtherLength(length) {
  if (length < 15) return [];
  const rest = length - 15;
  return [...new Array(Math.floor(rest / 255)).fill(255), rest % 255];
}
