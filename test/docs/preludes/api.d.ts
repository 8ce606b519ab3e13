// SPDX-License-Identifier: Apache-2.0
// What the examples of docstrings take for granted: an open session and a model, and data for them.
import type { Feeds, Session } from '../../../lib';
import type { TrainingData, TrainingTensor } from '../../../lib/compress';
import type { OnnxModel } from '../../../lib/onnx';

export declare const session: Session;
export declare const model: OnnxModel;
export declare const images: Float32Array<ArrayBuffer>;
export declare const pixels: Float32Array<ArrayBuffer>;
export declare const x: Float32Array<ArrayBuffer>;
export declare const samples: Float32Array<ArrayBuffer>;
export declare const logits: Float32Array<ArrayBuffer>;
export declare const data: Float32Array<ArrayBuffer>;
export declare const weights: Float32Array<ArrayBuffer>;
export declare const feeds: Feeds;
/** Samples to train on, and their classes. */
export declare const inputs: TrainingData['inputs'];
export declare const labels: TrainingTensor;
/** A model that was made smaller. */
export declare const compressed: OnnxModel;
/** Some dozens of typical inputs. */
export declare const batches: readonly Feeds[];
/** Of node:fs/promises. */
export declare function readFile(path: string): Promise<Uint8Array>;
/** What the application does meanwhile. */
export declare function work(): Promise<void>;
