// SPDX-License-Identifier: Apache-2.0
/**
 * Operators around a model: preprocessing of images, tensors, scores, boxes and signals. They run as kernels on a GPU
 * and, with the same results bit for bit, on the CPU.
 *
 * @packageDocumentation
 */
export * from './image/index';
export * from './tensors/index';
export * from './scores/index';
export * from './boxes/index';
export * from './signals/index';
export {
  Chain,
  createChain,
  type ChainOptions,
  type ChainRunOptions,
  type ChainStatistics,
  type ChainStep,
  type NamedSpecs,
} from './chain';
export type { OperatorOptions, OperatorTarget } from './run-operator';
export type { OperatorAttributes, OperatorPlan, OperatorTensor, Placed, TensorSpec } from './tensor-spec';
