// SPDX-License-Identifier: Apache-2.0
// Which layers cost the most accuracy: each is quantised by itself, with the rest in floating point.

import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import type { OutputScore } from '../output-judge';

/** A layer that can be quantised. */
export interface Layer {
  /** Label of its node. */
  readonly node: string;
  readonly op: string;
}

/** What quantising one layer costs. */
export interface LayerSensitivity extends Layer {
  /** SQNR of the model's outputs in dB with only this layer quantised: the lower, the more sensitive. */
  readonly sqnrDb: number;
  readonly cosine: number;
  readonly top1Agreement: number;
  /** Layers that were measured together; then the noise is shared out evenly among them. 1 for a layer by itself. */
  readonly measuredWith: number;
}

/** Measures how near the outputs of a model are to the source's: an `OutputJudge`. */
export interface OutputScorer {
  score(candidate: OnnxModel): Promise<OutputScore>;
}

/** What to scan. */
export interface ScanSensitivityOptions {
  readonly layers: readonly Layer[];
  /** A model in which only these layers are quantised. */
  readonly quantizeOnly: (nodes: ReadonlySet<string>) => Promise<OnnxModel> | OnnxModel;
  readonly judge: OutputScorer;
  /** Most models that are measured. Default 64: with more layers, groups of them are measured and the worst are split. */
  readonly mostRuns?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

interface Group {
  readonly layers: readonly Layer[];
  readonly sqnrDb: number;
  readonly cosine: number;
  readonly top1Agreement: number;
}

/**
 * Ranks layers by what quantising them costs, the most sensitive first. Up to 64 layers are measured one by one. Of more,
 * neighbours are measured in groups at first, and the group with the most noise for each of its layers is halved as long
 * as there are measurements left.
 *
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED; what running the models throws
 */
export async function scanSensitivity({
  layers,
  quantizeOnly,
  judge,
  mostRuns = 64,
  signal,
  onProgress,
}: ScanSensitivityOptions): Promise<LayerSensitivity[]> {
  let runs = 0;
  const measure = async (group: readonly Layer[]): Promise<Group> => {
    throwIfAborted(signal);
    onProgress?.(`measuring ${nameOf(group)}`);
    runs++;
    const score = await judge.score(await quantizeOnly(new Set(group.map(({ node }) => node))));
    return { layers: group, ...score };
  };
  const groups: Group[] = [];
  // Half of the measurements are left for splitting.
  const first = layers.length <= mostRuns ? layers.length : Math.max(1, Math.floor(mostRuns / 2));
  for (const group of cut(layers, first)) groups.push(await measure(group));
  while (runs + 2 <= mostRuns) {
    const worst = worstGroup(groups);
    if (worst === undefined) break;
    const halves = cut(worst.layers, 2);
    groups.splice(groups.indexOf(worst), 1, await measure(halves[0]!), await measure(halves[1]!));
  }
  return groups.flatMap(shareOut).sort((a, b) => a.sqnrDb - b.sqnrDb);
}

function nameOf(group: readonly Layer[]): string {
  const first = group[0]!.node;
  return group.length === 1 ? `layer ${first}` : `layers ${first} to ${group.at(-1)!.node}`;
}

function cut(layers: readonly Layer[], count: number): Layer[][] {
  return Array.from({ length: count }, (_, index) =>
    layers.slice(
      Math.round((index * layers.length) / count),
      Math.round(((index + 1) * layers.length) / count),
    ),
  );
}

function worstGroup(groups: readonly Group[]): Group | undefined {
  let worst: Group | undefined;
  for (const group of groups) {
    if (group.layers.length > 1 && (worst === undefined || eachDb(group) < eachDb(worst))) worst = group;
  }
  return worst;
}

/** Noise of layers adds up: one of n has a ratio that is better by 10 log10(n). */
function eachDb({ sqnrDb, layers }: Group): number {
  return sqnrDb + 10 * Math.log10(layers.length);
}

function shareOut(group: Group): LayerSensitivity[] {
  const { cosine, top1Agreement, layers } = group;
  return layers.map((layer) => ({
    ...layer,
    sqnrDb: eachDb(group),
    cosine,
    top1Agreement,
    measuredWith: layers.length,
  }));
}
