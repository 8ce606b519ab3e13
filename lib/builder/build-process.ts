// SPDX-License-Identifier: Apache-2.0
// isolation: 'process'. TensorRT can abort, run out of memory or ignore a cancel for seconds; in a child process each
// of these is an error of this build and nothing else. The child is killed once it has answered: its exit handlers are
// native code of others.

import type { ChildProcess } from 'node:child_process';

import type { NativeBuildEvent } from '../binding/contract';
import { addonPath } from '../binding/load';
import { TensorRTError, type LogLine } from '../errors';
import { fromNativeError } from '../binding/native-error';
import { forkWorker } from '../runtime/fork-worker';
import type { BuildJob, BuildOutcome, RunningBuild } from './build-job';
import type { BuildCommand, BuildReply, BuildWorkerStart } from './build-protocol';

/** How long a cancelled child may take to stop by itself. */
const POLITE_CANCEL_MS = 500;
/** Kept of what native libraries print. */
const OUTPUT_TAIL_CHARACTERS = 16 * 1024;

/** What a test replaces. */
export interface ProcessRunnerOptions {
  /** Removed by the child if this process dies. */
  cleanup?: readonly string[];
  /** Default: the addon of this process. */
  addonPath?: string;
}

/**
 * Runs a job in a child process of its own. The job must name its model by path.
 *
 * The promise rejects with `ERR_TRT_BUILD_CRASHED` if the child dies without an answer.
 */
export function runBuildInProcess(
  job: BuildJob,
  onEvents: (events: NativeBuildEvent[]) => void,
  options: ProcessRunnerOptions = {},
): RunningBuild {
  const build = new ChildBuild(job, onEvents, options);
  return { promise: build.promise, cancel: () => build.cancel() };
}

class ChildBuild {
  readonly promise: Promise<BuildOutcome>;
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #onEvents: (events: NativeBuildEvent[]) => void;
  readonly #log: LogLine[] = [];
  #isolationStartMs = 0;
  #reply: Extract<BuildReply, { kind: 'result' | 'error' }> | undefined;
  #printed = '';
  #isCancelled = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(job: BuildJob, onEvents: (events: NativeBuildEvent[]) => void, options: ProcessRunnerOptions) {
    this.#onEvents = onEvents;
    const start: BuildWorkerStart = {
      addonPath: options.addonPath ?? addonPath(),
      cleanup: [...(options.cleanup ?? [])],
    };
    this.#child = forkWorker('builder/build-worker', [JSON.stringify(start)]);
    this.#collectOutput();
    this.#child.on('message', (reply: BuildReply) => this.#take(reply));
    this.promise = this.#untilClosed();
    this.#send({ kind: 'build', job });
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#send({ kind: 'cancel' });
    this.#killTimer = setTimeout(() => this.#child.kill('SIGKILL'), POLITE_CANCEL_MS);
  }

  #send(command: BuildCommand): void {
    // If the child is gone already, 'close' says so.
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }

  #take(reply: BuildReply): void {
    if (reply.kind === 'ready') {
      this.#isolationStartMs = performance.now() - this.#startedAt;
    } else if (reply.kind === 'events') {
      for (const event of reply.events) if (event.kind === 'log') this.#log.push(event.line);
      this.#onEvents(reply.events);
    } else {
      this.#reply = reply;
      this.#child.kill('SIGKILL');
    }
  }

  #collectOutput(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-OUTPUT_TAIL_CHARACTERS);
      });
    }
  }

  async #untilClosed(): Promise<BuildOutcome> {
    const end = await new Promise<{ code: number | null; signal: string | null; error?: Error }>(
      (resolve) => {
        this.#child.once('close', (code, signal) => resolve({ code, signal }));
        // Without a pid there was no process, and 'close' never comes.
        this.#child.once('error', (error) => {
          if (this.#child.pid === undefined) resolve({ code: null, signal: null, error });
        });
      },
    );
    clearTimeout(this.#killTimer);
    if (this.#reply?.kind === 'result') return this.#outcome(this.#reply.outcome);
    if (this.#reply) throw this.#nativeFailure(this.#reply.error);
    if (this.#isCancelled)
      throw new TensorRTError('ERR_TRT_BUILD_CANCELLED', 'The build was cancelled.', { log: this.#log });
    throw this.#crash(end);
  }

  #outcome(outcome: BuildOutcome): BuildOutcome {
    const log = [...outcome.log, ...printedLines(this.#printed)];
    return { ...outcome, log, isolationStartMs: this.#isolationStartMs };
  }

  #nativeFailure(data: Extract<BuildReply, { kind: 'error' }>['error']): TensorRTError {
    const log = [...(Array.isArray(data.log) ? (data.log as LogLine[]) : []), ...printedLines(this.#printed)];
    return fromNativeError({ ...data, log }, 'ERR_TRT_BUILD_FAILED');
  }

  #crash({
    code,
    signal,
    error,
  }: {
    code: number | null;
    signal: string | null;
    error?: Error;
  }): TensorRTError {
    const output = this.#printed.trimEnd();
    const how = error
      ? `could not be started: ${error.message}`
      : signal
        ? `was ended by ${signal}`
        : `ended with exit code ${code}`;
    const lastLine = output.split('\n').at(-1);
    return new TensorRTError(
      'ERR_TRT_BUILD_CRASHED',
      `The building process ${how}${lastLine ? `: ${lastLine}` : '.'}`,
      {
        hint:
          signal === 'SIGKILL'
            ? 'The system killed the building process, most often for lack of memory: free memory or build a smaller model. Your process is unharmed.'
            : undefined,
        details: { signal, exitCode: code, output },
        log: [...this.#log, ...printedLines(output)],
        cause: error,
      },
    );
  }
}

/** What a library printed past its logger, as log lines. */
function printedLines(text: string): LogLine[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((message) => ({
    severity: /error|terminate|assert/i.test(message) ? 'error' : 'warning',
    message,
  }));
}
