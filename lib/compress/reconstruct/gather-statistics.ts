// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { Numerics } from '../../numerics/numerics';
import { readMatrix, weightOf } from '../layers/layer-matrix';
import { LayerSamples, pickSamples, samplesKey, type RunValues } from '../layers/layer-samples';
import { inputsOf, type LayerUse, type WeightLayer } from '../layers/weight-layer';
import type { FeedSource, Runner } from '../runner';
import { heldRows, takeRows } from './held-rows';
import { InputSums, OutputSums, type GroupStatistics, type LayerStatistics } from './layer-statistics';
import { visitPairs } from './paired-runs';

/** Both models, the data, and what computes. */
export interface ReconstructionData<Feeds> {
  /** The model as it was, simplified: what layers are to make. */
  readonly source: OnnxModel;
  /** The model that is being compressed, as it is now: what layers read. */
  readonly compressed: OnnxModel;
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly numerics: Numerics;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Samples of a layer: so many for each input, and for small layers. More hardly change the sums. */
const SAMPLES_AN_INPUT = 8;
const FEWEST_SAMPLES = 16384;
/** One in so many runs is held back to judge choices on. */
const HELD_EVERY = 4;
/** Rows that are handed to the arithmetic at once, in elements: 4 MiB. */
const MOST_ROW_ELEMENTS = 2 ** 20;

/**
 * Sums over the data for some layers, in one pass: what they read in the compressed model, and what they make in the
 * source; for a band of a layer, what it would have to make so that the layer makes that. Layers that read the same share
 * the sums of it. Memory holds the sums, one run of both models and some rows.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION for values inside the model that are not finite; ERR_TRT_RUN_ABORTED
 */
export async function gatherStatistics<Feeds>(
  layers: readonly WeightLayer[],
  data: ReconstructionData<Feeds>,
): Promise<Map<WeightLayer, LayerStatistics>> {
  const streams = makeStreams(layers);
  const uses = layers.flatMap((layer) => layer.uses);
  const unique = (names: readonly string[]) => [...new Set(names)];
  const bands = layers.filter(({ view }) => view.band !== undefined).flatMap((layer) => layer.uses);
  let run = 0;
  await visitPairs(
    {
      ...data,
      sourceTensors: unique(uses.map(({ output }) => output)),
      compressedTensors: unique([...uses.map(({ input }) => input), ...bands.map(({ output }) => output)]),
    },
    async (source, compressed) => {
      for (const stream of streams) {
        for (const [index, use] of stream.layers[0]!.uses.entries()) {
          const values = compressed.get(use.input)!;
          const outputs = stream.layers.map(({ uses: own }) => {
            const { output } = own[index]!;
            return { wanted: source.get(output)!, made: compressed.get(output) };
          });
          await addRun(stream, { use, index, values, outputs, run, data });
        }
      }
      run++;
    },
  );
  for (const stream of streams) {
    checkFinite(stream);
    await addOwn(stream, data);
  }
  return new Map(
    streams.flatMap((stream) => stream.layers.map((layer, at) => [layer, stream.statistics[at]!])),
  );
}

/** Bytes of the sums of a layer. */
export function statisticsBytes({ view }: Pick<WeightLayer, 'view'>): number {
  const size = inputsOf(view);
  return 8 * view.groups * size * (2 * size + view.outputs);
}

/** Layers that read the same rows. */
interface Stream {
  readonly layers: WeightLayer[];
  readonly inputs: readonly InputSums[];
  readonly held: readonly InputSums[];
  readonly statistics: LayerStatistics[];
}

function makeStreams(layers: readonly WeightLayer[]): Stream[] {
  const streams = new Map<string, Stream>();
  for (const layer of layers) {
    const { view, uses } = layer;
    const size = inputsOf(view);
    const shown = `${view.band?.first ?? 0} ${view.channels}`;
    const key = [shown, ...uses.map((use) => samplesKey(layer, use))].join('|');
    if (!streams.has(key)) {
      const sums = () => Array.from({ length: view.groups }, () => new InputSums(size));
      streams.set(key, { layers: [], inputs: sums(), held: sums(), statistics: [] });
    }
    const stream = streams.get(key)!;
    stream.layers.push(layer);
    stream.statistics.push(
      stream.inputs.map((input, group) => {
        const rows = heldRows(view, group);
        const held = { input: stream.held[group]!, output: new OutputSums(size, rows.length), rows };
        const energies = view.band && { energies: new Float64Array(view.band.of) };
        return { input, output: new OutputSums(size, view.outputs), held, ...energies };
      }),
    );
  }
  return [...streams.values()];
}

interface RunOfUse<Feeds> {
  readonly use: LayerUse;
  readonly index: number;
  readonly values: RunValues;
  /** Of each layer. */
  readonly outputs: readonly { readonly wanted: RunValues; readonly made: RunValues | undefined }[];
  readonly run: number;
  readonly data: ReconstructionData<Feeds>;
}

async function addRun<Feeds>(stream: Stream, one: RunOfUse<Feeds>): Promise<void> {
  const { values, use, run, data } = one;
  const [first] = stream.layers;
  const size = inputsOf(first!.view);
  const samples = new LayerSamples(first!, use, values.dims);
  if (!samples.fits) throw doesNotFit(first!, values.dims);
  for (const [{ energies }] of stream.statistics as [GroupStatistics][])
    if (energies !== undefined) samples.addEnergies(values, energies);
  const most = Math.max(FEWEST_SAMPLES, SAMPLES_AN_INPUT * size);
  const picked = pickSamples(samples.count, Math.ceil(most / data.feeds.count), (data.seed ?? 0) + run);
  const widest = Math.max(size, ...stream.layers.map(({ view }) => view.outputs));
  const step = Math.max(1, Math.floor(MOST_ROW_ELEMENTS / widest));
  const heldFrom = firstHeld(picked.length, run, data.feeds.count);
  for (let at = 0; at < picked.length; at = nextStart(at, step, heldFrom)) {
    const end = Math.min(picked.length, nextStart(at, step, heldFrom));
    await addRows(stream, one, { samples, picked: picked.subarray(at, end), isHeld: at >= heldFrom });
  }
}

/** Position of the first sample of a run that is held back: every fourth run is, or the end of each if there are few. */
function firstHeld(count: number, run: number, runs: number): number {
  if (runs < HELD_EVERY) return count - Math.floor(count / HELD_EVERY);
  return run % HELD_EVERY === HELD_EVERY - 1 ? 0 : count;
}

function nextStart(at: number, step: number, heldFrom: number): number {
  return at < heldFrom ? Math.min(at + step, heldFrom) : at + step;
}

async function addRows<Feeds>(
  stream: Stream,
  { values, outputs, index, data: { numerics } }: RunOfUse<Feeds>,
  { samples, picked, isHeld }: { samples: LayerSamples; picked: Int32Array; isHeld: boolean },
): Promise<void> {
  for (let group = 0; group < stream.inputs.length; group++) {
    const inputs = samples.inputs(values, picked, group);
    await stream.inputs[group]!.add(inputs, numerics);
    if (isHeld) await stream.held[group]!.add(inputs, numerics);
    for (const [position, layer] of stream.layers.entries()) {
      const own = position === 0 ? samples : new LayerSamples(layer, layer.uses[index]!, values.dims);
      const { wanted, made } = outputs[position]!;
      const rows = own.outputs(wanted, picked, group);
      const rest =
        layer.view.band === undefined ? undefined : subtracted(rows, own.outputs(made!, picked, group));
      const { output, held } = stream.statistics[position]![group]!;
      await addOutputs(output, { inputs, rows, rest, numerics });
      if (!isHeld) continue;
      const some = (all: Float32Array) => takeColumns(all, held.rows, output.size);
      await addOutputs(held.output, { inputs, rows: some(rows), rest: rest && some(rest), numerics });
    }
  }
}

interface OutputRows {
  readonly inputs: Float32Array;
  readonly rows: Float32Array;
  /** Of a band: what is missing. */
  readonly rest: Float32Array | undefined;
  readonly numerics: Numerics;
}

function addOutputs(output: OutputSums, { inputs, rows, rest, numerics }: OutputRows): Promise<void> {
  return rest === undefined
    ? output.add(inputs, rows, numerics)
    : output.addRest(inputs, { rest, outputs: rows }, numerics);
}

function subtracted(rows: Float32Array, others: Float32Array): Float32Array {
  for (let at = 0; at < others.length; at++) others[at] = rows[at]! - others[at]!;
  return others;
}

function takeColumns(matrix: Float32Array, columns: Int32Array, size: number): Float32Array {
  const count = columns.length;
  const taken = new Float32Array((matrix.length / size) * count);
  for (let row = 0, at = 0; at < taken.length; row += size)
    for (let i = 0; i < count; i++) taken[at++] = matrix[row + columns[i]!]!;
  return taken;
}

/** Bands make a part of what is wanted already: they are to make that and what is missing. */
async function addOwn<Feeds>(stream: Stream, data: ReconstructionData<Feeds>): Promise<void> {
  const { graph } = data.compressed;
  for (const [position, layer] of stream.layers.entries()) {
    if (layer.view.band === undefined) continue;
    for (const [group, { input, output, held }] of stream.statistics[position]!.entries()) {
      const weights = readMatrix(weightOf(graph, layer), layer.view, group);
      await output.addOwn(weights, input, data.numerics);
      await held.output.addOwn(takeRows(weights, held.rows, input.size), held.input, data.numerics);
    }
  }
}

function checkFinite({ layers, inputs, statistics }: Stream): void {
  for (const [position, layer] of layers.entries()) {
    const isFine =
      inputs.every(
        ({ sums, gram, size }) => sums.every(Number.isFinite) && Number.isFinite(gram[size * size - 1]!),
      ) && statistics[position]!.every(({ output }) => output.squares.every(Number.isFinite));
    if (isFine) continue;
    throw new TensorRTError(
      'ERR_TRT_QUANT_CALIBRATION',
      `What layer "${layer.label}" reads or makes on the calibration data is not finite: it has NaN or infinity.`,
      { hint: 'Leave out the runs that overflow, or exclude the layer.', details: { node: layer.label } },
    );
  }
}

function doesNotFit({ label, view }: WeightLayer, dims: readonly number[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `Layer "${label}" takes ${view.groups * view.channels} channels; on the data it reads [${dims.join(', ')}].`,
    { details: { node: label, dims } },
  );
}
