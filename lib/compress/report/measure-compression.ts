// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { GraphScope } from '../../onnx/graph/graph-scope';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { loadModel, OnnxModel } from '../../onnx/graph/onnx-model';
import { isReadable, readFloats, tensorBytes } from '../../onnx/graph/tensor-values';
import { withSource } from '../../onnx/graph/with-source';
import { isWeighted } from '../layers/weighted-operators';
import type { ModelSource } from '../runner';
import { countWork } from './count-work';
import { measureStoredSize } from './stored-size';

/** What costs something to find out, and needs more than the graph. */
export interface CompressionMeasures {
  /** Dims of inputs that the graph leaves open, by name. Default: 1 for each open dimension. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  /** Scores a model, e.g. its accuracy from 0 to 1. */
  readonly score?: (model: ModelSource) => Promise<number>;
  /** Milliseconds of one run of both models, measured in turn, in the same order. */
  readonly latency?: (models: readonly [ModelSource, ModelSource]) => Promise<readonly [number, number]>;
  /** Bytes of the engine that is built from a model. */
  readonly engineBytes?: (model: ModelSource) => Promise<number>;
}

/** How large and how good a model is. */
export interface ModelFacts {
  /** Bytes of its files, and of the same in an archive (DEFLATE, level 6). */
  readonly bytes: number;
  /** Bytes of its files in an archive. */
  readonly zippedBytes: number;
  /** Elements of its weights, and which share of them is zero. */
  readonly parameters: number;
  /** Share of its weights that is zero, 0 to 1. */
  readonly zeros: number;
  /** Of one run. */
  readonly multiplyAdds: number;
  /** What the caller's `score` gave. */
  readonly score?: number;
  /** Milliseconds of one run. */
  readonly latencyMs?: number;
  /** Bytes of the engine that is built from it. */
  readonly engineBytes?: number;
}

/** A layer whose weights are not the source's. */
export interface ChangedLayer {
  /** Name of the node, or of its first output. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Dims of its weights; null where the layer is not there, or its weights are made by other nodes (Gather, DequantizeLinear). */
  readonly before: readonly number[] | null;
  /** The same of the new model. */
  readonly after: readonly number[] | null;
}

/** A model beside its source. */
export interface CompressionFacts {
  /** The source. */
  readonly before: ModelFacts;
  /** The new model. */
  readonly after: ModelFacts;
  /** Layers whose weights are others. */
  readonly changed: readonly ChangedLayer[];
}

/**
 * Measures a compressed model beside its source: files, archive, weights, arithmetic, and what `measures` can tell. Both
 * models are written to temporary folders; memory holds both graphs.
 *
 * @throws {TensorRTError} what loading, writing and the measures throw
 * @example
 * const { before, after } = await measureCompression('model.onnx', compressed);
 * console.log(after.bytes / before.bytes, after.multiplyAdds / before.multiplyAdds);
 */
export async function measureCompression(
  source: ModelSource | OnnxModel,
  compressed: ModelSource | OnnxModel,
  measures: CompressionMeasures = {},
): Promise<CompressionFacts> {
  const models = [await load(source), await load(compressed)] as const;
  const latencies = await measureLatencies(models, measures);
  return {
    before: await describe(models[0], measures, latencies?.[0]),
    after: await describe(models[1], measures, latencies?.[1]),
    changed: listChanged(models[0], models[1]),
  };
}

async function load(source: ModelSource | OnnxModel): Promise<OnnxModel> {
  return source instanceof OnnxModel ? source : loadModel(source);
}

async function measureLatencies(
  [source, compressed]: readonly [OnnxModel, OnnxModel],
  { latency }: CompressionMeasures,
): Promise<readonly [number, number] | undefined> {
  if (latency === undefined) return undefined;
  return withSource(source, (first) => withSource(compressed, (second) => latency([first, second])));
}

async function describe(
  model: OnnxModel,
  { inputs, score, engineBytes }: CompressionMeasures,
  latencyMs: number | undefined,
): Promise<ModelFacts> {
  const { parameters, multiplyAdds } = countWork(model, inputs);
  return {
    ...(await measureStoredSize(model)),
    parameters,
    zeros: shareOfZeros(model),
    multiplyAdds,
    ...(score === undefined ? {} : { score: await withSource(model, score) }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(engineBytes === undefined ? {} : { engineBytes: await withSource(model, engineBytes) }),
  };
}

const FLOAT = 1;

/** Of the weights of layers that are stored as FLOAT. */
function shareOfZeros({ graph }: OnnxModel): number {
  let [zeros, all] = [0, 0];
  for (const { dataType, dims, ...rest } of graph.initializer) {
    if (dataType !== FLOAT || dims.length < 2) continue;
    const values = readFloats({ dataType, dims, ...rest });
    all += values.length;
    for (const value of values) if (value === 0) zeros++;
  }
  return all === 0 ? 0 : zeros / all;
}

interface LayerWeights {
  readonly op: string;
  readonly dims: readonly number[] | null;
  readonly digest: string;
}

function listChanged(source: OnnxModel, compressed: OnnxModel): ChangedLayer[] {
  const [before, after] = [weightsOf(source), weightsOf(compressed)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((node) => {
    const [old, fresh] = [before.get(node), after.get(node)];
    if (old?.digest === fresh?.digest) return [];
    return [{ node, op: (fresh ?? old)!.op, before: old?.dims ?? null, after: fresh?.dims ?? null }];
  });
}

/** Layers of the main graph by label. */
function weightsOf({ graph }: OnnxModel): Map<string, LayerWeights> {
  const scope = new GraphScope(graph);
  const layers = graph.node.filter(isWeighted);
  return new Map(layers.map((node) => [nodeLabel(node), weightsOfNode(node, scope)]));
}

function weightsOfNode(node: NodeMessage, scope: GraphScope): LayerWeights {
  const tensor = node.input.map((name) => scope.constantOf(name)).find((one) => one !== undefined);
  const op = node.opType;
  if (tensor === undefined || !isReadable(tensor)) return { op, dims: null, digest: 'not constant' };
  const digest = createHash('sha256').update(tensorBytes(tensor)).digest('hex');
  return { op, dims: tensor.dims, digest: `${tensor.dims.join()} ${digest}` };
}
