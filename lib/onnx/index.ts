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
export type { ShapeConflict, ValueType } from './infer/value-type';
export type { Dim, Dims } from './infer/dim-algebra';

// Checks.
export { assertOnnxModel, checkOnnxModel } from './check/check-onnx-model';
export type { ModelProblem } from './check/model-problem';

// Passes: each changes a model in place.
export { simplifyModel, type SimplifyOptions, type SimplifyReport } from './passes/simplify-model';
export { raiseOpset, type OpsetObstacle } from './passes/raise-opset';
export { castModel, type CastOptions, type CastReport } from './passes/cast-model';
export type { KeptNode } from './passes/cast-values';
export type { HalfType } from './graph/half-floats';
export { inlineFunctions, type InlineFunctionsReport } from './passes/inline-functions';
export type { NodeExclusion } from './graph/node-exclusion';
