// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import type { Family } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { TensorInfo } from '../tensor/tensor-info';
import { errnoOf, fileReadError } from './file-errors';
import { validateManifest } from './manifest-validation';

/** Version of the manifest's form. Readers refuse a newer one. */
export const MANIFEST_FORMAT_VERSION = 1;

/** Range of an input in a profile: of its dimensions, or of its values if it is a shape tensor. */
export type EngineRange = MinOptMax | { readonly values: MinOptMax };

/** Smallest, optimised-for and largest. */
export interface MinOptMax {
  /** Smallest. */
  readonly min: readonly number[];
  /** The one that it is optimised for. */
  readonly opt: readonly number[];
  /** Largest. */
  readonly max: readonly number[];
}

/** One optimisation profile, by input name; in the form that `buildEngine({ profiles })` takes. */
export type EngineProfile = Readonly<Record<string, EngineRange>>;

/** A file by its content. */
export interface FileDigest {
  /** SHA-256 of its bytes in hex. */
  readonly sha256: string;
  /** Its size. */
  readonly bytes: number;
}

/** How a model came to the precision that it was built in. */
export interface PrecisionRewrite {
  /** The precision that was asked for. */
  readonly precision: 'fp16' | 'bf16' | 'int8' | 'fp8' | 'int4';
  /** What the nodes compute in that were not quantised, or could not be cast. */
  readonly rest: 'fp32' | 'fp16' | 'bf16';
  /** The data that ranges come from: SHA-256 over all runs; null where there was none. */
  readonly calibration: {
    readonly sha256: string;
    readonly runs: number;
    /** True if an earlier calibration on the same data was used. */
    readonly reused: boolean;
  } | null;
  /** How near the outputs are to those of the model as it was; null if that was not measured. */
  readonly score: {
    readonly sqnrDb: number;
    readonly cosine: number;
    /** Share of `answers` that are the same. */
    readonly top1Agreement: number;
    readonly answers: number;
  } | null;
  /** The bound that was kept, and what was reached on all of the data; null where there was none. */
  readonly bound: {
    readonly asked: Readonly<Record<string, number>>;
    readonly reached: Readonly<Record<string, number>>;
  } | null;
  /** How ranges were chosen, and how strongly channels were equalised; null where they were not. */
  readonly method: string | null;
  /** Strength of the equalisation. */
  readonly equalization: number | null;
  /** Nodes that compute in the precision. */
  readonly changedNodes: number;
  /** Nodes that could have and do not. */
  readonly keptNodes: readonly { readonly node: string; readonly reason: string }[];
}

/**
 * What `model.engine.json` says about the `model.engine` beside it. TensorRT's plan tells none of this without
 * being loaded on the right GPU.
 */
export interface Manifest {
  /** Version of the format that its writer knew; this package reads 1. */
  readonly formatVersion: number;
  /** Package and version that wrote it, e.g. `'tensorrt-node 0.1.0'`. */
  readonly createdBy: string;
  /** TensorRT family that built the plan and can run it. */
  readonly family: Family;
  /** Version of the library that built it. */
  readonly version: string;
  /**
   * Compute capabilities that the plan was built for, major * 10 + minor. Empty: TensorRT-RTX's portable
   * default.
   */
  readonly computeCapabilities: readonly number[];
  /** The GPU that it was built on; null if there was none. */
  readonly gpu: { readonly name: string; readonly computeCapability: number } | null;
  /** CUDA version of the driver, e.g. `'13.0'`; null if there was none. */
  readonly driver: string | null;
  /** The options that shaped it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The ONNX model that it was built from, with its external data files. */
  readonly model: FileDigest & {
    readonly externalFiles: readonly (FileDigest & { readonly name: string })[];
  };
  /** The plan itself. */
  readonly plan: FileDigest;
  /** Optimisation profiles; empty if no input is dynamic. */
  readonly profiles: readonly EngineProfile[];
  /** What the model takes. */
  readonly inputs: readonly TensorInfo[];
  /** What the model gives. */
  readonly outputs: readonly TensorInfo[];
  /** How the model was rewritten to the precision that was asked for; absent if it was built as it was. */
  readonly rewrite?: PrecisionRewrite;
  /** What is done before and after the model: a pipeline's spec, which `createPipeline()` checks; absent if none was given. */
  readonly pipeline?: Readonly<Record<string, unknown>>;
  /** How many arithmetic nodes of the model work in each element type, after it was rewritten. */
  readonly precision: Readonly<Record<string, number>>;
  /** Layers of the network as parsed, before TensorRT fused any. */
  readonly layers: number;
  /** Time that the ONNX parser took. */
  readonly parseMs: number;
  /** Time that TensorRT took to build it. */
  readonly buildMs: number;
  /** Warnings of the build. */
  readonly warnings: readonly string[];
}

/** The manifest as the text of its file. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Checks every field of a manifest, however it was obtained.
 *
 * @param name - What to call it in messages.
 * @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_INVALID` naming the first field that is wrong.
 */
export function parseManifest(value: unknown, name: string): Manifest {
  const format = (value as { formatVersion?: unknown } | null | undefined)?.formatVersion;
  if (typeof format === 'number' && Number.isInteger(format) && format > MANIFEST_FORMAT_VERSION) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_MANIFEST_INVALID',
      `${name} has format version ${format}; this package reads up to ${MANIFEST_FORMAT_VERSION}.`,
      {
        hint: 'A newer tensorrt-node wrote it: update the package, or build the engine again.',
        details: {
          source: name,
          field: 'formatVersion',
          received: format,
          newestKnown: MANIFEST_FORMAT_VERSION,
        },
      },
    );
  }
  validateManifest(value, name);
  return value as Manifest;
}

/**
 * Reads and checks a manifest file.
 *
 * @returns null if there is no such file.
 * @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_INVALID` if it is no manifest, `ERR_TRT_LOAD_FILE` if it is there
 * and cannot be read.
 */
export async function readManifest(path: string): Promise<Manifest | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileReadError('manifest', path, error);
  }
  return parseManifest(parseJson(text, path), path);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_MANIFEST_INVALID',
      `${path} is not JSON: ${(error as Error).message}`,
      {
        details: { source: path, field: '' },
        cause: error,
      },
    );
  }
}
