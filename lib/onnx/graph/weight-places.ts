// SPDX-License-Identifier: Apache-2.0
import { copyMessage } from './copy-message';
import { FileBytes } from './file-bytes';
import { modelTensors } from './graph-walk';
import type { ModelMessage, TensorMessage } from './onnx-messages';
import type { PlacedPart } from './staged-file';
import type { LazyBytes } from './wire-message';

const EXTERNAL = 1;
/** Smaller tensors stay in the message: shapes and scales are read by parsers that do not open other files. */
export const SMALLEST_EXTERNAL_BYTES = 1024;
/** Readers that map the file want pages. */
const ALIGNMENT = 4096;

/** Where a weight is in an external file. */
export interface Place {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Which weights leave the message. */
export interface WeightPlan {
  readonly places: ReadonlyMap<TensorMessage, Place>;
  /** What goes to the data file. */
  readonly data: PlacedPart[];
}

/**
 * Gives large weights a place in one data file, or in files that hold them already.
 *
 * @param linked - Names that the model can use for files of weights, by path.
 */
export function placeWeights(
  message: ModelMessage,
  location: string,
  linked: ReadonlyMap<string, string> = new Map(),
): WeightPlan {
  const places = new Map<TensorMessage, Place>();
  const data: PlacedPart[] = [];
  // A weight that several tensors share is written once.
  const offsets = new Map<Uint8Array | LazyBytes, number>();
  let end = 0;
  for (const tensor of modelTensors(message)) {
    const { rawData: part } = tensor;
    if (part === undefined || part.length < SMALLEST_EXTERNAL_BYTES) continue;
    const link = part instanceof FileBytes ? linked.get(part.file.path) : undefined;
    if (link !== undefined) {
      places.set(tensor, { location: link, offset: (part as FileBytes).offset, length: part.length });
      continue;
    }
    let offset = offsets.get(part);
    if (offset === undefined) {
      offset = end;
      offsets.set(part, offset);
      data.push({ part, offset });
      end = Math.ceil((offset + part.length) / ALIGNMENT) * ALIGNMENT;
    }
    places.set(tensor, { location, offset, length: part.length });
  }
  return { places, data };
}

/** A copy of the message with references in place of the weights. */
export function referTo(message: ModelMessage, places: ReadonlyMap<TensorMessage, Place>): ModelMessage {
  const copy = copyMessage(message);
  const originals = modelTensors(message);
  modelTensors(copy).forEach((tensor, index) => {
    const place = places.get(originals[index]!);
    if (place === undefined) return;
    tensor.externalData = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
    tensor.dataLocation = EXTERNAL;
    tensor.rawData = undefined;
  });
  return copy;
}
