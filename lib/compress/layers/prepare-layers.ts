// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { simplifyModel } from '../../onnx/passes/simplify-model';
import { foldFactors } from './fold-factors';

/**
 * Brings a model into the form in which `findLayers` finds most, in place: constants are folded, normalisations are in the
 * weights before them, and factors of Gemm in its own. What the model computes, its opset and weights that nodes share stay.
 */
export function prepareLayers(model: OnnxModel): void {
  simplifyModel(model, { layerNormalization: 'keep-opset' });
  if (foldFactors(model.graph) > 0) removeDeadNodes(model.graph);
}
