// SPDX-License-Identifier: Apache-2.0
import type { Command } from './command';

/** A command as the overview lists it; its module is loaded when it is called. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** The commands in the order of the overview. */
export const commandList: readonly CommandEntry[] = [
  {
    name: 'doctor',
    summary: 'show what works on this machine, and what to do about the rest',
    load: async () => (await import('./commands/doctor.js')).doctorCommand,
  },
  {
    name: 'build',
    summary: 'build a TensorRT engine from an ONNX model',
    load: async () => (await import('./commands/build.js')).buildCommand,
  },
  {
    name: 'inspect',
    summary: 'show what an ONNX model, an engine or a manifest holds',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'cast',
    summary: 'bring an ONNX model to FP16 or BF16',
    load: async () => (await import('./commands/cast.js')).castCommand,
  },
  {
    name: 'quantize',
    summary: 'quantise an ONNX model to INT8, FP8 or INT4',
    load: async () => (await import('./commands/quantize.js')).quantizeCommand,
  },
  {
    name: 'compress',
    summary: 'look for the smallest ONNX model within a drop of accuracy',
    load: async () => (await import('./commands/compress.js')).compressCommand,
  },
  {
    name: 'distill',
    summary: 'train a small ONNX model to answer as a large one does',
    load: async () => (await import('./commands/distill.js')).distillCommand,
  },
  {
    name: 'prune-channels',
    summary: 'remove channels, neurons and heads of attention from an ONNX model',
    load: async () => (await import('./commands/prune-channels.js')).pruneChannelsCommand,
  },
  {
    name: 'cluster',
    summary: 'let the weights of an ONNX model share few values',
    load: async () => (await import('./commands/cluster.js')).clusterCommand,
  },
  {
    name: 'prune',
    summary: 'set weights of an ONNX model to zero: unstructured, 2:4 or in blocks',
    load: async () => (await import('./commands/prune.js')).pruneCommand,
  },
  {
    name: 'factorize',
    summary: 'put products of thin matrices in the place of weights of an ONNX model',
    load: async () => (await import('./commands/factorize.js')).factorizeCommand,
  },
  {
    name: 'run',
    summary: 'run a model once on given, random or zero inputs',
    load: async () => (await import('./commands/run.js')).runCommand,
  },
  {
    name: 'bench',
    summary: 'measure latency and throughput of a model',
    load: async () => (await import('./commands/bench.js')).benchCommand,
  },
  {
    name: 'compare',
    summary: 'compare two results of bench',
    load: async () => (await import('./commands/compare.js')).compareCommand,
  },
  {
    name: 'evaluate',
    summary: 'measure how right a model is on labelled data, and how near to another',
    load: async () => (await import('./commands/evaluate.js')).evaluateCommand,
  },
  {
    name: 'validate',
    summary: 'hold an engine or a rewritten model against its source',
    load: async () => (await import('./commands/validate.js')).validateCommand,
  },
];
