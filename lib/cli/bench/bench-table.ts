// SPDX-License-Identifier: Apache-2.0
import { MAX_CONTEXTS } from '../../session/session-options';
import { flag, option, repeated, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { inputOptionTable } from '../inputs/input-arguments';
import { gpuOptionTable } from '../session-arguments';
import { parseDevice } from '../session-talk';
import { parseChoice, parseInteger, parseList, parseText } from '../values/basic';
import { parseDurationMs, parsePositiveDurationMs } from '../values/duration';
import { parseNumbers } from '../values/number-range';
import {
  parseLatencyLimit,
  parseLatencyName,
  parsePercent,
  parsePercentiles,
  parsePrecisions,
} from './bench-values';
import { compareOptionTable } from './compare-table';
import { parseOutputFile, parseTraceFile } from './write-outputs';

const MOST_IN_FLIGHT = 65_536;

/** What is measured. */
const subjectOptions = {
  device: option(
    '<devices>',
    'auto, cpu or cuda:N, several by commas; auto unless told',
    parseList(parseDevice),
  ),
  precision: option(
    '<list>',
    'fp32,fp16,bf16,int8 side by side, or fp16=model-fp16.onnx for a model that is there; the first is the reference',
    parsePrecisions,
  ),
  batch: option(
    '<list>',
    'the open leading dimension that the inputs share: 8, 1,2,4,8 or 1:64:x2',
    parseNumbers({ least: 1, most: 2 ** 31 - 1, isWhole: true, example: '--batch 1,2,4,8' }),
  ),
  contexts: option(
    '<n>',
    'execution contexts that share the calls; 1 unless told',
    parseInteger(1, MAX_CONTEXTS),
  ),
  threads: option('<n>', 'threads of one inference on the CPU', parseInteger(1, 1024)),
} satisfies OptionTable;

/** When calls are made. */
const loadOptions = {
  concurrency: option(
    '<list>',
    'calls in flight at any moment: 4, 1,2,4 or a range 1:16:2, 1:64:x2; 1 unless told',
    parseNumbers({ least: 1, most: MOST_IN_FLIGHT, isWhole: true, example: '--concurrency 1:16:2' }),
  ),
  rate: option(
    '<list>',
    'calls a second, however slow the ones before are: 100, 50,100,200 or 50:500:50',
    parseNumbers({ least: 0, most: 1e6, example: '--rate 50,100,200' }),
  ),
  arrivals: option(
    '<how>',
    'of --rate: constant or poisson; constant unless told',
    parseChoice('constant', 'poisson'),
  ),
  schedule: option(
    '<file>',
    'calls at recorded moments: a JSON array or one number a line, in milliseconds',
    parseText,
  ),
  maxInFlight: option(
    '<n>',
    'of --rate and --schedule: calls in flight beyond which others wait; 1024 unless told',
    parseInteger(1, 1_000_000),
  ),
  latencyLimit: option(
    '<name=time>',
    'search the highest rate that keeps it: p99=10ms; --rate says where to begin',
    parseLatencyLimit,
  ),
} satisfies OptionTable;

/** How long, and what counts as stable. */
const lengthOptions = {
  duration: option('<time>', 'least time of the measurement; 3s unless told', parsePositiveDurationMs),
  iterations: option('<n>', 'least number of inferences; 10 unless told', parseInteger(1)),
  warmUp: option('<time>', 'time before it that does not count; 500ms unless told', parseDurationMs),
  warmUpIterations: option('<n>', 'least number of inferences before it', parseInteger(0)),
  stabilityLatency: option(
    '<name>',
    'what must agree between windows beside the throughput: mean or p99; mean unless told',
    parseLatencyName,
  ),
  stabilityPercent: option('<percent>', 'by how much windows may differ; 10 unless told', parsePercent),
  requireStable: flag('end with 1 where a measurement is not stable'),
  percentile: repeated('<percent>', 'further percentiles of the latency: 97.5', parsePercentiles),
} satisfies OptionTable;

/** What a call is, and what else is looked at. */
const methodOptions = {
  calls: option(
    '<how>',
    'auto, binding (no copies) or run (copies in and out, contexts are shared)',
    parseChoice('auto', 'binding', 'run'),
  ),
  noTransfers: flag('GPU: inputs and outputs stay on the device'),
  spinWait: flag('GPU: wait for the device in a loop'),
  stageTimes: option(
    '<when>',
    'times of the device in each run: auto, on or off; auto unless told',
    parseChoice('auto', 'on', 'off'),
  ),
  pipelined: flag('GPU: measure also with a call always waiting behind the running one'),
  noPipelined: flag('leave that out, where it would be done'),
  layers: flag('times of the layers, in runs of their own'),
  coldStart: flag('import, load and first run in fresh processes'),
  trtexecCompat: option(
    '<version>',
    'measure as trtexec 10 or 11 does by default',
    (text, name) => Number(parseChoice('10', '11')(text, name)) as 10 | 11,
  ),
  inputSets: option(
    '<n>',
    'sets of random or generated inputs that calls take in turn; 1 unless told',
    parseInteger(1, 100_000),
  ),
} satisfies OptionTable;

const againstOptions = {
  against: option(
    '<reference>',
    "measure against it, in turn and in fresh processes: self, a package or its path, or 'command:…'",
    parseText,
  ),
  againstModel: option('<file>', 'model of the reference; the same unless told', parseText),
  rounds: option('<n>', 'pairs of measurements of --against; 7 unless told', parseInteger(3, 1000)),
} satisfies OptionTable;

const outputOptions = {
  output: repeated(
    '<file>',
    'write the result there: .json, .html, .csv, .md or .xml (JUnit) by its ending; may be repeated',
    parseOutputFile,
    'o',
  ),
  trace: option('<file>', 'write each call as a Chrome trace (.json)', parseTraceFile),
} satisfies OptionTable;

/** Options of `bench`. */
export const benchOptionTable = {
  ...subjectOptions,
  ...inputOptionTable,
  ...loadOptions,
  ...lengthOptions,
  ...methodOptions,
  ...gpuOptionTable,
  ...againstOptions,
  ...compareOptionTable,
  ...outputOptions,
} satisfies OptionTable;

/** Parsed command line of `bench`. */
export type BenchArguments = ParsedArguments<typeof benchOptionTable>;
