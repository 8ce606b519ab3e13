// SPDX-License-Identifier: Apache-2.0
import { allGraphs, nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { cast } from '../cast';
import { cluster } from '../cluster';
import { factorize } from '../factorize';
import { pruneChannels } from '../prune-channels';
import { quantize } from '../quantize';
import type { FeedSource, Runner } from '../runner';
import { nameChoice, UNCHANGED, type Choice, type Storage } from './choice';
import type { CompressOptions } from './compress-options';

/** Values that share one; their codes take a byte each in the file and five bits or less in an archive. */
const SHARED_VALUES = 32;

/** What choices are made from. */
export interface ChoiceSource<Feeds> {
  readonly original: OnnxModel;
  /** Data to fit on. */
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly options: CompressOptions<Feeds>;
  /** Names of layers, the most sensitive first. */
  readonly sensitivity: readonly string[];
}

/**
 * Makes the model of a choice: channels first, as they shrink what the others work on, then low rank, then storage. The
 * model before the last step is kept for the next choice, which often has the same beginning.
 */
export class ChoiceMaker<Feeds> {
  private last: { readonly name: string; readonly model: OnnxModel } | undefined;

  constructor(private readonly source: ChoiceSource<Feeds>) {}

  /** @throws {TensorRTError} what the steps throw */
  async make(choice: Choice): Promise<OnnxModel> {
    const { storage, spared } = choice;
    const before = await this.makeSmaller({ ...choice, storage: 'fp32' });
    return this.store(before, storage, spared);
  }

  private async makeSmaller(choice: Choice): Promise<OnnxModel> {
    const name = nameChoice(choice);
    if (this.last?.name === name) return this.last.model;
    const { channels, rank, spared } = choice;
    let model = this.source.original;
    if (channels > 0)
      model = (await pruneChannels(model, { ...this.common(model, spared), ratio: channels })).model;
    if (rank < 1)
      model = (await factorize(model, { ...this.common(model, spared), target: { parameters: rank } })).model;
    if (name !== nameChoice(UNCHANGED)) this.last = { name, model };
    return model;
  }

  private async store(model: OnnxModel, storage: Storage, spared: number): Promise<OnnxModel> {
    if (storage === 'fp32') return model;
    const { numerics: _numerics, ...common } = this.common(model, spared);
    if (storage === 'fp16') return (await cast(model, { ...common, to: 'fp16' })).model;
    if (storage === 'int8') return (await quantize(model, { ...common, biasCorrection: true })).model;
    const shared = { ...this.common(model, spared), clusters: SHARED_VALUES, form: 'gather' } as const;
    return (await cluster(model, shared)).model;
  }

  private common(model: OnnxModel, spared: number) {
    const { feeds, runner, options } = this.source;
    const { numerics, signal } = options;
    return {
      calibration: () => feeds,
      runner,
      exclude: this.exclusion(model, spared),
      ...(numerics === undefined ? {} : { numerics }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  /** Nodes that are spared, among those that an earlier step left under their names. */
  private exclusion(model: OnnxModel, spared: number): NodeExclusion {
    const { options, sensitivity } = this.source;
    const present = new Set(allGraphs(model.graph).flatMap(({ node }) => node.map(nodeLabel)));
    const names = [
      ...(options.exclude?.names ?? []),
      ...sensitivity.slice(0, Math.ceil(spared * sensitivity.length)),
    ];
    return { ...options.exclude, names: names.filter((name) => present.has(name)) };
  }
}
