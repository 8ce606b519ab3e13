// SPDX-License-Identifier: Apache-2.0

/** Where something is, in pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Half of what a number of two digits takes, and the height of its digits above the line that it stands on. */
const HALF_WIDTH = 8;
const HEIGHT = 9;
const POINT = 6;

/** Where a number may stand beside its point, as the middle of its line; the first ones are the most readable. */
const OFFSETS: readonly Place[] = [
  { x: 0, y: -9 },
  { x: -13, y: -4 },
  { x: 13, y: -4 },
  { x: 0, y: 18 },
  { x: -13, y: 14 },
  { x: 13, y: 14 },
  { x: 0, y: -22 },
  { x: 0, y: 31 },
];

/**
 * Finds a place for the number of each point that no other number and no point covers; what has none stands above its point.
 *
 * @param points - Those that have numbers, in the order of the numbers.
 * @param all - All points, these among them.
 */
export function placeLabels(points: readonly Place[], all: readonly Place[]): Place[] {
  const placed: Place[] = [];
  for (const { x, y } of points) {
    const places = OFFSETS.map((offset) => ({ x: x + offset.x, y: y + offset.y }));
    const isFree = (place: Place) =>
      !placed.some((other) => coversNumber(place, other)) && !all.some((point) => coversPoint(place, point));
    placed.push(places.find(isFree) ?? places[0]!);
  }
  return placed;
}

function coversNumber(place: Place, other: Place): boolean {
  return Math.abs(place.x - other.x) < 2 * HALF_WIDTH && Math.abs(place.y - other.y) < HEIGHT + 2;
}

function coversPoint({ x, y }: Place, point: Place): boolean {
  const middle = y - HEIGHT / 2;
  return (
    Math.abs(x - point.x) < HALF_WIDTH + POINT - 3 && Math.abs(middle - point.y) < HEIGHT / 2 + POINT - 3
  );
}
