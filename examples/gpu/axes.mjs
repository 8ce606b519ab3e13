// SPDX-License-Identifier: Apache-2.0
// An ONNX model whose dimensions are open needs their range before its engine can be built. An engine has it, and on
// the CPU nothing is built.

/** `['batch=1,8,32']` as `createSession()` takes it: smallest, tuned for, largest. */
export function buildOptions(axes) {
  const ranges = axes.map((text) => {
    const [symbol, sizes = ''] = text.split('=');
    return [symbol, sizes.split(',').map(Number)];
  });
  return { dynamicAxes: Object.fromEntries(ranges) };
}

/** The range of the model that the examples take if none is given. */
export const DIGITS_AXES = ['batch=1,8,32'];
