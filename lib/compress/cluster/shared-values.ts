// SPDX-License-Identifier: Apache-2.0
// Values that weights share, and which weight has which, so that little is lost of what a layer makes: (Q - W) H (Q - W)^T
// is small, with H the Gram matrix of its inputs. Given the values, weights are assigned one after the other, and those
// that come later make up for what was lost; given the assignment, the best values solve a small linear system.
//
// Sources: Han, Mao, Dally 2016, "Deep Compression"; Frantar et al. 2022, "GPTQ", section 3, for the assignment.

import type { Clusters, Numerics } from '../../numerics/numerics';
import { pickSamples } from '../layers/layer-samples';
import { sweepColumns } from '../reconstruct/sweep-columns';

/** Rows of weights with the same inputs, of those that share values. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  /** `[rows][columns]`: what is wanted. */
  readonly wanted: Float64Array;
  /** Gram matrix of the inputs, positive definite; undefined without data. */
  readonly h: Float64Array | undefined;
  /** Of `inverseFactor(h)`: what weights make up for the losses of others with; undefined: they do not. */
  readonly factor: Float64Array | undefined;
}

/** What weights become. */
export interface SharedValues {
  /** `[rows][columns]` of each block; together as many different ones as there are values. */
  readonly weights: readonly Float32Array[];
  /** How many values there are. */
  readonly levels: number;
}

/** How to look for values. */
export interface SharingOptions {
  readonly clusters: number;
  readonly seed: number;
  readonly numerics: Numerics;
}

/** Rounds of assigning and solving. */
const MOST_ROUNDS = 4;
/** Multiplications that all rounds of a tensor may take. */
const MOST_WORK = 6e10;
/** Systems of more values are not solved. */
const MOST_SOLVED = 1024;
/** Part of the mean diagonal that holds values where they are. */
const PULL = 1e-6;

/** Finds the values that the weights of some blocks share. */
export async function shareValues(
  blocks: readonly Block[],
  { clusters, seed, numerics }: SharingOptions,
): Promise<SharedValues> {
  const found = await firstClusters(blocks, { clusters, seed, numerics });
  const start = { codes: splitCodes(found.indices, blocks), centers: found.centers };
  const rounds = roundsOf(blocks, clusters);
  if (rounds === 0) return spread(start);
  const turned = await Promise.all(blocks.map((block) => timesGram(block.wanted, block, numerics)));
  let best = { ...start, error: await errorOf(blocks, start, numerics) };
  let codes = start.codes;
  let { centers } = start;
  for (let round = 0; round <= rounds; round++) {
    const solved = { codes, centers: await solveCenters(blocks, { turned, codes, centers, numerics }) };
    const error = await errorOf(blocks, solved, numerics);
    if (error < best.error) best = { ...solved, error };
    const table = tableOf(solved.centers);
    ({ centers } = table);
    codes = [];
    for (const block of blocks) codes.push(await assignValues(block, () => table, numerics));
  }
  return spread(best);
}

/** More weights than these, and than so many for each value, are looked at one in some. */
const MOST_SAMPLED = 2 ** 20;
const FEWEST_A_VALUE = 64;

/** `kMeans()` of as many values as tell where the centres are. */
export async function sampledClusters(
  values: Float32Array,
  {
    clusters,
    seed,
    weights,
  }: Pick<SharingOptions, 'clusters' | 'seed'> & { readonly weights?: Float32Array },
  numerics: Numerics,
): Promise<Pick<Clusters, 'centers'>> {
  const most = Math.max(MOST_SAMPLED, FEWEST_A_VALUE * clusters);
  const options = { clusters, seed };
  if (values.length <= most)
    return numerics.kMeans(values, { ...options, ...(weights === undefined ? {} : { weights }) });
  const picked = pickSamples(values.length, most, seed);
  const some = (all: Float32Array) => Float32Array.from(picked, (at) => all[at]!);
  return numerics.kMeans(some(values), {
    ...options,
    ...(weights === undefined ? {} : { weights: some(weights) }),
  });
}

async function firstClusters(
  blocks: readonly Block[],
  { clusters, seed, numerics }: SharingOptions,
): Promise<Clusters> {
  const count = blocks.reduce((sum, { wanted }) => sum + wanted.length, 0);
  const values = new Float32Array(count);
  const weights = new Float32Array(count).fill(1);
  // Only their proportions count, and energies can lie beyond what FP32 holds.
  const largest = Math.max(...blocks.map(largestEnergy));
  let end = 0;
  for (const { wanted, h, columns } of blocks) {
    values.set(wanted, end);
    if (h !== undefined)
      for (let i = 0; i < wanted.length; i++) weights[end + i] = h[(i % columns) * (columns + 1)]! / largest;
    end += wanted.length;
  }
  const isWeighted = blocks.some(({ h }) => h !== undefined);
  return numerics.kMeans(values, { clusters, seed, ...(isWeighted ? { weights } : {}) });
}

function largestEnergy({ h, columns }: Block): number {
  let largest = 0;
  if (h !== undefined) for (let i = 0; i < columns; i++) largest = Math.max(largest, h[i * (columns + 1)]!);
  return largest;
}

/** None without data, and for tensors that would take minutes. */
export function roundsOf(blocks: readonly Block[], clusters: number): number {
  if (clusters > MOST_SOLVED || blocks.some(({ h }) => h === undefined)) return 0;
  const work = blocks.reduce((sum, { rows, columns }) => sum + 3 * rows * columns * columns, 0);
  return Math.min(MOST_ROUNDS, Math.floor(MOST_WORK / work));
}

function splitCodes(indices: Uint16Array, blocks: readonly Block[]): Uint16Array[] {
  let end = 0;
  return blocks.map(({ wanted }) => indices.subarray(end, (end += wanted.length)));
}

interface Assignment {
  readonly codes: readonly Uint16Array[];
  readonly centers: Float32Array;
}

function spread({ codes, centers }: Assignment): SharedValues {
  const weights = codes.map((own) => Float32Array.from(own, (code) => centers[code]!));
  return { weights, levels: new Set(codes.flatMap((own) => [...new Set(own)])).size };
}

function timesGram(
  values: Float64Array,
  { rows, columns, h }: Block,
  numerics: Numerics,
): Promise<Float64Array> {
  return numerics.multiply(values, h!, { rows, inner: columns, columns });
}

function bordersOf(centers: Float32Array): Float64Array {
  return Float64Array.from({ length: centers.length - 1 }, (_, i) => (centers[i]! + centers[i + 1]!) / 2);
}

/** The nearest value of each weight, where the weights behind it take over what it loses. */
export async function assignValues(
  { rows, columns, wanted, factor }: Omit<Block, 'h'>,
  tableOf: (row: number) => Table,
  numerics: Numerics,
): Promise<Uint16Array> {
  const codes = new Uint16Array(rows * columns);
  const tables = Array.from({ length: rows }, (_, row) => tableOf(row));
  const settle = (row: number, column: number, value: number): number => {
    const { centers, borders } = tables[row]!;
    const code = nearest(borders, value);
    codes[row * columns + column] = code;
    return centers[code]!;
  };
  if (factor !== undefined) {
    await sweepColumns(wanted.slice(), { rows, columns, factor, numerics }, { settle });
    return codes;
  }
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) settle(row, column, wanted[at++]!);
  return codes;
}

/** Values in rising order, and half way between them. */
export interface Table {
  readonly centers: Float32Array;
  readonly borders: Float64Array;
}

/** Sorts the values. */
export function tableOf(values: Float32Array): Table {
  const centers = values.slice().sort();
  return { centers, borders: bordersOf(centers) };
}

/** Position of the nearest value. */
export function nearest(borders: Float64Array, value: number): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value > borders[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** min over the values c of the sum over rows of (S c - w) H (S c - w)^T, S saying who has which. */
async function solveCenters(
  blocks: readonly Block[],
  {
    turned,
    codes,
    centers,
    numerics,
  }: Assignment & { readonly turned: readonly Float64Array[]; readonly numerics: Numerics },
): Promise<Float32Array> {
  const count = centers.length;
  const system = new Float64Array(count * count);
  const right = new Float64Array(count);
  blocks.forEach((block, index) => {
    addSystem(block, { codes: codes[index]!, turned: turned[index]!, system, right });
  });
  let trace = 0;
  for (let i = 0; i < count; i++) trace += system[i * count + i]!;
  const pull = (PULL * trace) / count;
  for (let i = 0; i < count; i++) {
    system[i * count + i]! += pull;
    right[i]! += pull * centers[i]!;
  }
  if (!(await numerics.cholesky(system, count))) return centers;
  await numerics.solveTriangular(system, right, { size: count, columns: 1 });
  await numerics.solveTriangular(system, right, { size: count, columns: 1, transposed: true });
  return right.every(Number.isFinite) ? Float32Array.from(right) : centers;
}

function addSystem(
  { rows, columns, h }: Block,
  {
    codes,
    turned,
    system,
    right,
  }: { codes: Uint16Array; turned: Float64Array; system: Float64Array; right: Float64Array },
): void {
  const count = right.length;
  for (let r = 0; r < rows; r++) {
    const own = codes.subarray(r * columns, (r + 1) * columns);
    for (let i = 0; i < columns; i++) {
      const to = own[i]! * count;
      right[own[i]!]! += turned[r * columns + i]!;
      for (let j = 0, at = i * columns; j < columns; j++, at++) system[to + own[j]!]! += h![at]!;
    }
  }
}

/** Sum over rows of (Q - W) H (Q - W)^T. */
async function errorOf(
  blocks: readonly Block[],
  { codes, centers }: Assignment,
  numerics: Numerics,
): Promise<number> {
  let error = 0;
  for (const [index, block] of blocks.entries()) {
    const own = codes[index]!;
    const lost = Float64Array.from(block.wanted, (value, i) => centers[own[i]!]! - value);
    const product = await timesGram(lost, block, numerics);
    for (let i = 0; i < lost.length; i++) error += lost[i]! * product[i]!;
  }
  return error;
}
