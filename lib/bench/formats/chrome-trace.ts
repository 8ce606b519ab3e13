// SPDX-License-Identifier: Apache-2.0
// The calls of a measurement one by one, in the trace event format that chrome://tracing, Perfetto and Speedscope read.

import type { LoggedCall } from '../measure/call-log';

/** The device's times of one run, in milliseconds on the clock of the calls; NaN where there is no such stage. */
export interface TracedStages {
  /** Number of the execution context. */
  readonly context: number;
  /** The calling thread begins to put the run on the device. */
  readonly enqueueStart: number;
  /** It has put it there. */
  readonly enqueueEnd: number;
  /** The first copy to the device begins. */
  readonly h2dStart: number;
  /** The last copy to the device has ended. */
  readonly h2dEnd: number;
  /** The network begins. */
  readonly computeStart: number;
  /** The network has ended. */
  readonly computeEnd: number;
  /** The first copy from the device begins. */
  readonly d2hStart: number;
  /** The last copy from the device has ended. */
  readonly d2hEnd: number;
}

/** What a trace is made of. */
export interface TraceSource {
  /** Says what was measured. */
  readonly label: string;
  /** The calls, in the order in which they were made. */
  readonly calls: Iterable<LoggedCall>;
  /** Calls that the log had no room for. */
  readonly droppedCalls: number;
  /** The device's times of runs, where they were taken. */
  readonly stages?: Iterable<TracedStages>;
}

type TraceEvent = Readonly<Record<string, unknown>>;

const JAVASCRIPT = 1;
const DEVICE = 2;
const STAGES = [
  ['copy to device', 'h2dStart', 'h2dEnd'],
  ['compute', 'computeStart', 'computeEnd'],
  ['copy to host', 'd2hStart', 'd2hEnd'],
] as const;
// Threads of the device's process: one for each stage of a context, and one for the host that submits.
const THREADS_PER_CONTEXT = STAGES.length + 1;

/**
 * The trace as JSON. Times are microseconds from the first call; calls of one slot are one line, each context of the device
 * has one for its submissions and one for each stage.
 *
 * @see "Trace Event Format", the Chromium project
 */
export function formatChromeTrace({ label, calls, droppedCalls, stages = [] }: TraceSource): string {
  const logged = [...calls];
  const originMs = logged.reduce((least, call) => Math.min(least, call.scheduledMs), Infinity);
  const runs = [...stages];
  const events = [
    processName(JAVASCRIPT, `JavaScript: ${label}`),
    ...[...new Set(logged.map(({ slot }) => slot))].map((slot) =>
      threadName(JAVASCRIPT, slot, `call slot ${slot}`),
    ),
    ...logged.flatMap((call) => callEvents(call, originMs)),
    ...(runs.length === 0 ? [] : [processName(DEVICE, 'device')]),
    ...[...new Set(runs.map(({ context }) => context))].flatMap(contextNames),
    ...runs.flatMap((run) => runEvents(run, originMs)),
  ];
  const otherData = { label, calls: logged.length, droppedCalls };
  return `${JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms', otherData })}\n`;
}

/** A call, and before it the time that it waited for its turn. */
function callEvents({ scheduledMs, startMs, endMs, slot }: LoggedCall, originMs: number): TraceEvent[] {
  const place = { pid: JAVASCRIPT, tid: slot };
  const call = { name: 'call', startMs, endMs, originMs };
  if (startMs <= scheduledMs) return [complete(place, call)];
  // Waiting calls overlap each other and the running one of their slot: asynchronous events may.
  const waiting = { cat: 'schedule', name: 'waits', ...place, id: `${slot}:${scheduledMs}` };
  return [
    { ...waiting, ph: 'b', ts: toUs(scheduledMs - originMs) },
    { ...waiting, ph: 'e', ts: toUs(startMs - originMs) },
    complete(place, call),
  ];
}

function runEvents(run: TracedStages, originMs: number): TraceEvent[] {
  const first = run.context * THREADS_PER_CONTEXT;
  const spans = [['enqueue', 'enqueueStart', 'enqueueEnd'] as const, ...STAGES];
  return spans.flatMap(([name, start, end], index) =>
    Number.isNaN(run[start])
      ? []
      : [
          complete(
            { pid: DEVICE, tid: first + index },
            { name, startMs: run[start], endMs: run[end], originMs },
          ),
        ],
  );
}

function contextNames(context: number): TraceEvent[] {
  const names = ['submission', ...STAGES.map(([name]) => name)];
  return names.map((name, index) =>
    threadName(DEVICE, context * THREADS_PER_CONTEXT + index, `context ${context}: ${name}`),
  );
}

interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly originMs: number;
}

function complete(place: { pid: number; tid: number }, { name, startMs, endMs, originMs }: Span): TraceEvent {
  return { name, ph: 'X', ...place, ts: toUs(startMs - originMs), dur: toUs(endMs - startMs) };
}

function processName(pid: number, name: string): TraceEvent {
  return { name: 'process_name', ph: 'M', pid, args: { name } };
}

function threadName(pid: number, tid: number, name: string): TraceEvent {
  return { name: 'thread_name', ph: 'M', pid, tid, args: { name } };
}

/** Nanoseconds are kept; more digits are noise and space. */
function toUs(ms: number): number {
  return Math.round(ms * 1e6) / 1000;
}
