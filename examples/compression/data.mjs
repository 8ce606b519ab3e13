// SPDX-License-Identifier: Apache-2.0
// The networks of compress.mjs and their data, in four parts that share no image: to train on, to fit on, to choose by, and
// to test on. How they were trained: benchmarks/compression/train.

import { fileURLToPath } from 'node:url';
import { readNpy } from '../../build/javascript/tensor/npy.js';

const FOLDER = new URL('../../benchmarks/compression/networks/', import.meta.url);
const WIDTH = 8;
/** Images of one run of calibration: 25 runs of the 200 images. */
const CALIBRATION_BATCH = 8;
const TEST_BATCH = 64;

/** What can be compressed. */
export const networks = {
  cnn: 'convolutions with residuals, 32 to 128 channels',
  mlp: 'three hidden layers of 512, 512 and 256 neurons',
  transformer: 'three layers of attention, 128 wide, over 16 tokens',
};

/** Path of a network. */
export function networkPath(name) {
  return fileURLToPath(new URL(`${name}.onnx`, FOLDER));
}

/** `training` is for `distill`, `calibration` are feeds of one run after the other, the others are for `evaluate`. */
export async function loadData() {
  const [training, calibration, validation, test] = await Promise.all(
    ['train', 'calibration', 'validation', 'test'].map(loadPart),
  );
  return {
    training: withMovedImages(training),
    calibration: splitBatches(calibration, CALIBRATION_BATCH).map(({ feeds }) => feeds),
    validation: splitBatches(validation, TEST_BATCH),
    test: splitBatches(test, TEST_BATCH),
  };
}

async function loadPart(part) {
  const images = await readNpy(new URL(`digits-${part}.npy`, FOLDER));
  const labels = await readNpy(new URL(`digits-${part}-labels.npy`, FOLDER));
  return { images: Float32Array.from(images.data), labels: Int32Array.from(labels.data) };
}

function splitBatches({ images, labels }, size) {
  return Array.from({ length: Math.ceil(labels.length / size) }, (_, run) => {
    const some = labels.subarray(run * size, (run + 1) * size);
    const first = run * size * WIDTH * WIDTH;
    const data = images.subarray(first, first + some.length * WIDTH * WIDTH);
    return { feeds: { input: { data, dims: [some.length, 1, WIDTH, WIDTH] } }, labels: some };
  });
}

/** Images as they are, and moved by a column to either side, as those of the other parts are. */
function withMovedImages({ images, labels }) {
  const moves = [0, -1, 1];
  const data = Float32Array.from(moves.flatMap((columns) => [...moveImages(images, columns)]));
  const count = moves.length * labels.length;
  return {
    inputs: { input: { data, dims: [count, 1, WIDTH, WIDTH] } },
    labels: { data: Int32Array.from(moves.flatMap(() => [...labels])), dims: [count] },
  };
}

function moveImages(images, columns) {
  return images.map((_, at) => {
    const from = (at % WIDTH) - columns;
    return from < 0 || from >= WIDTH ? 0 : images[at - columns];
  });
}
