// SPDX-License-Identifier: Apache-2.0
// What the first result costs a service: import, load and first run, each in a process that has done nothing before.

import { resolve } from 'node:path';
import { Engine, TensorRTError, type Feeds, type SessionOptions } from '../../index';
import { startChild } from '../child-module';
import type { ColdStart, FailureReason, Unavailable } from '../result';
import { unavailable } from '../unavailable';
import { isOnDevice } from './feed-dims';
import { plainOptions } from './plain-options';

/** What a fresh process is told to do. */
export interface ColdStartRequest {
  readonly model: string | Uint8Array;
  readonly sessionOptions: SessionOptions;
  readonly feeds: Feeds;
}

/** What a fresh process took. */
export type ColdStartTimes = Omit<ColdStart, 'processes'>;

/** What a fresh process answers. */
export type ColdStartAnswer = { readonly times: ColdStartTimes } | { readonly error: FailureReason };

/** Starts one process and waits for its times; tests put their own. */
export type StartProcess = (request: ColdStartRequest, signal?: AbortSignal) => Promise<ColdStartTimes>;

/** What is started, and how often. */
export interface ColdStartOptions {
  readonly model: string | Uint8Array | Engine;
  readonly sessionOptions: SessionOptions;
  readonly feeds: Feeds;
  readonly processes: number;
  readonly signal?: AbortSignal | undefined;
  readonly start?: StartProcess;
}

/**
 * Starts fresh processes one after the other and takes the medians of their times. One that fails ends it: the medians are
 * those of the processes before it. Says why where there is none.
 */
export async function measureColdStart(options: ColdStartOptions): Promise<ColdStart | Unavailable> {
  const { processes, signal, start = startProcess } = options;
  const times: ColdStartTimes[] = [];
  try {
    const request = toRequest(options);
    while (times.length < processes && signal?.aborted !== true) times.push(await start(request, signal));
  } catch (error) {
    if (times.length === 0) return unavailable('cold start', error);
  }
  return times.length === 0 ? { unavailable: 'cold start: it was interrupted.' } : describeTimes(times);
}

function describeTimes(times: readonly ColdStartTimes[]): ColdStart {
  const median = (name: keyof ColdStartTimes) => medianOf(times.map((one) => one[name]));
  return {
    processes: times.length,
    importMs: median('importMs'),
    loadMs: median('loadMs'),
    firstRunMs: median('firstRunMs'),
    totalMs: median('totalMs'),
  };
}

function toRequest({ model, sessionOptions, feeds }: ColdStartOptions): ColdStartRequest {
  const source = model instanceof Engine ? model.path : model;
  if (source === null)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      'An engine in memory has no file that another process could load.',
      {
        hint: 'Save it, and measure the file.',
      },
    );
  const onDevice = Object.keys(feeds).find((name) => isOnDevice(feeds[name]!));
  if (onDevice !== undefined)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Input "${onDevice}" is on the device, where another process has it not.`,
      {
        hint: 'Feed arrays to measure the cold start.',
      },
    );
  return {
    model: typeof source === 'string' ? resolve(source) : source,
    sessionOptions: { ...plainOptions(sessionOptions), stageTimes: false },
    feeds,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const CHILD = 'subject/cold-start-child.js';

async function startProcess(request: ColdStartRequest, signal?: AbortSignal): Promise<ColdStartTimes> {
  const child = startChild(CHILD, { stderr: 'ignore', signal });
  return new Promise((resolveTimes, reject) => {
    child.on('error', reject);
    child.once('exit', (code, killedBy) => {
      reject(new Error(`the process ended with ${killedBy ?? code ?? 'nothing'} before it gave its times`));
    });
    child.once('message', (answer: ColdStartAnswer) => {
      if ('times' in answer) resolveTimes(answer.times);
      else reject(new Error(`${answer.error.message} [${answer.error.code}]`));
      child.disconnect();
    });
    child.send(request);
  });
}
