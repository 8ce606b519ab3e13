// SPDX-License-Identifier: Apache-2.0
import { nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { simplifyModel } from '../../onnx/passes/simplify-model';
import type { TensorRanges } from '../calibrate/collect-ranges';
import { checkRanges, insertActivations } from './insert-activations';
import { insertWeights, type QuantizedNode, type WeightRoundingOptions } from './insert-weights';
import type { FloatNode, PlanOptions, QuantizationPlan } from './plan-quantization';
import { prepareQuantization } from './prepare-quantization';

/** How to quantise a model. */
export interface QuantizeModelOptions extends PlanOptions, WeightRoundingOptions {
  /** Ranges of the activations that `listCalibrationTensors` names; not needed for weights alone. */
  readonly ranges?: TensorRanges;
  /**
   * Least scale of weights and activations. Default 2^-126; 2^-24 where FP16 computes the rest, in which a smaller one
   * would be zero.
   */
  readonly minimumScale?: number;
}

/** What quantisation did. */
export interface QuantizeReport {
  /** Operators that compute on quantised values now. */
  readonly quantized: readonly QuantizedNode[];
  /** Nodes with weights that stayed float and custom operators, each with its reason. */
  readonly kept: readonly FloatNode[];
  /** Scale of each activation that has a Q/DQ pair. */
  readonly scales: Readonly<Record<string, number>>;
  /** Bytes of the weights that were quantised, before and after; scales are counted. */
  readonly weightBytes: { readonly before: number; readonly after: number };
}

/**
 * Makes a model ready to be quantised and names the tensors whose ranges are needed. The model is changed: it is
 * simplified, see `simplifyModel`, and its opset is raised where the type needs a newer one.
 *
 * @returns nothing for weights alone
 * @throws {TensorRTError} as `quantizeModel`
 */
export function listCalibrationTensors(model: OnnxModel, options: PlanOptions = {}): string[] {
  simplifyModel(model);
  const { activations, fixedAmplitudes } = prepareQuantization(model, options);
  return [...activations.keys()].filter((name) => !fixedAmplitudes.has(name));
}

/**
 * Changes an FP32 model so that its weighted operators compute on quantised values: explicit quantisation by
 * QuantizeLinear/DequantizeLinear, symmetric, activations with one scale per tensor, weights with one per output
 * channel (INT8, FP8) or block of the reduction axis (INT4). The model is changed in place; `simplifyModel` is
 * expected to have gone before.
 *
 * 1. Each activation has one Q/DQ pair, read by all operators that are quantised; the others read the original.
 * 2. Weights are initializers of the type behind a DequantizeLinear; biases stay float.
 * 3. Which operators: see `planQuantization`.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_UNSUPPORTED for a model that is quantised already, whose opset is too old and
 * cannot be raised, or in which there is nothing to quantise; ERR_TRT_QUANT_WEIGHTS for weights that are not finite;
 * ERR_TRT_QUANT_CALIBRATION for a range that is missing
 */
export function quantizeModel(model: OnnxModel, options: QuantizeModelOptions): QuantizeReport {
  const { ranges = {}, minimumScale } = options;
  const plan = prepareQuantization(model, options);
  checkRanges(plan, ranges);
  const names = new UniqueNames(model.graph);
  const weights = insertWeights(model.graph, plan.sites, { ...options, names });
  const scales = insertActivations(model.graph, plan, { ranges, names, minimumScale });
  return {
    quantized: [...weights.nodes.map((one) => withoutActivations(one, plan)), ...productsOf(plan)],
    kept: plan.kept,
    scales,
    weightBytes: weights.bytes,
  };
}

function withoutActivations(one: QuantizedNode, { activations }: QuantizationPlan): QuantizedNode {
  return activations.size === 0 ? { ...one, what: 'weights' } : one;
}

function productsOf({ products, type }: QuantizationPlan): QuantizedNode[] {
  return products.map((node) => ({ node: nodeLabel(node), op: node.opType, what: 'activations', type }));
}
