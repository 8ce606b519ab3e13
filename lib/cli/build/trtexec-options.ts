// SPDX-License-Identifier: Apache-2.0
// Options that users bring from trtexec, and what to write instead. Those that only differ in spelling
// (--minShapes) are found as the nearest name.

const PRECISION =
  'TensorRT takes precision from the model itself: export or convert the model to it, then write --precision ';

const ADVICE: Readonly<Record<string, string>> = {
  fp16: `${PRECISION}fp16 to have it checked.`,
  bf16: `${PRECISION}bf16 to have it checked.`,
  int8: `${PRECISION}int8 to have it checked; an INT8 model has QuantizeLinear and DequantizeLinear nodes.`,
  fp8: 'TensorRT takes precision from the model itself: quantize the model to FP8 with Q/DQ nodes and build it as it is.',
  int4: 'TensorRT takes precision from the model itself: quantize the weights to INT4 with Q/DQ nodes and build it as it is.',
  best: 'TensorRT takes precision from the model itself: convert the model to the precision you want and build it as it is.',
  calib: 'Calibration tables are gone from TensorRT 11: the scales are in the Q/DQ nodes of the model.',
  stronglyTyped: 'Leave it out: every build is strongly typed.',
  onnx: 'Write the model as an argument: tensorrt-node build model.onnx -o model.engine',
  saveEngine: 'Write -o model.engine',
  loadEngine: 'tensorrt-node inspect model.engine shows an engine, tensorrt-node bench measures a model.',
  memPoolSize: 'Write --workspace 1GiB',
  builderOptimizationLevel: 'Write --optimization-level 0 to 5',
  timingCacheFile: 'Write --timing-cache file',
  hardwareCompatibilityLevel: 'Write --hardware-compatibility ampere+',
  noTF32: 'Write --disable-tf32',
  stripWeights: 'Write --strip-plan',
  allowWeightStreaming: 'Write --weight-streaming',
  warmUp: 'tensorrt-node bench measures a model: bench model.onnx --warm-up 500ms',
  iterations: 'tensorrt-node bench measures a model: bench model.onnx --iterations 100',
  duration: 'tensorrt-node bench measures a model: bench model.onnx --duration 3s',
};

/** What to write instead of an option of trtexec; undefined for names that it does not have. */
export function adviseTrtexecOption(name: string): string | undefined {
  return Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined;
}
