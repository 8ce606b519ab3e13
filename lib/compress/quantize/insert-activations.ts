// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor } from '../../onnx/graph/tensor-values';
import type { TensorRanges } from '../calibrate/collect-ranges';
import type { QuantizedType } from '../quantize-options';
import { ONNX_TYPE } from './insert-weights';
import type { QuantizationPlan } from './plan-quantization';
import { scaleOf } from './quantize-weights';
import { shareAmplitudes } from './shared-scales';

/** What the pairs are made of. */
export interface ActivationOptions {
  readonly ranges: TensorRanges;
  readonly names: UniqueNames;
  readonly minimumScale?: number;
}

/**
 * Checks that a plan has all the ranges it needs.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION with the tensor
 */
export function checkRanges({ activations, fixedAmplitudes }: QuantizationPlan, ranges: TensorRanges): void {
  for (const tensor of activations.keys()) {
    if (fixedAmplitudes.has(tensor)) continue;
    const amplitude = Object.hasOwn(ranges, tensor) ? ranges[tensor]!.amplitude : undefined;
    if (amplitude !== undefined && amplitude >= 0 && Number.isFinite(amplitude)) continue;
    throw new TensorRTError(
      'ERR_TRT_QUANT_CALIBRATION',
      `Tensor "${tensor}" needs a calibrated range; it has ${amplitude === undefined ? 'none' : String(amplitude)}.`,
      { hint: 'Collect the ranges of all tensors that listCalibrationTensors() names.', details: { tensor } },
    );
  }
}

/**
 * Puts a Q/DQ pair after the node that makes an activation, or in front of all nodes for an input of the graph. Readers
 * of the plan read the pair, all others the original.
 *
 * @returns the scale of each activation
 */
export function insertActivations(
  graph: GraphMessage,
  plan: QuantizationPlan,
  { ranges, names, minimumScale }: ActivationOptions,
): Record<string, number> {
  const { activations, links, type } = plan;
  const amplitudes = shareAmplitudes(plan, ranges);
  const scales: Record<string, number> = {};
  const after = new Map<NodeMessage | undefined, NodeMessage[]>();
  for (const [tensor, readers] of activations) {
    const scale = (scales[tensor] = scaleOf(amplitudes.get(tensor)!, type, minimumScale));
    const pair = makePair(graph, tensor, { names, scale, type });
    const producer = links.uses.producer(tensor);
    after.set(producer, [...(after.get(producer) ?? []), ...pair]);
    for (const { node, index } of readers) node.input[index] = pair[1]!.output[0]!;
  }
  graph.node = [
    ...(after.get(undefined) ?? []),
    ...graph.node.flatMap((node) => [node, ...(after.get(node) ?? [])]),
  ];
  return scales;
}

function makePair(
  graph: GraphMessage,
  tensor: string,
  { names, scale, type }: { names: UniqueNames; scale: number; type: QuantizedType },
): NodeMessage[] {
  const [scaleName, zero, quantized, output] = ['scale', 'zero_point', 'quantized', 'dequantized'].map(
    (part) => names.make(`${tensor}_${part}`),
  ) as [string, string, string, string];
  graph.initializer.push(
    makeTensor(scaleName, 'FLOAT', [], Float32Array.of(scale)),
    // Without it the type would be UINT8.
    makeTensor(zero, ONNX_TYPE[type], [], new Int8Array(1)),
  );
  const rest = [scaleName, zero];
  return [
    makeNode({ op: 'QuantizeLinear', name: quantized, inputs: [tensor, ...rest], outputs: [quantized] }),
    makeNode({ op: 'DequantizeLinear', name: output, inputs: [quantized, ...rest], outputs: [output] }),
  ];
}
