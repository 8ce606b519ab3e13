// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { expandConstants } from '../../onnx/passes/expand-constants';
import { raiseOpset } from '../../onnx/passes/raise-opset';
import { refuseQuantized } from '../../onnx/passes/refuse-quantized';
import type { QuantizedType } from '../quantize-options';
import { planQuantization, type PlanOptions, type QuantizationPlan } from './plan-quantization';

/** Scales per channel came with opset 13, FLOAT8 with 19, INT4 and blocks with 21. */
const OLDEST_OPSET: Readonly<Record<QuantizedType, number>> = { int8: 13, fp8: 19, int4: 21 };
const WHAT_FOR: Readonly<Record<QuantizedType, string>> = {
  int8: 'INT8 with scales per channel',
  fp8: 'FP8',
  int4: 'INT4 in blocks',
};

/**
 * Makes a model ready to be quantised and plans it: the opset is raised where the type needs a newer one. A model that
 * is ready stays as it is.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_UNSUPPORTED for a model that is quantised already, whose opset cannot be raised,
 * or in which nothing can be quantised
 */
export function prepareQuantization(model: OnnxModel, options: PlanOptions): QuantizationPlan {
  const { type = 'int8' } = options;
  refuseQuantized(model.graph);
  requireOpset(model, type);
  expandConstants(model.graph);
  const plan = planQuantization(model.graph, options);
  if (plan.sites.length + plan.products.length > 0) return plan;
  throw nothingToDo(plan);
}

function requireOpset(model: OnnxModel, type: QuantizedType): void {
  const target = OLDEST_OPSET[type];
  const from = model.opset;
  const obstacle = raiseOpset(model, target);
  if (obstacle === undefined) return;
  const { node, operator, reason } = obstacle;
  throw new TensorRTError(
    'ERR_TRT_QUANT_UNSUPPORTED',
    `${WHAT_FOR[type]} needs opset ${target}; the model has ${from} and cannot be raised: node "${node}" (${operator}): ${reason}.`,
    { hint: `Export the model with opset ${target} or newer.`, details: { node, operator, reason } },
  );
}

function nothingToDo({ kept, type }: QuantizationPlan): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  return new TensorRTError(
    'ERR_TRT_QUANT_UNSUPPORTED',
    `Nothing in the model can be in ${type.toUpperCase()}: ${reasons.join('; ') || 'it has no Conv, Gemm or MatMul'}.`,
    { hint: 'Leave the model in FP32 or use fp16; small layers gain nothing here.', details: { kept } },
  );
}
