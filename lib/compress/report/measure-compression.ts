// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { loadModel, OnnxModel } from '../../onnx/graph/onnx-model';
import { isReadable, tensorBytes } from '../../onnx/graph/tensor-values';
import { withSource } from '../../onnx/graph/with-source';
import { isWeighted } from '../layers/weighted-operators';
import type { ModelSource } from '../runner';
import { countWork, storedTensors } from './count-work';
import { describeGains } from './describe-gains';
import type { ModelFacts } from './model-facts';
import { measureFiles, measureStoredSize } from './stored-size';
import { findWeightFacts } from './weight-facts';

export type { ModelFacts } from './model-facts';

/** What costs something to find out, and needs more than the graph. Whatever gives undefined was not measured. */
export interface CompressionMeasures<Evaluation = never> {
  /** Dims of inputs that the graph leaves open, by name. Default: 1 for each open dimension. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  /** Scores a model, e.g. its accuracy from 0 to 1. */
  readonly score?: (model: ModelSource) => Promise<number | undefined>;
  /**
   * Evaluates a model, e.g. `(model) => evaluate(model, data)`; for the compressed one, `reference` is the source.
   */
  readonly evaluate?: (model: ModelSource, reference?: ModelSource) => Promise<Evaluation | undefined>;
  /** Milliseconds of one run of both models, measured in turn, in the same order: see `measureLatency`. */
  readonly latency?: (
    models: readonly [ModelSource, ModelSource],
  ) => Promise<readonly [number, number] | undefined>;
  /** Bytes of the engine that is built from a model. */
  readonly engineBytes?: (model: ModelSource) => Promise<number | undefined>;
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
export interface CompressionFacts<Evaluation = unknown> {
  /** The source. */
  readonly before: ModelFacts<Evaluation>;
  /** The new model. */
  readonly after: ModelFacts<Evaluation>;
  /** Layers whose weights are others. */
  readonly changed: readonly ChangedLayer[];
  /** What TensorRT makes of the difference, a sentence each; also where it gains nothing. */
  readonly gains: readonly string[];
}

/**
 * Measures a compressed model beside its source: files, archive, weights, arithmetic, and what `measures` can tell. A
 * model that is given by its path is measured as it lies there; another one is written to a temporary folder. Memory
 * holds both graphs, and one tensor at a time.
 *
 * @throws {TensorRTError} what loading, writing and the measures throw
 * @example
 * const { before, after, gains } = await measureCompression('model.onnx', compressed);
 * console.log(after.bytes / before.bytes, after.multiplyAdds / before.multiplyAdds, gains);
 */
export async function measureCompression<Evaluation = never>(
  source: ModelSource | OnnxModel,
  compressed: ModelSource | OnnxModel,
  measures: CompressionMeasures<Evaluation> = {},
): Promise<CompressionFacts<Evaluation>> {
  const [first, second] = [await open(source), await open(compressed)];
  const latencies = await measureLatencies([first, second], measures);
  const before = await describe(first, measures, { latencyMs: latencies?.[0] });
  const after = await describe(second, measures, { latencyMs: latencies?.[1], reference: first });
  return {
    before,
    after,
    changed: listChanged(first.model, second.model),
    gains: describeGains({ before, after }),
  };
}

/** A model, and where it lies. */
interface Subject {
  readonly model: OnnxModel;
  readonly path: string | undefined;
}

async function open(source: ModelSource | OnnxModel): Promise<Subject> {
  if (source instanceof OnnxModel) return { model: source, path: undefined };
  return { model: await loadModel(source), path: typeof source === 'string' ? source : undefined };
}

function withFiles<T>({ model, path }: Subject, use: (source: ModelSource) => Promise<T>): Promise<T> {
  return path === undefined ? withSource(model, use) : use(path);
}

async function measureLatencies<Evaluation>(
  [source, compressed]: readonly [Subject, Subject],
  { latency }: CompressionMeasures<Evaluation>,
): Promise<readonly [number, number] | undefined> {
  if (latency === undefined) return undefined;
  return withFiles(source, (first) => withFiles(compressed, (second) => latency([first, second])));
}

interface Beside {
  readonly latencyMs: number | undefined;
  /** The source, for the compressed model. */
  readonly reference?: Subject;
}

async function describe<Evaluation>(
  subject: Subject,
  { inputs, score, evaluate, engineBytes }: CompressionMeasures<Evaluation>,
  { latencyMs, reference }: Beside,
): Promise<ModelFacts<Evaluation>> {
  const { model, path } = subject;
  const { parameters, multiplyAdds, unknown: uncounted } = countWork(model, inputs);
  const evaluateBeside =
    evaluate &&
    ((file: ModelSource) =>
      reference === undefined ? evaluate(file) : withFiles(reference, (other) => evaluate(file, other)));
  const measured = {
    score: score && (await withFiles(subject, score)),
    evaluation: evaluateBeside && (await withFiles(subject, evaluateBeside)),
    latencyMs,
    engineBytes: engineBytes && (await withFiles(subject, engineBytes)),
  };
  return {
    ...(await (path === undefined ? measureStoredSize(model) : measureFiles(model.origins))),
    parameters,
    multiplyAdds,
    uncounted,
    ...findWeightFacts(model),
    ...(Object.fromEntries(Object.entries(measured).filter(([, value]) => value !== undefined)) as Partial<
      ModelFacts<Evaluation>
    >),
  };
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
  const tensors = new Map(storedTensors(graph).map((tensor) => [tensor.name ?? '', tensor]));
  for (const { name } of graph.input) tensors.delete(name);
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const layers = graph.node.filter(isWeighted);
  return new Map(layers.map((node) => [nodeLabel(node), weightsOfNode(node, { tensors, makers })]));
}

interface Values {
  readonly tensors: ReadonlyMap<string, TensorMessage>;
  readonly makers: ReadonlyMap<string, NodeMessage>;
}

function weightsOfNode(node: NodeMessage, values: Values): LayerWeights {
  const op = node.opType;
  // The second input is the one that has weights; of a product it may be the first.
  for (const name of [node.input[1], node.input[0]]) {
    const own = values.tensors.get(name ?? '');
    const maker = values.makers.get(name ?? '');
    const parts = own === undefined ? constantInputs(maker, values) : [own];
    if (parts.length === 0 || !parts.every(isReadable)) continue;
    const digest = createHash('sha256');
    for (const part of parts) digest.update(`${part.dims.join()};`).update(tensorBytes(part));
    return { op, dims: own?.dims ?? null, digest: digest.digest('hex') };
  }
  return { op, dims: null, digest: 'not constant' };
}

/** What weights are made of that a node dequantises or looks up: nothing for those that are computed. */
function constantInputs(maker: NodeMessage | undefined, values: Values): TensorMessage[] {
  if (maker === undefined || !MAKERS_OF_WEIGHTS.has(maker.opType)) return [];
  const inputs = maker.input.filter((name) => name !== '');
  const parts = inputs.map((name) => {
    const before = values.makers.get(name);
    return values.tensors.get(name) ?? constantInputs(before, values)[0];
  });
  return parts.every((part) => part !== undefined) ? parts : [];
}

const MAKERS_OF_WEIGHTS = new Set(['DequantizeLinear', 'Gather', 'Cast', 'Add', 'Identity', 'Constant']);
