// SPDX-License-Identifier: Apache-2.0
// The networks of compare.mjs and their data: images to calibrate on, and other images, with labels, to test on.

import { fileURLToPath } from 'node:url';
import { readNpy } from '../../build/javascript/tensor/npy.js';

const DIGITS = new URL('../digits/', import.meta.url);
const TRAINED = new URL('../../benchmarks/precision/networks/', import.meta.url);
const PIXELS = 8 * 8;
const LARGEST_PIXEL = 16;
/** Images of one run of calibration. Some dozens of runs are enough for ranges, and for every fourth to be kept back. */
const CALIBRATION_BATCH = 8;
const TEST_BATCH = 50;

/** What is compared; `bound` is what the mixed model has to keep. */
export const networks = {
  digits: {
    about: 'the network of examples/digits: two convolutions, one fully connected layer',
    model: fileURLToPath(new URL('digits.onnx', DIGITS)),
    bound: { minSqnrDb: 42 },
    load: loadDigits,
  },
  separable: {
    about: 'depth-wise separable convolutions; channels of one tensor differ by up to 1,000 times',
    model: fileURLToPath(new URL('separable-unequal.onnx', TRAINED)),
    bound: { minSqnrDb: 30 },
    load: loadSeparable,
  },
};

/**
 * Trained and tested on images from 0 to 1. The images to calibrate on are the ones beside the other network, without
 * those that are among the 450 test images here: a test is worth nothing on images that a choice was made by.
 */
async function loadDigits() {
  const images = await readNpy(new URL('test-images.npy', DIGITS));
  const labels = await readNpy(new URL('test-labels.npy', DIGITS));
  const others = await readNpy(new URL('digits-calibration.npy', TRAINED));
  const tests = splitImages(images.data);
  const seen = new Set(tests.map((image) => image.join()));
  const unseen = splitImages(others.data, LARGEST_PIXEL).filter((image) => !seen.has(image.join()));
  return {
    calibration: makeBatches('images', unseen, CALIBRATION_BATCH),
    test: withLabels(makeBatches('images', tests, TEST_BATCH), labels.data),
  };
}

/** Its three parts share no image: see benchmarks/precision/train. */
async function loadSeparable() {
  const calibration = await readNpy(new URL('digits-calibration.npy', TRAINED));
  const images = await readNpy(new URL('digits-test.npy', TRAINED));
  const labels = await readNpy(new URL('digits-labels.npy', TRAINED));
  return {
    calibration: makeBatches('input', splitImages(calibration.data), CALIBRATION_BATCH),
    test: withLabels(makeBatches('input', splitImages(images.data), TEST_BATCH), labels.data),
  };
}

function splitImages(pixels, divisor = 1) {
  const count = pixels.length / PIXELS;
  return Array.from({ length: count }, (_, index) =>
    Float32Array.from(pixels.subarray(index * PIXELS, (index + 1) * PIXELS), (value) => value / divisor),
  );
}

/** Feeds of one run after the other: `{ [input]: { type, dims: [N, 1, 8, 8], data } }`. */
function makeBatches(input, images, size) {
  return Array.from({ length: Math.ceil(images.length / size) }, (_, run) => {
    const some = images.slice(run * size, (run + 1) * size);
    const data = new Float32Array(some.length * PIXELS);
    some.forEach((image, index) => data.set(image, index * PIXELS));
    return { [input]: { type: 'float32', dims: [some.length, 1, 8, 8], data } };
  });
}

function withLabels(batches, labels) {
  let first = 0;
  return batches.map((feeds) => {
    const [count] = Object.values(feeds)[0].dims;
    first += count;
    return { feeds, labels: labels.subarray(first - count, first) };
  });
}
