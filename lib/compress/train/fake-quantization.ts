// SPDX-License-Identifier: Apache-2.0
// Training of rounded weights: each has a master in FP32, which the steps change. The forward pass sees it rounded, the
// gradient goes to it as if it were not ("straight through").

import { isStandard, nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor, readFloats, readNumbers } from '../../onnx/graph/tensor-values';
import { sortNodes } from '../../onnx/graph/sort-nodes';
import { dataTypeName } from '../../onnx/data-type';
import { GraphWriter } from '../gradient/graph-writer';
import { dequantizeTensor, layoutOfScales } from '../quantize/dequantize-tensor';
import { forEachRun } from '../quantize/scale-layout';
import type { KeptParameter } from './find-parameters';

/** A weight that is stored as integers. */
export interface RoundedWeight {
  /** Name of the master in the model that is trained. */
  readonly master: string;
  /** The integers in the model that is written. */
  readonly stored: string;
  /** Rounds values of the master as the model stores them. */
  readonly round: (values: Float32Array) => TensorMessage;
}

const LIMITS: Readonly<Record<string, readonly [number, number]>> = { INT8: [-128, 127], UINT8: [0, 255] };

/**
 * Gives weights of a quantised model masters in FP32, in place: a DequantizeLinear of constants becomes division by the
 * scale, rounding, clipping and multiplication. Pairs on activations stay; they have a gradient of their own.
 *
 * @see Bengio, Leonard, Courville: Estimating or propagating gradients through stochastic neurons, 2013
 */
export function giveMasters(
  model: OnnxModel,
  exclude: NodeExclusion = {},
): {
  readonly weights: readonly RoundedWeight[];
  readonly kept: readonly KeptParameter[];
  /** Constants of the rounding, which no training changes. */
  readonly scales: ReadonlySet<string>;
} {
  const { graph } = model;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const names = new UniqueNames(graph);
  const weights: RoundedWeight[] = [];
  const kept: KeptParameter[] = [];
  const places: { node: NodeMessage; master: string }[] = [];
  for (const node of graph.node) {
    const [values, scale, zero] = node.input.map((name) => constants.get(name));
    if (!isDequantizer(node) || values === undefined || scale === undefined) continue;
    const readers = [node, ...graph.node.filter(({ input }) => input.includes(node.output[0]!))];
    const excluded = readers.find((one) => excludedBy(exclude, one) !== null);
    const isShared = graph.node.filter(({ input }) => input.includes(node.input[0]!)).length > 1;
    const reason =
      excluded === undefined
        ? ((isShared ? 'several nodes read its integers' : undefined) ??
          reasonToKeep(node, { values, scale, zero }))
        : `node "${nodeLabel(excluded)}" is excluded`;
    if (reason !== undefined) {
      kept.push({ node: nodeLabel(node), parameter: node.input[0]!, reason });
      continue;
    }
    const master = names.make(`${node.input[0]!}_master`);
    graph.initializer.push(makeTensor(master, 'FLOAT', values.dims, dequantizeTensor(node, values, scale)));
    weights.push({ master, stored: node.input[0]!, round: rounder(node, values, scale) });
    places.push({ node, master });
  }
  const gone = new Set(places.map(({ node }) => node));
  graph.node = graph.node.filter((node) => !gone.has(node));
  const write = new GraphWriter(graph);
  const scales = new Set(places.map(({ node, master }) => writeRounding(write, node, { master, constants })));
  sortNodes(graph);
  return { weights, kept, scales };
}

const isDequantizer = (node: NodeMessage): boolean => node.opType === 'DequantizeLinear' && isStandard(node);

function reasonToKeep(
  node: NodeMessage,
  { values, scale, zero }: { values: TensorMessage; scale: TensorMessage; zero: TensorMessage | undefined },
): string | undefined {
  const type = dataTypeName(values.dataType);
  if (LIMITS[type] === undefined) return `weights in ${type} are not trained`;
  if (dataTypeName(scale.dataType) !== 'FLOAT') return 'its scales are not FP32';
  if (layoutOfScales(node, scale).blockSize !== undefined) return 'its scales are of blocks';
  if (zero !== undefined && readNumbers(zero).some((value) => value !== 0))
    return 'its zero points are not zero';
  return undefined;
}

function writeRounding(
  write: GraphWriter,
  node: NodeMessage,
  { master, constants }: { readonly master: string; readonly constants: ReadonlyMap<string, TensorMessage> },
): string {
  const [values, scale] = [constants.get(node.input[0]!)!, constants.get(node.input[1]!)!];
  const { axis } = layoutOfScales(node, scale);
  const dims = values.dims.map((dim, index) => (index === axis ? dim : 1));
  const wide = write.makeName(`${node.input[1]!}_wide`);
  write.graph.initializer.push(makeTensor(wide, 'FLOAT', axis === undefined ? [] : dims, readFloats(scale)));
  const [low, high] = LIMITS[dataTypeName(values.dataType)]!;
  const steps = write.node('Round', [write.node('Div', [master, wide])]);
  const inside = write.node('Clip', [steps, write.float(low), write.float(high)]);
  write.node('Mul', [inside, wide]);
  write.graph.node.at(-1)!.output = [node.output[0]!];
  return wide;
}

function rounder(node: NodeMessage, values: TensorMessage, scale: TensorMessage): RoundedWeight['round'] {
  const scales = readFloats(scale);
  const type = dataTypeName(values.dataType);
  const [low, high] = LIMITS[type]!;
  return (master) => {
    const stored = type === 'INT8' ? new Int8Array(master.length) : new Uint8Array(master.length);
    forEachRun(values.dims, layoutOfScales(node, scale), (start, length, group, step) => {
      for (let i = 0; i < length; i++) {
        const steps = Math.fround(master[start + i]! / scales[group + step * i]!);
        stored[start + i] = Math.min(high, Math.max(low, roundToEven(steps)));
      }
    });
    return makeTensor(values.name ?? '', values.dataType, values.dims, stored);
  };
}

/** As ONNX rounds. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
