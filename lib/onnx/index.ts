// SPDX-License-Identifier: Apache-2.0
// What other parts of the package use of the ONNX reader.

export { checkExternalBytes, checkExternalData, type ExternalFile } from './external-data';
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
