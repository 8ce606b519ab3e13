// SPDX-License-Identifier: Apache-2.0
// Weights with few different values, as a table of the values and the position of each weight in it. The values are
// compared by their bits: what is read back is what was written, NaN and minus zero too.

/** Values of a tensor that share tables: one for all of it, or one for each run of channels along an axis. */
export interface Codebook {
  /** All tables, one after the other, each in rising order. */
  readonly levels: Float32Array<ArrayBuffer>;
  /** Position of each value in the table of its channel. */
  readonly codes: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** Where the table of each channel begins; absent where there is one table. */
  readonly channels?: { readonly axis: number; readonly offsets: Int32Array<ArrayBuffer> };
}

/** Most values that a code of a byte, and one of two, can tell apart. */
const MOST_BYTE_CODES = 256;
const MOST_CODES = 65_536;

/** What the names, nodes and dims of a table take in a file, about. */
const TABLE_OVERHEAD_BYTES = 256;

/**
 * The smallest codebook of a tensor: one table where 256 values do for all of it, else a table for neighbouring channels
 * that have the same values, along the first, the last or the second axis; else one of up to 65,536 values.
 *
 * @param wide - Codes of two bytes too.
 * @returns undefined where it would not be smaller than the values
 */
export function findCodebook(
  values: Float32Array<ArrayBuffer>,
  dims: readonly number[],
  wide: boolean,
): Codebook | undefined {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const whole = distinctBits(bits, { from: 0, step: 1, count: bits.length }, MOST_CODES);
  const found =
    whole !== undefined && whole.size <= MOST_BYTE_CODES
      ? wholeCodebook(bits, whole)
      : (channelCodebook(bits, dims) ??
        (wide && whole !== undefined ? wholeCodebook(bits, whole) : undefined));
  return found !== undefined && bytesOf(found) + TABLE_OVERHEAD_BYTES < values.byteLength ? found : undefined;
}

/** Bytes that a codebook takes. */
export function bytesOf({ levels, codes, channels }: Codebook): number {
  return levels.byteLength + codes.byteLength + (channels?.offsets.byteLength ?? 0);
}

interface Stretch {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** The different values of a stretch; undefined where there are more than `most`. */
function distinctBits(
  bits: Uint32Array,
  { from, step, count }: Stretch,
  most: number,
): Set<number> | undefined {
  const found = new Set<number>();
  let before = -1;
  for (let i = 0, at = from; i < count; i++, at += step) {
    const one = bits[at]!;
    if (one === before) continue;
    before = one;
    found.add(one);
    if (found.size > most) return undefined;
  }
  return found;
}

function wholeCodebook(bits: Uint32Array, distinct: ReadonlySet<number>): Codebook {
  const { levels, positions } = sortedTable(distinct);
  const codes = distinct.size <= MOST_BYTE_CODES ? new Uint8Array(bits.length) : new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) codes[i] = positions.get(bits[i]!)!;
  return { levels, codes };
}

function sortedTable(distinct: ReadonlySet<number>): {
  levels: Float32Array<ArrayBuffer>;
  positions: ReadonlyMap<number, number>;
} {
  const own = Uint32Array.from(distinct, rankOf).sort().map(bitsOf);
  const levels = new Float32Array(own.buffer);
  return { levels, positions: new Map(Array.from(own, (one, position) => [one, position])) };
}

/** Bits of floats in the order of their values: NaN at the ends, minus zero before zero. */
function rankOf(bits: number): number {
  return bits >>> 31 === 1 ? ~bits : bits | 0x80000000;
}

function bitsOf(rank: number): number {
  return rank >>> 31 === 1 ? rank & 0x7fffffff : ~rank;
}

/** Tables along the axis that needs the fewest values. */
function channelCodebook(bits: Uint32Array, dims: readonly number[]): Codebook | undefined {
  let best: { axis: number; tables: Tables } | undefined;
  for (const axis of new Set([0, dims.length - 1, 1])) {
    if (dims.length < 2 || axis >= dims.length || dims[axis]! < 2) continue;
    const tables = channelTables(bits, dims, axis);
    if (tables !== undefined && (best === undefined || tables.total < best.tables.total))
      best = { axis, tables };
  }
  if (best === undefined) return undefined;
  const { axis, tables } = best;
  const levels = new Float32Array(tables.total);
  const offsets = new Int32Array(dims[axis]!);
  const codes = new Uint8Array(bits.length);
  let end = 0;
  for (const { first, count, distinct } of tables.groups) {
    const table = sortedTable(distinct);
    levels.set(table.levels, end);
    for (let channel = first; channel < first + count; channel++) {
      offsets[channel] = end;
      for (const at of placesOf(dims, axis, channel)) codes[at] = table.positions.get(bits[at]!)!;
    }
    end += distinct.size;
  }
  return { levels, codes, channels: { axis, offsets } };
}

interface Tables {
  readonly groups: { readonly first: number; count: number; readonly distinct: Set<number> }[];
  readonly total: number;
}

/** Neighbours join a table as long as it has no more values than the channel with the most. */
function channelTables(bits: Uint32Array, dims: readonly number[], axis: number): Tables | undefined {
  const perChannel: Set<number>[] = [];
  let all = 0;
  for (let channel = 0; channel < dims[axis]!; channel++) {
    const distinct = new Set<number>();
    for (const at of placesOf(dims, axis, channel)) distinct.add(bits[at]!);
    all += distinct.size;
    // Tables with half as many values as there are weights gain nothing.
    if (distinct.size > MOST_BYTE_CODES || all * 2 > bits.length) return undefined;
    perChannel.push(distinct);
  }
  const most = Math.max(...perChannel.map(({ size }) => size));
  const groups: Tables['groups'] = [];
  perChannel.forEach((distinct, channel) => {
    const last = groups.at(-1);
    const joined = last === undefined ? undefined : new Set([...last.distinct, ...distinct]);
    if (last === undefined || joined!.size > most) groups.push({ first: channel, count: 1, distinct });
    else groups[groups.length - 1] = { first: last.first, count: last.count + 1, distinct: joined! };
  });
  return { groups, total: groups.reduce((sum, { distinct }) => sum + distinct.size, 0) };
}

/** Positions of the values of a channel. */
export function* placesOf(dims: readonly number[], axis: number, channel: number): Generator<number> {
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const step = inner * dims[axis]!;
  for (let block = 0, at = channel * inner; block < outer; block++, at += step)
    for (let i = 0; i < inner; i++) yield at + i;
}

/** The values that a codebook stands for; undefined where a code or an offset leads out of the tables. */
export function readCodebook(
  { levels, codes, channels }: Codebook,
  dims: readonly number[],
): Float32Array<ArrayBuffer> | undefined {
  const values = new Float32Array(codes.length);
  // By bits: a signalling NaN would become a quiet one.
  const from = new Uint32Array(levels.buffer, levels.byteOffset, levels.length);
  const to = new Uint32Array(values.buffer);
  const inner =
    channels === undefined ? 1 : dims.slice(channels.axis + 1).reduce((product, dim) => product * dim, 1);
  const offsets = channels?.offsets ?? new Int32Array(1);
  for (let i = 0; i < codes.length; i++) {
    const position = offsets[Math.floor(i / inner) % offsets.length]! + codes[i]!;
    if (!(position >= 0 && position < from.length)) return undefined;
    to[i] = from[position]!;
  }
  return values;
}
