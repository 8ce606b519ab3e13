// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { isErrorCode, TensorRTError } from '../../errors';
import { startChild } from '../child-module';
import type { BenchResult, FailureReason } from '../result';
import type { Measurement } from './measurement';
import { OutputTail } from './output-tail';

/** What the process is told. */
export interface ProcessJob {
  /** Path of the module that runs the model; null for this package. */
  readonly module: string | null;
  readonly measurement: Measurement;
}

/** What it answers. */
export type ProcessAnswer = { readonly result: BenchResult } | { readonly error: FailureReason };

const CHILD = 'compare/against-child.js';

/**
 * Measures in a fresh process. The signal kills it.
 *
 * @throws {TensorRTError} the process's own error, `ERR_TRT_BENCH_RESULT` where it ends without an answer,
 *   `ERR_TRT_RUN_ABORTED`
 */
export async function measureInProcess(job: ProcessJob, signal: AbortSignal): Promise<BenchResult> {
  if (signal.aborted) throw aborted();
  const child = startChild(CHILD, { stderr: 'pipe' });
  const stderr = new OutputTail(child.stderr);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    const answer = await answerOf(child, job);
    if (signal.aborted) throw aborted();
    if (answer === undefined) throw noAnswer(child, stderr);
    if ('error' in answer) throw theirError(answer.error, stderr);
    return answer.result;
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
  }
}

/** Undefined where the process ends without one. */
function answerOf(child: ChildProcess, job: ProcessJob): Promise<ProcessAnswer | undefined> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer: ProcessAnswer) => resolve(answer));
    child.once('close', () => resolve(undefined));
    child.once('error', reject);
    // Where the process is gone already, 'close' says so.
    child.send(job, () => undefined);
  });
}

function aborted(): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_ABORTED', 'The measuring process was ended by its signal.');
}

function noAnswer({ exitCode, signalCode }: ChildProcess, stderr: OutputTail): TensorRTError {
  const end = signalCode ?? `exit code ${exitCode ?? 'unknown'}`;
  return new TensorRTError(
    'ERR_TRT_BENCH_RESULT',
    `The measuring process ended with ${end} and without a result${stderr.lastLine}`,
    {
      hint: 'details.stderr has its last words; measure by itself what it measured.',
      details: { exitCode, signal: signalCode, stderr: stderr.text },
    },
  );
}

function theirError({ code, message, hint }: FailureReason, stderr: OutputTail): TensorRTError {
  return new TensorRTError(isErrorCode(code) ? code : 'ERR_TRT_BENCH_RESULT', message, {
    ...(hint !== undefined && { hint }),
    details: { stderr: stderr.text, code },
  });
}
