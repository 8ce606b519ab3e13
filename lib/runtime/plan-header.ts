// SPDX-License-Identifier: Apache-2.0
// The first bytes of a plan, read without TensorRT: a plan of another version makes TensorRT fail with "magic tag
// does not match", or worse. Both kinds of plan have the same layout as far as it is used here (little endian):
//
//   0  u32  magic: 'ftrt' (TensorRT) or 'vtrt' (TensorRT-RTX)
//   4  u32  0; older TensorRT wrote its serialisation version here and no library version
//  16  u64  TensorRT-RTX: size of the whole engine
//  24  u8×4 major, minor, patch and build number of the library that wrote it
//
// The TensorRT-RTX layout was checked on engines of 1.6 and 1.7; TensorRT's is the one that trtexec prints with
// --getPlanVersionOnly, which says nothing about a size.

import type { Family } from '../binding/contract';
import { TensorRTError } from '../errors';
import { describeFileKind, FILE_KIND_BYTES } from '../text/file-kind';
import { fileReadError } from './file-errors';
import { describeType } from '../option-checks';

/** What the first bytes of a plan tell. */
export interface PlanHeader {
  /** The product that wrote the plan. */
  readonly product: 'TensorRT' | 'TensorRT-RTX';
  /** The family that can run it; null if it is one that this package does not support. */
  readonly family: Family | null;
  /** Version of the library that wrote it, e.g. `'1.7.1.116'`; null if the plan does not tell. */
  readonly version: string | null;
  /** Size of the whole plan as its header says; null if it does not tell. */
  readonly totalBytes: number | null;
  /** Size of the file or buffer. */
  readonly actualBytes: number;
}

const HEADER_BYTES = 28;
const RTX_HEADER_BYTES = 64;

/**
 * Reads the header of a plan by its bytes alone: no TensorRT and no addon is needed.
 *
 * @param source - Path of an engine file, or its bytes.
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_INVALID` if it is no plan (the message says what it is),
 * `ERR_TRT_LOAD_PLAN_TRUNCATED` if it is shorter than its header says, `ERR_TRT_LOAD_FILE` if it cannot be read,
 * `ERR_TRT_ARG_TYPE` if `source` is neither a path nor bytes.
 */
export async function readPlanHeader(source: string | Uint8Array): Promise<PlanHeader> {
  if (source instanceof Uint8Array)
    return parsePlanHeader(source.subarray(0, FILE_KIND_BYTES), source.length, 'the given bytes');
  if (typeof source !== 'string') throw wrongSource(source);
  const { head, size } = await readPlanHead(source);
  return parsePlanHeader(head, size, source);
}

async function readPlanHead(path: string): Promise<{ head: Uint8Array; size: number }> {
  try {
    // Loaded when asked for: importing the package must cost next to nothing.
    const { readHead } = await import('./read-head.js');
    const { kind, ...found } = await readHead(path, FILE_KIND_BYTES);
    if (kind !== 'file') throw notAFile(path, kind === 'folder');
    return found;
  } catch (error) {
    throw error instanceof TensorRTError ? error : fileReadError('engine', path, error);
  }
}

function wrongSource(source: unknown): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `readPlanHeader() takes a path or bytes (Uint8Array), not ${describeType(source)}.`,
  );
}

function notAFile(path: string, isDirectory: boolean): TensorRTError {
  const kind = isDirectory ? 'a folder' : 'no regular file';
  return new TensorRTError('ERR_TRT_LOAD_PLAN_INVALID', `Expected an engine file, but ${path} is ${kind}.`, {
    details: { path, kind },
  });
}

/**
 * The part of {@link readPlanHeader} after reading.
 *
 * @param head - The first {@link FILE_KIND_BYTES} bytes, or all there are.
 * @param actualBytes - Size of the whole file or buffer.
 * @param name - What to call it in messages.
 */
export function parsePlanHeader(head: Uint8Array, actualBytes: number, name: string): PlanHeader {
  const product = productOfMagic(head);
  if (!product) {
    const { kind, label, hint } = describeFileKind(head);
    throw new TensorRTError(
      'ERR_TRT_LOAD_PLAN_INVALID',
      `Expected a TensorRT engine, but ${name} is ${label}.`,
      {
        hint: kind === 'onnx' ? 'Pass the model to buildEngine(), or to createSession() to run it.' : hint,
        details: { source: name, kind, bytes: actualBytes },
      },
    );
  }
  const needed = product === 'TensorRT-RTX' ? RTX_HEADER_BYTES : HEADER_BYTES;
  if (head.length < needed) throw truncated(name, actualBytes, needed, 'its header alone has');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const totalBytes = product === 'TensorRT-RTX' ? Number(view.getBigUint64(16, true)) : null;
  if (totalBytes !== null) checkSize(name, actualBytes, totalBytes);
  const version = view.getUint32(4, true) === 0 ? [...head.subarray(24, 28)].join('.') : null;
  return { product, family: familyOf(product, version), version, totalBytes, actualBytes };
}

function productOfMagic(head: Uint8Array): PlanHeader['product'] | undefined {
  const magic = Buffer.from(head.subarray(0, 4)).toString('latin1');
  if (magic === 'ftrt') return 'TensorRT';
  return magic === 'vtrt' ? 'TensorRT-RTX' : undefined;
}

function checkSize(name: string, actualBytes: number, totalBytes: number): void {
  if (actualBytes < totalBytes) throw truncated(name, actualBytes, totalBytes, 'its header says');
  if (actualBytes === totalBytes) return;
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_INVALID',
    `${name} has ${actualBytes} bytes, but its header says ${totalBytes}: something was appended to the engine.`,
    { details: { source: name, bytes: actualBytes, expectedBytes: totalBytes } },
  );
}

function truncated(name: string, bytes: number, expectedBytes: number, why: string): TensorRTError {
  const message = `${name} has ${bytes} bytes, but ${why} ${expectedBytes}: the engine is truncated.`;
  return new TensorRTError('ERR_TRT_LOAD_PLAN_TRUNCATED', message, {
    details: { source: name, bytes, expectedBytes },
  });
}

function familyOf(product: PlanHeader['product'], version: string | null): Family | null {
  if (product === 'TensorRT-RTX') return 'tensorrt-rtx';
  const major = version?.split('.')[0];
  if (major === '10') return 'tensorrt-10';
  return major === '11' ? 'tensorrt-11' : null;
}
