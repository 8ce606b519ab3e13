// SPDX-License-Identifier: Apache-2.0
export { decodeJpeg } from './decode-jpeg';
export type { DecodeJpegOptions } from './decode-jpeg';
export { planPreprocessImages, preprocessImages } from './preprocess';
export type { PreprocessedImages, PreprocessPlan } from './preprocess';
export type { PreprocessOptions, PreprocessSettings, PreprocessType } from './preprocess-options';
export type { ImageFormat, ImageSpec, PixelData, RawImage } from './raw-image';
export type { ImageFit, ImageTransform, Rectangle } from './transform';
