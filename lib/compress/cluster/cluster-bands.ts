// SPDX-License-Identifier: Apache-2.0
// Weights of a layer that is too large to be treated at once: the values are chosen first, by the weights and by what is
// multiplied with them. Band by band, each of inputs, weights are then fitted to what the bands before them left, get one
// of the values, and those behind them make up for what is lost.

import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { readFloats } from '../../onnx/graph/tensor-values';
import { biasOf, writeBias } from '../layers/layer-bias';
import { forEachElement, readMatrix, weightOf, writeMatrices } from '../layers/layer-matrix';
import { inputsOf, type WeightLayer } from '../layers/weight-layer';
import { isFittable, movedBias } from '../reconstruct/fit-target';
import { inverseFactor } from '../reconstruct/inverse-factor';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { normalEquations, relativeError, type NormalEquations } from '../reconstruct/least-squares';
import { solveOnSupport } from '../reconstruct/solve-on-support';
import { groupsOf, type ClusterResult, type ClusterSettings } from './cluster-weights';
import { assignValues, sampledClusters, tableOf, type Table } from './shared-values';

/** The values of one layer, and which weights have them so far. */
export class BandClustering {
  /** Of each output. */
  private tables: readonly Table[] = [];
  private error = 0;
  private isFew = false;
  private readonly used = new Map<Table, Uint8Array>();

  constructor(
    private readonly layer: WeightLayer,
    private readonly settings: ClusterSettings,
  ) {}

  /** The next band. Returns what became of the layer so far. */
  async add(graph: GraphMessage, band: WeightLayer, statistics: LayerStatistics): Promise<ClusterResult> {
    const { numerics } = this.settings;
    const [sums] = statistics;
    const bias = band.uses.length === 1 ? biasOf(graph, band, band.uses[0]!) : undefined;
    const original = readMatrix(weightOf(graph, band), band.view);
    const centred = bias !== undefined;
    // Undefined where the inputs tell nothing: each weight then gets the nearest value.
    const equations = normalEquations(sums!, { weights: original, centred });
    if (this.tables.length === 0) await this.chooseTables(graph, sums!.energies!);
    const columns = inputsOf(band.view);
    const fit = await this.fit(equations, original, isFittable(band, centred));
    const block = { rows: band.view.outputs, columns, ...fit };
    const codes = await assignValues(block, (row) => this.tables[row]!, numerics);
    const matrix = this.valuesOf(codes, columns);
    writeMatrices(graph, band, [matrix]);
    if (bias !== undefined) writeBias(graph, bias, movedBias(bias, statistics, [matrix]));
    if (equations !== undefined)
      this.error = Math.sqrt(await relativeError(equations, matrix, { original, numerics }));
    this.isFew ||= sums!.input.count < columns;
    return { ...this.counts(), error: this.error, ...(this.isFew ? { note: 'few samples' as const } : {}) };
  }

  private async fit(
    equations: NormalEquations | undefined,
    original: Float32Array,
    isFitted: boolean,
  ): Promise<{ wanted: Float64Array; factor: Float64Array | undefined }> {
    const { numerics, compensate } = this.settings;
    const own = () => Float64Array.from(original);
    if (equations === undefined) return { wanted: own(), factor: undefined };
    const solved = isFitted ? await solveOnSupport(equations, { start: original, numerics }) : undefined;
    const factor = compensate ? await inverseFactor(equations.h, equations.size, numerics) : undefined;
    return { wanted: solved ?? own(), factor };
  }

  private valuesOf(codes: Uint16Array, columns: number): Float32Array {
    return Float32Array.from(codes, (code, at) => {
      const table = this.tables[Math.floor(at / columns)]!;
      this.used.get(table)![code] = 1;
      return table.centers[code]!;
    });
  }

  private async chooseTables(graph: GraphMessage, energies: Float64Array): Promise<void> {
    const { view } = this.layer;
    const columns = inputsOf(view);
    const values = readFloats(weightOf(graph, this.layer));
    const largest = energies.reduce((most, energy) => Math.max(most, energy), 0) || 1;
    const tables: Table[] = [];
    for (const group of groupsOf(view.outputs, this.settings.scope)) {
      const part = { ...view, outputs: group.length };
      const own = new Float32Array(group.length * columns);
      forEachElement(part, 0, (at, place) => (own[at] = values[place + group[0]! * view.outputStep]!));
      const weights = own.map((_, at) => energies[Math.floor((at % columns) / view.taps)]! / largest);
      const { centers } = await sampledClusters(own, { ...this.settings, weights }, this.settings.numerics);
      const table = tableOf(centers);
      this.used.set(table, new Uint8Array(centers.length));
      for (const output of group) tables[output] = table;
    }
    this.tables = tables;
  }

  private counts(): Pick<ClusterResult, 'levels' | 'tables'> {
    let levels = 0;
    for (const used of this.used.values()) levels += used.reduce((sum, one) => sum + one, 0);
    return { levels, tables: this.used.size };
  }
}
