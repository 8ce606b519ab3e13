// SPDX-License-Identifier: Apache-2.0
// `InferenceSession` of the drop-in: that of onnxruntime-common, but what it creates always runs on this package, also
// where another package has registered itself for 'cpu' or 'cuda' before.

import * as common from 'onnxruntime-common';

import { entryName, readEntries, unknownProviderError } from './provider-entries';
import { isProviderName, ownName } from './provider-names';

type Arguments = readonly unknown[];

/** The class behind the factory; its constructor is not part of the public types. */
const Common = common.InferenceSession as unknown as {
  new (handler: common.InferenceSessionHandler): common.InferenceSession;
  create(...args: Arguments): Promise<common.InferenceSession>;
};

const DropInSession = class InferenceSession extends Common {
  static override async create(...args: Arguments): Promise<common.InferenceSession> {
    const leading = leadingArguments(args);
    // Wrong arguments: onnxruntime-common has the words for them.
    if (!leading) return Common.create(...args);
    const options = (args[leading.length] ?? {}) as common.InferenceSession.SessionOptions;
    const entries = readEntries(options.executionProviders);
    const names = entries.map(entryName);
    const executionProviders = entries.length > 0 ? entries.map(withOwnName) : [ownName('cpu')];
    try {
      return await Common.create(...leading, { ...options, executionProviders });
    } catch (error) {
      const isUnavailable = error instanceof Error && error.message.startsWith('no available backend found');
      throw isUnavailable ? unknownProviderError(names, error) : error;
    }
  }

  /** Sessions are of the class of onnxruntime-common, whoever created them. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Common;
  }
};

/** The arguments before the options, complete; undefined if these are no arguments of `create()`. */
function leadingArguments(args: Arguments): Arguments | undefined {
  const [source, offset, length] = args;
  const isWhole = typeof source === 'string' || source instanceof Uint8Array;
  const isBuffer = source instanceof ArrayBuffer || source instanceof SharedArrayBuffer;
  if ((isWhole || isBuffer) && isOptions(offset)) return [source];
  if (!isBuffer || !isIndex(offset, source.byteLength) || !isOptions(args[3])) return undefined;
  // Options come fourth alone: the length that may be left out is filled in.
  if (length === undefined) return [source, offset, source.byteLength - offset];
  return [source, offset, length];
}

function isOptions(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null);
}

function isIndex(value: unknown, end: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < end;
}

/** What others serve keeps its name. */
function withOwnName(entry: unknown, index: number): unknown {
  const name = entryName(entry, index);
  if (!isProviderName(name)) return entry;
  return typeof entry === 'string' ? ownName(name) : { ...(entry as object), name: ownName(name) };
}

/** As in onnxruntime-common: a session, made with `InferenceSession.create()`. */
export type InferenceSession = common.InferenceSession;

/** As in onnxruntime-common; sessions run on this package. */
export const InferenceSession = DropInSession as unknown as common.InferenceSessionFactory;

/** The types that onnxruntime-common has under this name. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- it is how they are named: InferenceSession.SessionOptions
export declare namespace InferenceSession {
  /** Values by name. */
  type OnnxValueMapType = common.InferenceSession.OnnxValueMapType;
  /** Values by name, null where there is none. */
  type NullableOnnxValueMapType = common.InferenceSession.NullableOnnxValueMapType;
  /** Inputs of a run: a tensor for each name. */
  type FeedsType = common.InferenceSession.FeedsType;
  /** Outputs of a run: names, or names with null or a tensor to write into. */
  type FetchesType = common.InferenceSession.FetchesType;
  /** Outputs that a run gives, by name. */
  type ReturnType = common.InferenceSession.ReturnType;
  /** Options of `InferenceSession.create()`. What each means here: the guide on onnxruntime. */
  type SessionOptions = common.InferenceSession.SessionOptions;
  /** Execution providers by name, each with its options; `tensorrt` has those of this package. */
  type ExecutionProviderOptionMap = common.InferenceSession.ExecutionProviderOptionMap;
  /** Name of an execution provider; here `cpu`, `cuda` and `tensorrt` are served. */
  type ExecutionProviderName = common.InferenceSession.ExecutionProviderName;
  /** An entry of `executionProviders`: a name, or an object with a name and options. */
  type ExecutionProviderConfig = common.InferenceSession.ExecutionProviderConfig;
  /** What the options of every execution provider have: its name. */
  type ExecutionProviderOption = common.InferenceSession.ExecutionProviderOption;
  /** onnxruntime-common's options of the CPU provider. */
  type CpuExecutionProviderOption = common.InferenceSession.CpuExecutionProviderOption;
  /** onnxruntime-common's options of the CUDA provider. */
  type CudaExecutionProviderOption = common.InferenceSession.CudaExecutionProviderOption;
  /** Options of the DirectML provider, which is not served here. */
  type DmlExecutionProviderOption = common.InferenceSession.DmlExecutionProviderOption;
  /** onnxruntime-common's options of the TensorRT provider. */
  type TensorRtExecutionProviderOption = common.InferenceSession.TensorRtExecutionProviderOption;
  /** Options of the WebAssembly provider, which is not served here. */
  type WebAssemblyExecutionProviderOption = common.InferenceSession.WebAssemblyExecutionProviderOption;
  /** Options of the WebGL provider, which is not served here. */
  type WebGLExecutionProviderOption = common.InferenceSession.WebGLExecutionProviderOption;
  /** Options of the XNNPACK provider, which is not served here. */
  type XnnpackExecutionProviderOption = common.InferenceSession.XnnpackExecutionProviderOption;
  /** Options of the WebGPU provider, which is not served here. */
  type WebGpuExecutionProviderOption = common.InferenceSession.WebGpuExecutionProviderOption;
  /** Name of the WebNN provider, which is not served here. */
  type WebNNExecutionProviderName = common.InferenceSession.WebNNExecutionProviderName;
  /** Of the WebNN provider, which is not served here. */
  type WebNNContextOptions = common.InferenceSession.WebNNContextOptions;
  /** Of the WebNN provider, which is not served here. */
  type WebNNOptionsWithoutMLContext = common.InferenceSession.WebNNOptionsWithoutMLContext;
  /** Of the WebNN provider, which is not served here. */
  type WebNNOptionsWithMLContext = common.InferenceSession.WebNNOptionsWithMLContext;
  /** Of the WebNN provider, which is not served here. */
  type WebNNOptionsWebGpu = common.InferenceSession.WebNNOptionsWebGpu;
  /** Of the WebNN provider, which is not served here. */
  type WebNNExecutionProviderOption = common.InferenceSession.WebNNExecutionProviderOption;
  /** Options of the QNN provider, which is not served here. */
  type QnnExecutionProviderOption = common.InferenceSession.QnnExecutionProviderOption;
  /** Options of the Core ML provider, which is not served here. */
  type CoreMLExecutionProviderOption = common.InferenceSession.CoreMLExecutionProviderOption;
  /** Options of the NNAPI provider, which is not served here. */
  type NnapiExecutionProviderOption = common.InferenceSession.NnapiExecutionProviderOption;
  /** Options of a run. */
  type RunOptions = common.InferenceSession.RunOptions;
  /** Name of an input or output, and whether it is a tensor. */
  type ValueMetadataBase = common.InferenceSession.ValueMetadataBase;
  /** An input or output that is no tensor. */
  type NonTensorValueMetadata = common.InferenceSession.NonTensorValueMetadata;
  /** Element type and shape of an input or output; symbols as texts. */
  type TensorValueMetadata = common.InferenceSession.TensorValueMetadata;
  /** What is known of an input or output. */
  type ValueMetadata = common.InferenceSession.ValueMetadata;
}
