// SPDX-License-Identifier: Apache-2.0
import { makeModel } from './onnx-builder';

/** Convolutions of ever other shapes, which TensorRT has to look at one by one: the longer, the longer a build takes. */
export function slowModel(length = 60): Uint8Array {
  const channels = (layer: number): number => (layer === 0 ? 3 : 8 + ((layer * 5) % 40));
  const layers = Array.from({ length }, (_, layer) => layer);
  const name = (layer: number): string => (layer === 0 ? 'x' : `t${layer}`);
  return makeModel({
    inputs: [{ name: 'x', dims: [1, 3, 32, 32] }],
    outputs: [{ name: name(length), dims: [1, channels(length), 32, 32] }],
    nodes: layers.flatMap((layer) => [
      {
        op: 'Conv',
        inputs: [name(layer), `w${layer}`],
        outputs: [`c${layer}`],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      },
      { op: 'Sigmoid', inputs: [`c${layer}`], outputs: [name(layer + 1)] },
    ]),
    initializers: layers.map((layer) => ({
      name: `w${layer}`,
      dims: [channels(layer + 1), channels(layer), 3, 3],
    })),
  });
}
