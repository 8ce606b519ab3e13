// SPDX-License-Identifier: Apache-2.0
// Options that users bring from trtexec, and what to write instead. Those that only differ in spelling
// (--minShapes) are found as the nearest name.

const ADVICE: Readonly<Record<string, string>> = {
  fp16: 'Write --precision fp16',
  bf16: 'Write --precision bf16',
  int8: 'Write --precision int8 --calibration inputs.npy (leave --calibration out for a model with Q/DQ nodes)',
  fp8: 'Write --precision fp8 --calibration inputs.npy (leave --calibration out for a model with Q/DQ nodes)',
  int4: 'Write --precision int4',
  best: 'Write the precision that you want, such as --precision fp16; tensorrt-node bench model.onnx --precision fp32,fp16 measures several.',
  calib:
    'TensorRT 11 takes no calibration tables. Write --calibration inputs.npy, typical inputs as an array',
  stronglyTyped: 'Leave it out: every build is strongly typed.',
  onnx: 'Write the model as an argument: tensorrt-node build model.onnx -o model.engine',
  saveEngine: 'Write -o model.engine',
  loadEngine:
    'tensorrt-node inspect model.engine shows an engine, tensorrt-node bench model.engine measures it.',
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
