// SPDX-License-Identifier: Apache-2.0
export {
  decodeBoxes,
  planDecodeBoxes,
  type BestBoxes,
  type DecodeBoxesOptions,
  type DecodedBoxes,
} from './decode-boxes';
export type { BoxForm, BoxLevel, DecodeBoxesSettings } from './decode-settings';
export {
  nonMaximumSuppression,
  planNonMaximumSuppression,
  splitDetections,
  type ImageDetections,
  type SuppressedBoxes,
  type SuppressionOptions,
  type SuppressionSettings,
} from './non-maximum-suppression';
export {
  imageTransformTensor,
  planRescaleBoxes,
  planRescaleKeypoints,
  planRescaleMasks,
  rescaleBoxes,
  rescaleKeypoints,
  rescaleMasks,
  type RescaleMasksOptions,
  type RescaleMasksSettings,
} from './rescale';
