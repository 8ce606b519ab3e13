// SPDX-License-Identifier: Apache-2.0
export { runBench, type BenchRequest } from './run-bench';
export { decideSettings, type BenchOptions, type BenchSettings, type CallMode } from './settings';
export type { BenchReport } from './report';
export type { BenchEnvironment } from './environment';
export type { Distribution } from './latency-recorder';
export type { EventLoopDelay } from './event-loop-delay';
export type { BenchWindow } from './stop-rule';
