// SPDX-License-Identifier: Apache-2.0
// The public surface of `tensorrt-node/onnx`: ONNX models as objects, without a runtime and without the addon.

// Reading a model without its weights.
export type {
  ExternalLocation,
  ModelInfo,
  OnnxNodeInfo,
  OnnxNodeSummary,
  OnnxTensorInfo,
  OnnxValueInfo,
  QuantizationNode,
  TypeCensus,
  TypeShare,
} from './model-info';
export { readModelInfo } from './read-model-info';

// Models that can be changed and written back.
export { loadModel, OnnxModel, type LoadModelOptions, type ModelSource } from './graph/onnx-model';
export { withSource } from './graph/with-source';
export type {
  AttributeMessage,
  DimensionMessage,
  EntryMessage,
  FunctionMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  OpsetMessage,
  ShapeMessage,
  TensorMessage,
  TensorTypeMessage,
  TypeMessage,
  ValueMessage,
} from './graph/onnx-messages';
export type { LazyBytes, Message, UnknownField } from './graph/wire-message';
export { makeNode, type NewNode } from './graph/make-node';
export {
  makeTensor,
  readElements,
  readFloats,
  readNumbers,
  readWholeNumbers,
  tensorBytes,
  type ElementArray,
  type NumberArray,
} from './graph/tensor-values';
export { sortNodes } from './graph/sort-nodes';

// Parts of a model, and values inside it.
export { exposeTensors, type ExposedModel } from './extract/expose-tensors';
export { extractModel, type ExtractOptions } from './extract/extract-model';

// Models as text.
export { printModel, type PrintOptions } from './print/print-model';
export { summarizeModel, type ModelSummary } from './print/summarize-model';

// Types and shapes.
export { inferShapes, type InferShapesOptions } from './infer/infer-shapes';
export { InferredTypes, type InferredType } from './infer/inferred-types';

// Checks.
export { assertOnnxModel, checkOnnxModel } from './check/check-onnx-model';
export type { ModelProblem } from './check/model-problem';

// Passes: each changes a model or a graph in place.
export { simplifyModel, type SimplifyOptions, type SimplifyReport } from './passes/simplify-model';
export { raiseOpset, type OpsetObstacle } from './passes/raise-opset';
export { castModel, type CastOptions, type CastReport } from './passes/cast-model';
export { expandConstants } from './passes/expand-constants';
export { foldConstants } from './passes/fold-constants';
export { foldBatchNormalization } from './passes/fold-batch-normalization';
export { fuseLayerNormalization } from './passes/fuse-layer-normalization';
export { eliminateTransposes } from './passes/eliminate-transposes';
export { removeIdentities } from './passes/remove-identities';
export { removeCastPairs } from './passes/remove-cast-pairs';
export { removeDeadNodes } from './passes/remove-dead-nodes';
export { nameNodes } from './passes/name-nodes';
export { inlineBranches } from './passes/inline-branches';
export { inlineFunctions } from './passes/inline-functions';
