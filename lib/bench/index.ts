// SPDX-License-Identifier: Apache-2.0
/**
 * Measure models, sessions and functions: latency, throughput, and what they depend on.
 *
 * @packageDocumentation
 */
export { runBench } from './run-bench';
export type {
  BenchContext,
  BenchPhase,
  BenchRequest,
  FeedSets,
  FunctionRequest,
  ModelRequest,
} from './bench-request';
export type { BenchOptions } from './bench-options';
export { decideSettings, type SettingFacts } from './decide-settings';
export type { LoadOptions } from './load-options';
export { readSchedule, type RecordedSchedule } from './schedule-file';
export { sessionOptionsFor, type TrtexecVersion } from './trtexec/compat';
export type { BenchEnvironment } from './environment';
export type { BenchSettings, CallMode, Load } from './settings';
export { SCHEMA_VERSION } from './result';
export type * from './result';

// What a measurement leaves behind beside its result.
export { CallLog, type LoggedCall } from './measure/call-log';
export { StageLog } from './subject/stage-log';
export { readOnnxRuntimeProfile, type OnnxRuntimeProfile } from './subject/onnxruntime-profile';
export { LatencyHistogram, type HistogramSnapshot } from './stats/histogram';
export type { Target } from './measure/target';
export type { Time } from './measure/time';

export { findHighestRate, type RateSearch, type RateSearchEnd } from './measure/rate-search';

// Comparing results.
export * from './compare/index';

// Writing and reading results.
export { formatChromeTrace, type TracedStages, type TraceSource } from './formats/chrome-trace';
export { formatComparisonJunit } from './formats/comparison-junit';
export { formatComparisonMarkdown } from './formats/comparison-markdown';
export { formatCsv } from './formats/csv';
export { formatComparisonHtml, formatHtml, type HtmlOptions } from './formats/html/format-html';
export { formatJunit, type JunitCheck, type JunitOptions } from './formats/junit';
export { formatMarkdown } from './formats/markdown';
export { parseBenchDocument, readBenchDocument } from './formats/read-document';
