// SPDX-License-Identifier: Apache-2.0
// Options that users bring from trtexec and perf_analyzer, and what to write instead. Those that only differ in spelling
// (--warmUp) are found as the nearest name.

const OPEN_LOOP = 'Write --rate 100 (or a list 50,100,200, or a range 50:500:50)';

const ADVICE: Readonly<Record<string, string>> = {
  // trtexec
  onnx: 'Write the model as an argument: tensorrt-node bench model.onnx',
  loadEngine: 'Write the engine as an argument: tensorrt-node bench model.engine',
  saveEngine: 'tensorrt-node build model.onnx -o model.engine builds an engine.',
  loadInputs: 'Write --input name=@file.npy',
  infStreams: 'Write --contexts 2 --concurrency 2: each context has a stream of its own.',
  streams: 'Write --contexts 2 --concurrency 2: each context has a stream of its own.',
  useCudaGraph: 'Write --cuda-graph on',
  noCudaGraph: 'Write --cuda-graph off',
  noDataTransfers: 'Write --no-transfers',
  includeDataTransfers: 'Leave it out: transfers are part of a call unless --no-transfers says otherwise.',
  useSpinWait: 'Write --spin-wait',
  noSpinWait: 'Leave it out: waiting does not spin unless --spin-wait says so.',
  dumpProfile: 'Write --layers',
  separateProfileRun: 'Leave it out: the times of layers (--layers) are taken in runs of their own.',
  exportTimes: 'Write --trace trace.json, or -o result.json for all numbers',
  exportProfile: 'Write --layers -o result.json',
  exportOutput: 'tensorrt-node run model.onnx --input random -o folder writes outputs.',
  dumpOutput: 'tensorrt-node run model.onnx --input random shows outputs.',
  avgRuns: 'Leave it out: all calls count, and -o result.json has them in blocks.',
  sleepTime: 'Leave it out; for calls at a pace of your own write --rate 100',
  idleTime: 'Leave it out; for calls at a pace of your own write --rate 100',
  useProfile: 'Write --profile 0',
  useManagedMemory: 'Leave it out: managed memory is not used.',
  exposeDMA: 'Leave it out: -o result.json has the times of the copies.',
  timeDeserialize: 'Write --cold-start',
  fp16: 'Write --precision fp16',
  bf16: 'Write --precision bf16',
  int8: 'Write --precision int8',
  best: 'Write --precision fp32,fp16,int8 to see each of them.',
  optShapes:
    'Write --shapes images:8x3x224x224; for an engine that is built first --dynamic-axes batch=1,8,32',
  // perf_analyzer
  m: 'Write the model as an argument: tensorrt-node bench model.onnx',
  b: 'Write --batch 8',
  x: 'Leave it out: a file has one version of a model.',
  p: 'Write --duration 3s: windows are a sixth of it.',
  s: 'Write --stability-percent 10',
  f: 'Write -o result.csv',
  l: 'Write --latency-limit p99=10ms',
  a: 'Leave it out: calls are asynchronous.',
  shape: 'Write --shapes images:1x3x224x224',
  'batch-size': 'Write --batch 8',
  'input-data': 'Write --input random, --input zeros, --input x=@file.npy or --input @folder',
  'concurrency-range': 'Write --concurrency 1:16:2 (or 1:64:x2 to double, or a list 1,2,4)',
  'periodic-concurrency-range': 'Write --concurrency 1:16:2',
  'request-rate-range': OPEN_LOOP,
  'request-rate': OPEN_LOOP,
  'request-distribution': 'Write --arrivals constant or --arrivals poisson',
  'request-intervals': 'Write --schedule file with the moments of the calls in milliseconds',
  'fixed-schedule': 'Write --schedule file with the moments of the calls in milliseconds',
  'request-count': 'Write --iterations 1000 --duration 1ms',
  'warmup-request-count': 'Write --warm-up-iterations 100',
  'latency-threshold': 'Write --latency-limit p99=10ms',
  'binary-search': 'Write --latency-limit p99=10ms: it searches the highest rate.',
  'measurement-interval': 'Write --duration 3s: windows are a sixth of it.',
  'measurement-mode': 'Leave it out: --duration and --iterations must both be reached.',
  'measurement-request-count': 'Write --iterations 1000',
  'stability-percentage': 'Write --stability-percent 10',
  'max-threads': 'Write --max-in-flight 1024: calls in flight need no threads.',
  async: 'Leave it out: calls are asynchronous.',
  sync: 'Write --concurrency 1',
  'shared-memory': 'Write --no-transfers: inputs and outputs stay on the device.',
  'profile-export-file': 'Write -o result.json, or --trace trace.json for each call',
  'collect-metrics': 'Leave it out: power, clocks and memory of a GPU are always read.',
  'verbose-csv': 'Write -o result.csv',
  // what reports are called elsewhere
  html: 'Write -o report.html',
  markdown: 'Write -o report.md',
  csv: 'Write -o result.csv',
  junit: 'Write -o result.xml',
  format: 'Write -o file: its ending decides (.json, .html, .csv, .md, .xml).',
};

/** Options whose value means the same here, and where it stands then. */
const CARRIED: Readonly<Record<string, (value: string) => string>> = {
  infStreams: (n) => `--contexts ${n} --concurrency ${n}`,
  streams: (n) => `--contexts ${n} --concurrency ${n}`,
  useProfile: (n) => `--profile ${n}`,
  exportTimes: (file) => `--trace ${file}`,
  b: (n) => `--batch ${n}`,
  s: (percent) => `--stability-percent ${percent}`,
  f: (file) => `-o ${file}`,
  l: (ms) => `--latency-limit p99=${ms}ms`,
  p: (ms) => `--duration ${ms}ms`,
  'batch-size': (n) => `--batch ${n}`,
  'concurrency-range': (range) => `--concurrency ${range}`,
  'periodic-concurrency-range': (range) => `--concurrency ${range}`,
  'request-rate-range': (range) => `--rate ${range}`,
  'request-rate': (range) => `--rate ${range}`,
  'request-distribution': (how) => `--arrivals ${how}`,
  'request-count': (n) => `--iterations ${n} --duration 1ms`,
  'warmup-request-count': (n) => `--warm-up-iterations ${n}`,
  'latency-threshold': (ms) => `--latency-limit p99=${ms}ms`,
  'measurement-interval': (ms) => `--duration ${ms}ms`,
  'measurement-request-count': (n) => `--iterations ${n}`,
  'stability-percentage': (percent) => `--stability-percent ${percent}`,
  html: (file) => `-o ${file}`,
  markdown: (file) => `-o ${file}`,
  csv: (file) => `-o ${file}`,
  junit: (file) => `-o ${file}`,
};

/** What to write instead of an option of another tool, with its value; undefined for names that it does not have. */
export function adviseBenchOption(name: string, value?: string): string | undefined {
  const isWord = value !== undefined && /^[\w.:/,%-]+$/.test(value);
  if (isWord && Object.hasOwn(CARRIED, name)) return `Write ${CARRIED[name]!(value)}`;
  return Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined;
}
