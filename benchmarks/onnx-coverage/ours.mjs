// SPDX-License-Identifier: Apache-2.0
// Our side of the coverage comparison: one model through buildEngine(), in a process of its own. As a program:
// ours.mjs model.onnx <profile as JSON>

import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { buildEngine, TensorRTError } from 'tensorrt-node';

const TIMEOUT_MS = 120_000;

/**
 * Builds one model. `profile` is what the Python side gets too: `{ input: { values } | { dims } }` or null.
 * Returns `{ status, sha256?, code?, message? }` with the statuses of the Python side, and `rejected-early` for a model
 * that was refused before TensorRT saw it.
 */
export async function buildOurs(path, profile) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const engine = await buildEngine(path, {
      runtime: 'tensorrt-rtx',
      isolation: 'process',
      // The Python API changes types silently; so that both do the same, this says that it is wanted.
      allowTypeChanges: true,
      profiles: profile ? [toProfile(profile)] : undefined,
      signal,
    });
    const sha256 = createHash('sha256')
      .update(await engine.data())
      .digest('hex');
    return { status: 'built', bytes: engine.bytes, sha256 };
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    return { status: statusOf(error, signal), code: error.code, message: error.message.slice(0, 300) };
  }
}

function toProfile(profile) {
  const entries = Object.entries(profile).map(([input, { values, dims }]) => {
    const numbers = values ?? dims;
    const range = { min: numbers, opt: numbers, max: numbers };
    return [input, values ? { values: range } : range];
  });
  return Object.fromEntries(entries);
}

function statusOf({ code }, signal) {
  if (code === 'ERR_TRT_BUILD_CRASHED') return 'crashed';
  if (code === 'ERR_TRT_BUILD_CANCELLED' && signal.aborted) return 'timed-out';
  if (code === 'ERR_TRT_BUILD_PARSE' || code === 'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR') return 'parse-failed';
  if (code.startsWith('ERR_TRT_ONNX_') || code.startsWith('ERR_TRT_ARG_')) return 'rejected-early';
  return 'build-failed';
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, profile] = process.argv.slice(2);
  console.log(JSON.stringify(await buildOurs(path, JSON.parse(profile))));
}
