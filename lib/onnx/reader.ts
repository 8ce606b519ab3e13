// SPDX-License-Identifier: Apache-2.0
// What other parts of the package use of the ONNX reader, without the tools that change models.

export { checkExternalBytes, checkExternalData, type ExternalFile } from './external-data';
export { readModelInfo } from './read-model-info';
