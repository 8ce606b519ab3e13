// SPDX-License-Identifier: Apache-2.0
// Inputs of the operators on boxes, as scripts/references/boxes.py makes them.

/** Numbers from 0 to below 1, multiples of 2^-24. */
export function made(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
}

/** x and y below `extent`, sizes from 5 to 45; x1, y1, x2, y2 of each. */
export function madeBoxes(count: number, seed: number, extent: number): Float32Array {
  const v = made(count * 4, seed);
  return Float32Array.from({ length: count * 4 }, (_, at) => {
    const first = at - (at % 4);
    const low = v[first + (at % 2)]! * extent;
    return at % 4 < 2 ? low : low + 5 + v[first + 2 + (at % 2)]! * 40;
  });
}

/** From 1 / levels to 1: few levels give many ties. */
export function madeScores(count: number, seed: number, levels: number): Float32Array {
  return Float32Array.from(made(count, seed), (value) => (Math.floor(value * levels) + 1) / levels);
}

/** Numbers of a head: from -3 to 3, multiples of 2^-20, rounded to even where two are as near. */
export function madeHead(count: number, seed: number): Float32Array {
  return Float32Array.from(made(count, seed), (value) => roundEven((value * 6 - 3) * 2 ** 20) / 2 ** 20);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
