// SPDX-License-Identifier: Apache-2.0

/**
 * Every error code of the package with its general advice, in one table. `docs/reference/errors.md` has one
 * paragraph per code; a test keeps the two equal and asks for a test that provokes each code.
 */
const ERROR_TABLE = {
  // Arguments: what the caller wrote.
  ERR_TRT_ARG_TYPE: 'Pass a value of the type that the message names.',
  ERR_TRT_ARG_VALUE: 'Pass a value in the range that the message names.',
  ERR_TRT_ARG_UNKNOWN_OPTION: 'Remove the option or correct its spelling.',
  ERR_TRT_ARG_USAGE: 'Run the command with --help to see its arguments.',
  ERR_TRT_ARG_PROFILE_MISSING:
    'Give each dynamic input a range in `profiles`, or its symbols in `dynamicAxes`.',
  ERR_TRT_ARG_PROFILE_INPUT: "Use the model's input names in `profiles`.",
  ERR_TRT_ARG_PROFILE_RANK: 'Write as many dimensions as the input has.',
  ERR_TRT_ARG_PROFILE_DIMENSION: 'A fixed dimension must have the same value in min, opt and max.',
  ERR_TRT_ARG_PROFILE_RANGE: 'Each dimension needs 0 <= min <= opt <= max.',
  ERR_TRT_ARG_PROFILE_VALUES:
    'Give the shape-tensor input its values: { input: { values: { min, opt, max } } }.',
  ERR_TRT_ARG_IMAGE:
    'Pass pixels whose size, strides, format and crop fit each other; the message has the numbers.',
  ERR_TRT_ARG_TENSOR: 'Pass tensors whose types and shapes the operator takes; the message names them.',

  // Loading: the addon, native libraries, plans and manifests.
  ERR_TRT_LOAD_ADDON: 'Run `npx tensorrt-node doctor` to see which binaries were tried.',
  ERR_TRT_LOAD_TEMPORARY_FOLDER:
    'Set TMPDIR to a folder that can be written; in a container mount one, e.g. `--tmpfs /tmp`.',
  ERR_TRT_LOAD_TENSORRT_NOT_FOUND:
    'Install TensorRT-RTX with `pip install tensorrt-rtx`, or set TENSORRT_NODE_LIB_DIR to the folder of libnvinfer.',
  ERR_TRT_LOAD_TENSORRT_UNSUPPORTED: 'Install TensorRT 10.6 or newer, 11.x, or TensorRT-RTX 1.5 or newer.',
  ERR_TRT_LOAD_TENSORRT_BROKEN: 'Reinstall the library; the message is that of the dynamic loader.',
  ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND:
    'Add the CPU runtime with `npm install onnxruntime-node --ignore-scripts`.',
  ERR_TRT_LOAD_SHARP_NOT_FOUND:
    'Add the image decoder with `npm install sharp`, or pass pixels instead of files.',
  ERR_TRT_LOAD_PARQUET_NOT_FOUND: 'Add the writer with `npm install hyparquet-writer`, or write .npz.',
  ERR_TRT_LOAD_NVML_NOT_FOUND:
    'Install the NVIDIA driver with its libnvidia-ml.so.1 (a container needs the driver capability "utility"), or name the library in TENSORRT_NODE_NVML_LIBRARY.',
  ERR_TRT_LOAD_NVJPEG_NOT_FOUND:
    'Install nvJPEG for the CUDA of your driver with `pip install nvidia-nvjpeg` (13) or `pip install nvidia-nvjpeg-cu12`, or name the library in TENSORRT_NODE_NVJPEG_LIBRARY.',
  ERR_TRT_LOAD_REGISTER:
    'Start the application with `node --require tensorrt-node/onnxruntime/register`, or call register() before anything loads onnxruntime-node.',
  ERR_TRT_LOAD_FILE: 'Check the path and its permissions.',
  ERR_TRT_LOAD_PLAN_INVALID:
    'Pass an engine that TensorRT wrote; `tensorrt-node inspect` tells what a file is.',
  ERR_TRT_LOAD_PLAN_TRUNCATED: 'Copy or build the engine again; the file is shorter than its header says.',
  ERR_TRT_LOAD_PLAN_FAMILY: 'Build the engine with the TensorRT family that shall run it.',
  ERR_TRT_LOAD_PLAN_VERSION:
    'Build the engine with the installed TensorRT version, or install the one it needs.',
  ERR_TRT_LOAD_PLAN_DEVICE: 'Build the engine on this GPU, or with a hardware compatibility level.',
  ERR_TRT_LOAD_DESERIALIZE:
    'The log lines in error.log have the reason; build the engine again if they do not help.',
  ERR_TRT_LOAD_PLUGIN: 'Name the library of the plugin in `plugins`.',
  ERR_TRT_LOAD_MANIFEST_MISSING: 'Keep <engine>.json beside the engine; buildEngine().save() writes both.',
  ERR_TRT_LOAD_MANIFEST_INVALID:
    'Build the engine again, or delete the manifest to load the plan without it.',
  ERR_TRT_LOAD_MANIFEST_MISMATCH:
    'The plan is not the one that the manifest describes: keep both files together.',
  ERR_TRT_LOAD_NPY_INVALID:
    'Save the array with numpy.save() as a plain, C-ordered array of numbers or bools.',

  // ONNX models.
  ERR_TRT_ONNX_FILE_NOT_FOUND: 'Check the path of the model.',
  ERR_TRT_ONNX_FILE_UNREADABLE: 'Pass the path of a readable .onnx file.',
  ERR_TRT_ONNX_EMPTY: 'The file has no content: copy or export the model again.',
  ERR_TRT_ONNX_NOT_ONNX: 'Pass an ONNX model (a binary protobuf file).',
  ERR_TRT_ONNX_TRUNCATED: 'The file ends in the middle of a field: copy or download it again.',
  ERR_TRT_ONNX_INVALID: 'Check the model with `python -m onnx.checker model.onnx` or export it again.',
  ERR_TRT_ONNX_OPSET: 'Export the model with an opset that the installed TensorRT knows.',
  ERR_TRT_ONNX_IR_VERSION: 'Save the model with an older ONNX IR version.',
  ERR_TRT_ONNX_EXTERNAL_DATA_MISSING: "Put the model's external data files beside it.",
  ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE: "External data must lie inside the model's own folder.",
  ERR_TRT_ONNX_UNSUPPORTED_OPERATOR: 'Replace the listed operators or take them out of the model.',
  ERR_TRT_ONNX_UNSUPPORTED_TYPE: 'Convert the listed tensors to a type that TensorRT keeps.',
  ERR_TRT_ONNX_WRITE: 'Write the model to another path, on a disk with room; no file was changed.',

  // Quantisation.
  ERR_TRT_QUANT_CALIBRATION: 'Calibrate on some dozens of typical inputs, all of them finite numbers.',
  ERR_TRT_QUANT_WEIGHTS: 'Export the model again; the message names the weight and the value.',
  ERR_TRT_QUANT_UNSUPPORTED: 'Start from the FP32 model, with an opset from 11 on.',
  ERR_TRT_QUANT_EXCLUDE:
    'Name nodes or operators of the model; `tensorrt-node inspect model.onnx --graph` lists them.',
  ERR_TRT_QUANT_BOUND: 'Allow a larger drop, or use a higher precision.',
  ERR_TRT_QUANT_CACHE: 'Delete the calibration cache, or calibrate with the same model and data.',
  ERR_TRT_QUANT_CHECK: 'Please report the model: what was written does not compute what it should.',
  ERR_TRT_COMPRESS_TARGET:
    'Ask for less, or give more data; the message names the closest that can be reached.',
  ERR_TRT_COMPRESS_UNSUPPORTED: 'Exclude the nodes that the message names, or compress in another way.',
  ERR_TRT_COMPRESS_DIVERGED:
    'Train with a smaller learning rate, and check the data for values that are no numbers.',
  ERR_TRT_COMPRESS_CHECK: 'Please report the model: what was written does not compute what it should.',

  // Evaluation.
  ERR_TRT_EVAL_DATA: 'Check the data set; the message names the sample and what is wrong with it.',
  ERR_TRT_EVAL_OUTPUT: 'Name the output to evaluate; the message lists those there are.',

  // Building.
  ERR_TRT_BUILD_PARSE: 'The parser message names the node and the reason.',
  ERR_TRT_BUILD_FAILED: 'The log lines in error.log name the layer and the reason.',
  ERR_TRT_BUILD_WORKSPACE: 'Raise `workspaceBytes`.',
  ERR_TRT_BUILD_OUT_OF_MEMORY: 'Free memory, lower the profile maxima or `workspaceBytes`.',
  ERR_TRT_BUILD_CANCELLED: 'The build was stopped by its AbortSignal.',
  ERR_TRT_BUILD_CRASHED:
    'The building process died; your process is unharmed. Report the model with error.log.',
  ERR_TRT_BUILD_OPTION_UNSUPPORTED: 'Leave the option out, or choose another runtime.',
  ERR_TRT_BUILD_PRECISION: 'Export or convert the model in the precision you ask for.',
  ERR_TRT_BUILD_CACHE: 'Make the cache folder writable or choose another `cacheDir`.',
  ERR_TRT_BUILD_OUTPUT: 'Make the output folder exist and writable.',
  ERR_TRT_BUILD_DISK_FULL: 'Free disk space; the previous file was kept.',

  // Running.
  ERR_TRT_RUN_CLOSED: 'Create a new session; a closed one cannot be used again.',
  ERR_TRT_RUN_DEVICE:
    "Name a device of this machine: `tensorrt-node doctor` lists them; 'cpu' is for ONNX models.",
  ERR_TRT_RUN_MODEL: 'The runtime refuses the model; its message names the reason.',
  ERR_TRT_RUN_INPUT_NAME: "Use the model's input names.",
  ERR_TRT_RUN_INPUT_MISSING: 'Pass every input of the model.',
  ERR_TRT_RUN_INPUT_TYPE: 'Pass the typed array that belongs to the element type.',
  ERR_TRT_RUN_INPUT_SHAPE: "Pass dims that fit the model's input.",
  ERR_TRT_RUN_INPUT_SIZE: 'Pass as many elements as the dims have.',
  ERR_TRT_RUN_OUTPUT_NAME: "Use the model's output names.",
  ERR_TRT_RUN_QUEUE_FULL: 'Send fewer calls at once, or raise `maxQueue` or `contexts`.',
  ERR_TRT_RUN_ABORTED: 'The call was withdrawn by its AbortSignal before it ran.',
  ERR_TRT_RUN_IMAGE_DECODE: 'The file is corrupt, truncated or no image: ask for it again.',
  ERR_TRT_RUN_IMAGE_LIMIT: 'Send a smaller image, or raise `maxPixels` if images of this size are expected.',
  ERR_TRT_RUN_FAILED: 'The runtime could not execute the model; its message names the node.',
  ERR_TRT_RUN_PROFILE: 'Pass shapes inside a profile, or build the engine with a profile that covers them.',
  ERR_TRT_RUN_BUSY: 'Wait for the run of this binding that is in progress, or make a second binding.',
  ERR_TRT_RUN_UNSUPPORTED: 'Leave it out, or use the backend or version that the message names.',
  ERR_TRT_RUN_GRAPH: "Use cudaGraph 'auto': it runs without a graph what cannot be captured.",
  ERR_TRT_RUN_REFIT: 'Build the engine with `refit`, and give a model with the same layers and weights.',
  ERR_TRT_RUN_MEMORY_LIMIT: 'Raise `pinnedMemoryBytes`, or close bindings and send fewer calls at once.',
  ERR_TRT_RUN_DEVICE_TENSOR:
    'Upload the tensor to the device of the session, and close it after its last use.',

  // Benchmark results.
  ERR_TRT_BENCH_RESULT: 'Pass a file that `tensorrt-node bench` wrote with this version of the package.',
  ERR_TRT_BENCH_INCOMPARABLE:
    'Measure both with the same model, settings and machine; or pass force (--force) if you know why they differ.',

  // The CUDA driver and devices.
  ERR_TRT_CUDA_DRIVER_NOT_FOUND: 'Install the NVIDIA driver; in a container start it with `--gpus all`.',
  ERR_TRT_CUDA_DRIVER_TOO_OLD: 'Update the NVIDIA driver, or use a TensorRT for an older CUDA.',
  ERR_TRT_CUDA_DRIVER_MISMATCH: 'Reboot or reload the driver: its kernel module and library differ.',
  ERR_TRT_CUDA_NO_DEVICE: 'No GPU is visible: check CUDA_VISIBLE_DEVICES, and `--gpus all` in a container.',
  ERR_TRT_CUDA_INIT: 'The driver does not start; the message has its error.',
  ERR_TRT_CUDA_CALL: 'The message names the call and the error; the device can still be used.',
  ERR_TRT_CUDA_OUT_OF_MEMORY:
    'Close sessions and device tensors, or use fewer contexts and smaller profiles.',
  ERR_TRT_CUDA_DEVICE_LOST:
    'Start a new process, or close every session and device tensor of the device and make new ones. Usual causes: a kernel that writes outside its memory, a fault of the hardware.',
  ERR_TRT_CUDA_POISONED:
    'An earlier call broke the device; `details.cause` has its error. Start a new process, or close every session and device tensor of the device and make new ones.',
} as const;

/** A key of the error table, e.g. `'ERR_TRT_BUILD_CANCELLED'`. */
export type TensorRTErrorCode = keyof typeof ERROR_TABLE;

/** All error codes, in table order. */
export const errorCodes = Object.keys(ERROR_TABLE) as readonly TensorRTErrorCode[];

/** One line of a native library's log. */
export interface LogLine {
  /** TensorRT's severity of the line. */
  severity: 'internal-error' | 'error' | 'warning' | 'info' | 'verbose';
  /** The text, always valid UTF-8. */
  message: string;
  /** How often the same line came; 1 if absent. */
  count?: number;
}

/** What an error carries besides its message. */
export interface TensorRTErrorOptions {
  /** What to do, when the situation allows more than the table's general advice. */
  hint?: string;
  /** Facts for programs: names, expected and received values, paths tried. */
  details?: Record<string, unknown>;
  /** Native log lines of the failing call, oldest first. */
  log?: readonly LogLine[];
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * Every error that the package throws or rejects with.
 *
 * `message` says what was expected, for which name, and what came; `hint` says what to do.
 */
export class TensorRTError extends Error {
  /** Stable name of the situation; see `docs/reference/errors.md`. */
  readonly code: TensorRTErrorCode;
  /** What to do about it. */
  readonly hint: string;
  /** Facts for programs. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Native log lines of the failing call, oldest first. */
  readonly log: readonly LogLine[];

  constructor(code: TensorRTErrorCode, message: string, options: TensorRTErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TensorRTError';
    this.code = code;
    this.hint = options.hint ?? ERROR_TABLE[code];
    this.details = options.details ?? {};
    this.log = options.log ?? [];
  }

  /** A report as text for terminals and bug reports: message, code, hint, details, log. */
  toReport(): string {
    const details = Object.entries(this.details).map(([key, value]) => `  ${key}: ${format(value)}`);
    const log = this.log.map((line) => `  [${line.severity}] ${line.message}`);
    return [
      `${this.message} [${this.code}]`,
      `hint: ${this.hint}`,
      ...(details.length > 0 ? ['details:', ...details] : []),
      ...(log.length > 0 ? ['log:', ...log] : []),
    ].join('\n');
  }
}

function format(value: unknown): string {
  return typeof value === 'string'
    ? value
    : JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
}

/** True for a string that is one of this package's error codes. */
export function isErrorCode(code: unknown): code is TensorRTErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code);
}
