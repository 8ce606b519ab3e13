// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { GraphScope } from '../graph/graph-scope';
import { isStandard, nodeLabel, UniqueNames } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { operatorSchema } from '../schema/operator-schema';
import { OPSET_CHANGES } from './opset-changes';
import { ConversionPlace, type OpsetChange } from './opset-conversion';
import { declaredDims, type DimsOf } from './value-dims';

const OLDEST = 7;
const NEWEST = 23;
/** First opset of each IR version from 4 on; readers refuse a model whose IR is older than its opset. */
const IR_OF_OPSET = [
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
  [11, 6],
  [10, 5],
  [9, 4],
] as const;

/** What keeps a model from a newer opset. */
export interface OpsetObstacle {
  /** Name of the node, or of its first output. */
  readonly node: string;
  /** Its operator. */
  readonly operator: string;
  /** Why it cannot be converted. */
  readonly reason: string;
  /** Further nodes that keep it from there. */
  readonly others: readonly string[];
}

/**
 * Raises the version of ONNX's own operators, from opset 7 on and up to 23, and the IR version that goes with it. A newer
 * opset is not a number alone: operators that changed are converted, in the graphs inside nodes too.
 *
 * 1. Attributes that became inputs: Slice, TopK, Clip, Pad, Dropout, Squeeze, Unsqueeze, Split, Reduce*, DFT.
 * 2. Upsample and the Resize of opset 10 become the Resize of opset 11; Scatter becomes ScatterElements.
 * 3. Softmax, LogSoftmax and Hardmax over several axes (before opset 13) get a Flatten before and a Reshape behind.
 * 4. Other names and defaults of attributes: GridSample, RoiAlign, Split, BatchNormalization.
 * 5. GroupNormalization: scale and bias per group are repeated per channel.
 *
 * Left alone: all other operators, which only gained types and options; custom operators; functions of the model, which
 * name their own opset. A model that has the opset already stays as it is.
 *
 * @returns what keeps the model from it, the model unchanged then; undefined when done
 */
export function raiseOpset(model: OnnxModel, target: number): OpsetObstacle | undefined {
  const from = model.opset;
  if (from >= target) return undefined;
  const changes = OPSET_CHANGES.filter(({ opset }) => from < opset && opset <= target);
  const places = placesOf(
    new GraphScope(model.graph),
    declaredDims(model.graph),
    new UniqueNames(model.graph),
  );
  const obstacles = places.flatMap((place) =>
    place.scope.graph.node.flatMap((node) => {
      const reason = isStandard(node) ? findObstacle(node, place, { from, target, changes }) : undefined;
      return reason === undefined ? [] : [{ node: nodeLabel(node), operator: node.opType, reason }];
    }),
  );
  const [first, ...others] = obstacles;
  if (first !== undefined) return { ...first, others: others.map(({ node }) => node) };
  for (const change of changes) for (const place of places) convert(place, change);
  model.opset = target;
  const [, ir] = IR_OF_OPSET.find(([opset]) => target >= opset) ?? [];
  model.message.irVersion = Math.max(model.message.irVersion ?? 0, ir ?? 0);
  return undefined;
}

function placesOf(scope: GraphScope, dimsOf: DimsOf, names: UniqueNames): ConversionPlace[] {
  const inner = [...scope.inner].flatMap(([graph, one]) => placesOf(one, declaredDims(graph, dimsOf), names));
  return [new ConversionPlace(scope, dimsOf, names), ...inner];
}

/**
 * Raises the opset or refuses.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_OPERATOR with node, operator, reason and the names of others
 */
export function requireOpset(model: OnnxModel, target: number, why: string): void {
  const obstacle = raiseOpset(model, target);
  if (obstacle === undefined) return;
  const { node, operator, reason, others } = obstacle;
  const more = others.length === 0 ? '' : `; so do ${others.length} more`;
  throw new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR',
    `${why} needs opset ${target}; the model has ${model.opset} and cannot be raised: node "${node}" (${operator}) keeps it there: ${reason}${more}.`,
    { hint: `Export the model with opset ${target} or newer.`, details: { node, operator, reason, others } },
  );
}

interface Step {
  readonly from: number;
  readonly target: number;
  readonly changes: readonly OpsetChange[];
}

function findObstacle(
  node: NodeMessage,
  place: ConversionPlace,
  { from, target, changes }: Step,
): string | undefined {
  const { opType } = node;
  if (from < OLDEST || target > NEWEST) return `opsets ${OLDEST} to ${NEWEST} are converted`;
  const schema = operatorSchema(opType, from);
  if (schema === undefined) return `ONNX has no such operator at opset ${from}`;
  const own = changes.filter(({ ops }) => ops.includes(opType));
  const reason = own.flatMap(({ obstacle }) => obstacle?.(node, place) ?? [])[0];
  const isReplaced = own.some(({ convert: replace }) => replace !== undefined);
  const isGone = operatorSchema(opType, target)?.deprecated !== false;
  return reason ?? (isGone && !isReplaced ? `it is gone at opset ${target}` : undefined);
}

function convert(place: ConversionPlace, change: OpsetChange): void {
  const { graph } = place.scope;
  graph.node = graph.node.flatMap((node) => {
    if (!isStandard(node) || !change.ops.includes(node.opType)) return node;
    return change.convert?.(node, place) ?? node;
  });
}
