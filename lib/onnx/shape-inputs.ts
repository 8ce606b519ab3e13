// SPDX-License-Identifier: Apache-2.0
import type { GraphDraft } from './model-draft';
import type { OnnxNodeInfo } from './model-info';

/**
 * Inputs whose values decide about the shape of an output, or of what is cut out of one. For each entry TensorRT-RTX
 * 1.7 asks for values in the backend tests of ONNX 1.22, and builds none of those tests without.
 */
const SHAPE_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  ConstantOfShape: [0],
  Tile: [1],
  Resize: [2, 3],
  Upsample: [1],
  Slice: [1, 2, 4],
  Pad: [1],
  Range: [0, 1, 2],
  Split: [1],
  TopK: [1],
  CumSum: [1],
  AffineGrid: [1],
  CenterCropPad: [1],
  Loop: [0],
  HannWindow: [0],
  HammingWindow: [0],
  BlackmanWindow: [0],
};
/** Operators through which the values of a shape pass; all their inputs may carry it. */
const PASS_THROUGH = new Set(
  'Identity Cast Concat Slice Gather Squeeze Unsqueeze Add Sub Mul Div Min Max Where'.split(' '),
);

/**
 * Inputs of the main graph that TensorRT will ask values for: small integer tensors which reach a shape argument
 * through nothing but copying and arithmetic. Only sure cases: TensorRT has the last word.
 */
export function findShapeInputs(graph: GraphDraft): string[] {
  const candidates = graph.inputs.filter(
    (input) => /^INT(32|64)$/.test(input.onnxType) && input.hasShape && input.dims.length <= 1,
  );
  if (candidates.length === 0) return [];
  const carried = valuesThatBecomeShapes(graph.nodes);
  return candidates.filter((input) => carried.has(input.name)).map((input) => input.name);
}

/** Walks the nodes backwards (ONNX lists them in order of use) from shape arguments to what they are made of. */
function valuesThatBecomeShapes(nodes: readonly OnnxNodeInfo[]): Set<string> {
  const shapes = new Set<string>();
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]!;
    if (node.domain !== '') continue;
    for (const argument of SHAPE_ARGUMENTS[node.opType] ?? []) addName(shapes, node.inputs[argument]);
    if (PASS_THROUGH.has(node.opType) && node.outputs.some((output) => shapes.has(output))) {
      for (const input of node.inputs) addName(shapes, input);
    }
  }
  return shapes;
}

function addName(names: Set<string>, name: string | undefined): void {
  if (name !== undefined && name !== '') names.add(name);
}
