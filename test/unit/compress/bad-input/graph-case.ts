// SPDX-License-Identifier: Apache-2.0
import type { Feeds } from '../../../../lib/index';
import { noise } from '../../../precision-models';
import type { GraphSketch } from './graph-sketch';
import type { Operation } from './planted-weights';

/** Inputs of one run. */
export type CaseFeeds = Feeds;

/** A graph that is hard to get right. */
export interface GraphCase {
  readonly name: string;
  /** Draws the graph; what it returns is what else the model has, e.g. its opset. */
  readonly draw: (graph: GraphSketch) => unknown;
  readonly feeds: (runs: number) => CaseFeeds[];
  /** Operations that have nothing to do here, and say why. */
  readonly nothing?: Partial<Record<Operation, RegExp>>;
  /** Nodes that stay, by operation, and why. */
  readonly kept?: Partial<Record<Operation, Record<string, RegExp>>>;
  /** True where weights are fitted to data too. */
  readonly hasData?: boolean;
}

/** Random inputs `x` of these dims. */
export function inputsOf(...dims: number[]): (runs: number) => CaseFeeds[] {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return (runs) =>
    Array.from({ length: runs }, (_, run) => ({ x: { data: noise(count, 1, run + 1), dims } }));
}

/** The same with another input. */
export function withInput(
  feeds: (runs: number) => CaseFeeds[],
  name: string,
  make: (run: number) => Feeds[string],
): (runs: number) => CaseFeeds[] {
  return (runs) => feeds(runs).map((one, run) => ({ ...one, [name]: make(run) }));
}

export const vectors = inputsOf(4, 16);
export const images = inputsOf(2, 16, 5, 5);
