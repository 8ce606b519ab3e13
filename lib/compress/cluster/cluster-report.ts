// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { checkOnnxModel } from '../../onnx/check/check-onnx-model';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { contentBytes, elementsOf, readFloats } from '../../onnx/graph/tensor-values';
import type { OutputScore } from '../output-judge';
import type { ClusterScope } from './cluster-options';
import type { KeptNode } from '../../onnx/passes/cast-values';
import type { ClusterSite } from './cluster-sites';
import type { ClusterResult } from './cluster-weights';
import type { Lookup } from './lookups';

/** Weights that share values now. */
export interface ClusteredWeight {
  /** Name of the initializer. */
  readonly weight: string;
  /** Nodes that read it. */
  readonly nodes: readonly string[];
  /** How many weights there are. */
  readonly values: number;
  /** How many tables of values it has. */
  readonly tables: number;
  /** Values in all of its tables. */
  readonly levels: number;
  /** In FP32, as models and engines hold it, and as codes of as few bits as tell values apart, with the tables. */
  readonly bytes: { readonly before: number; readonly packed: number };
  /** Relative error of what its layer makes, or of the weights where it was not fitted; a root of the mean of squares. */
  readonly error: number;
}

/** What `cluster` did. */
export interface ClusterReport {
  /** Weights that share values, in the order of the model. */
  readonly changed: readonly ClusteredWeight[];
  /** Nodes whose weights stayed, each with its reason. */
  readonly kept: readonly KeptNode[];
  /** Values in all of its tables. */
  readonly clusters: number;
  /** Which weights share a table. */
  readonly scope: ClusterScope;
  /** How they are stored. */
  readonly form: 'values' | 'gather';
  /**
   * Bytes of the weights that share values: in FP32, which is what they take in memory and in an engine as before, and
   * packed, which is about what a compact file holds.
   */
  readonly weightBytes: { readonly before: number; readonly packed: number };
  /** Runs of data that values were fitted to. */
  readonly dataRuns: number;
  /** How near the outputs are to the source's on that data; absent without data. */
  readonly score?: OutputScore;
  /** What computed. */
  readonly numerics: 'native' | 'reference';
  /** What the reader should know. */
  readonly warnings: readonly string[];
}

/** What is reported of a tensor. */
export function clusteredWeight({ weight, nodes }: ClusterSite, result: ClusterResult): ClusteredWeight {
  const { levels, tables, error } = result;
  const values = elementsOf(weight);
  const bits = Math.ceil(Math.log2(Math.max(2, levels / tables)));
  const packed = Math.ceil((values * bits) / 8) + 4 * levels;
  const bytes = { before: contentBytes(weight), packed };
  return { weight: weight.name ?? '', nodes: nodes.map(nodeLabel), values, tables, levels, bytes, error };
}

/** More than half of what a layer makes. */
const LARGE_ERROR = 0.5;

/** What the reader should know. */
export function listWarnings(
  { changed, dataRuns, form }: Pick<ClusterReport, 'changed' | 'dataRuns' | 'form'>,
  { tables, notes }: { tables: readonly Lookup[]; notes: ReadonlyMap<string, ClusterResult['note']> },
): string[] {
  const warnings: string[] = [];
  const noted = (note: ClusterResult['note']) => changed.filter(({ weight }) => notes.get(weight) === note);
  if (dataRuns === 0)
    warnings.push('There was no data: values were chosen by the weights alone, and outputs may be far off.');
  const few = noted('few samples');
  if (few.length > 0)
    warnings.push(
      `The data has fewer samples than ${few.length} layers have inputs, e.g. with "${few[0]!.weight}": give more.`,
    );
  const blind = noted('no inputs');
  if (blind.length > 0)
    warnings.push(
      `What ${blind.length} layers read is constant on the data, e.g. with "${blind[0]!.weight}": their values were chosen by the weights alone.`,
    );
  const written = new Set(tables.map(({ weight }) => weight));
  const whole = form === 'gather' ? changed.filter(({ weight }) => !written.has(weight)) : [];
  if (whole.length > 0)
    warnings.push(
      `${whole.length} tensors, e.g. "${whole[0]!.weight}", are in the file as values: a table would outweigh them.`,
    );
  const larger = changed.filter(({ bytes }) => bytes.packed >= bytes.before);
  if (larger.length > 0)
    warnings.push(
      `The tables of ${larger.length} tensors, e.g. "${larger[0]!.weight}", outweigh their weights: ask for fewer values or a wider scope.`,
    );
  const far = changed.filter(({ error }) => error > LARGE_ERROR);
  if (far.length > 0)
    warnings.push(
      `What ${far.length} layers make is more than half wrong, e.g. with "${far[0]!.weight}": ask for more values.`,
    );
  return warnings;
}

/**
 * Holds what was written against what is reported.
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_CHECK
 */
export function checkClustered(
  model: OnnxModel,
  source: OnnxModel,
  { changed, clusters, scope }: Pick<ClusterReport, 'changed' | 'clusters' | 'scope'>,
): void {
  const problems = checkOnnxModel(model)
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);
  const tensors = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const { weight, tables } of changed) {
    const distinct = new Set(readFloats(tensors.get(weight)!));
    const most = clusters * (scope === 'tensor' ? 1 : tables);
    if (distinct.size > most) problems.push(`"${weight}" has ${distinct.size} values, not ${most}`);
    if (distinct.has(NaN)) problems.push(`"${weight}" holds NaN`);
  }
  for (const side of ['input', 'output'] as const) {
    const [now, before] = [model, source].map(({ graph }) => graph[side].map(({ name }) => name).join(', '));
    if (now !== before) problems.push(`its ${side}s are ${now!}, those of the source ${before!}`);
  }
  if (problems.length === 0) return;
  throw new TensorRTError(
    'ERR_TRT_COMPRESS_CHECK',
    `The clustered model does not hold: ${problems.slice(0, 3).join('; ')}.`,
    { details: { problems } },
  );
}
