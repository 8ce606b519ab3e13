// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { Numerics } from '../../numerics/numerics';
import { LayerSamples, pickSamples, samplesKey, type RunValues } from '../layers/layer-samples';
import { inputsOf, type LayerUse, type WeightLayer } from '../layers/weight-layer';
import type { FeedSource, Runner } from '../runner';
import { InputSums, MOST_ROW_ELEMENTS, OutputSums, type LayerStatistics } from './layer-statistics';
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

/**
 * Sums over the data for some layers, in one pass: what they read in the compressed model, and what they make in the
 * source. Layers that read the same share the sums of it. Memory holds the sums, one run of both models and some rows.
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
  let run = 0;
  await visitPairs(
    {
      ...data,
      sourceTensors: unique(uses.map(({ output }) => output)),
      compressedTensors: unique(uses.map(({ input }) => input)),
    },
    async (source, compressed) => {
      for (const stream of streams) {
        for (const [index, use] of stream.layers[0]!.uses.entries()) {
          const values = compressed.get(use.input)!;
          const outputs = stream.layers.map((layer) => source.get(layer.uses[index]!.output)!);
          await addRun(stream, { use, index, values, outputs, run, data });
        }
      }
      run++;
    },
  );
  for (const stream of streams) checkFinite(stream);
  return new Map(
    streams.flatMap((stream) => stream.layers.map((layer, at) => [layer, stream.statistics[at]!])),
  );
}

/** Bytes of the sums of a layer. */
export function statisticsBytes({ view }: WeightLayer): number {
  const size = inputsOf(view);
  return 2 * 8 * view.groups * size * (size + view.outputs);
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
    const key = uses.map((use) => samplesKey(layer, use)).join('|');
    if (!streams.has(key)) {
      const sums = () => Array.from({ length: view.groups }, () => new InputSums(size));
      streams.set(key, { layers: [], inputs: sums(), held: sums(), statistics: [] });
    }
    const stream = streams.get(key)!;
    stream.layers.push(layer);
    const sums = () => new OutputSums(size, view.outputs);
    stream.statistics.push(
      stream.inputs.map((input, group) => ({
        input,
        output: sums(),
        held: { input: stream.held[group]!, output: sums() },
      })),
    );
  }
  return [...streams.values()];
}

interface RunOfUse<Feeds> {
  readonly use: LayerUse;
  readonly index: number;
  readonly values: RunValues;
  readonly outputs: readonly RunValues[];
  readonly run: number;
  readonly data: ReconstructionData<Feeds>;
}

async function addRun<Feeds>(stream: Stream, one: RunOfUse<Feeds>): Promise<void> {
  const { values, use, run, data } = one;
  const [first] = stream.layers;
  const size = inputsOf(first!.view);
  const samples = new LayerSamples(first!, use, values.dims);
  if (!samples.fits) throw doesNotFit(first!, values.dims);
  const most = Math.max(FEWEST_SAMPLES, SAMPLES_AN_INPUT * size);
  const picked = pickSamples(samples.count, Math.ceil(most / data.feeds.count), (data.seed ?? 0) + run);
  const step = Math.max(1, Math.floor(MOST_ROW_ELEMENTS / size));
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
    const rows = samples.inputs(values, picked, group);
    await stream.inputs[group]!.add(rows, numerics);
    if (isHeld) await stream.held[group]!.add(rows, numerics);
    for (const [position, layer] of stream.layers.entries()) {
      const own = position === 0 ? samples : new LayerSamples(layer, layer.uses[index]!, values.dims);
      const made = own.outputs(outputs[position]!, picked, group);
      const { output, held } = stream.statistics[position]![group]!;
      await output.add(rows, made, numerics);
      if (isHeld) await held.output.add(rows, made, numerics);
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
