// SPDX-License-Identifier: Apache-2.0
// scripts/gpu-check.mjs as a whole, over the stand-ins of the driver and of TensorRT: what passes on a GPU that works,
// and what it says when something does not.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeGpuCheckEngines } from '../gpu-check-engines';
import { WEIGHTS } from '../../scripts/gpu-check/models.mjs';
import { builtStandin } from '../standin-build';
import { makePlan, type PlanDescription } from '../standin-plan';

const ROOT = resolve(__dirname, '../..');
const FAMILY = 'tensorrt-11';

interface CheckResult {
  readonly id: string;
  readonly group: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly checks: CheckResult[];
  readonly exitCode: number;
}

const weightsOf = (model: keyof typeof WEIGHTS) =>
  Object.fromEntries(WEIGHTS[model].map(({ name, data }) => [name, Array.from(data as Float32Array)]));

/** An engine whose batch is 1 to 64. */
const overBatches = (name: string, rest: Pick<PlanDescription, 'layers' | 'weights'>): PlanDescription => ({
  name,
  inputs: [{ name: 'x', dims: [-1, 64] }],
  outputs: [{ name: 'y', dims: [-1, 32] }],
  profiles: [{ dims: { x: { min: [1, 64], opt: [8, 64], max: [64, 64] } } }],
  ...rest,
});

/** Engines for single checks: with auxiliary streams, and with a tensor that is marked for debugging. */
const MORE_ENGINES: readonly PlanDescription[] = [
  {
    ...overBatches('branches', {
      weights: weightsOf('branches'),
      layers: [
        ...[0, 1, 2].map((index) => `matmul x w${41 + index} 64x32 p${index}`),
        'add p0 p1 sum',
        'add sum p2 y',
      ],
    }),
    auxStreams: 2,
  },
  {
    ...overBatches('mlp-debug', {
      weights: weightsOf('mlp'),
      layers: ['matmul x w1 64x128 hidden', 'relu hidden active', 'matmul active w2 128x32 y'],
    }),
    debug: ['hidden'],
  },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
  writeGpuCheckEngines(join(folder, 'engines'), FAMILY);
  for (const plan of MORE_ENGINES)
    writeFileSync(join(folder, 'engines', FAMILY, `${plan.name}.engine`), makePlan(FAMILY, plan));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const standins = (): NodeJS.ProcessEnv => ({
  TENSORRT_NODE_DRIVER_LIBRARY: builtStandin('driver', 'libcuda.so.1'),
  TENSORRT_NODE_LIB_DIR: dirname(builtStandin('gpu-tensorrt-11', 'libnvinfer.so.11')),
  TRTN_STANDIN_CUDA_DEVICES: '1',
  // Small enough to be filled.
  TRTN_STANDIN_CUDA_CONFIGURE: `memory-bytes=${2 ** 28}`,
});

/** Makes some checks; gives back the exit code and the report. */
async function check(
  only: readonly string[],
  env: NodeJS.ProcessEnv = {},
  engines = join(folder, 'engines'),
): Promise<[number, Report]> {
  const output = mkdtempSync(join(folder, 'report-'));
  const args = ['--quick', '--no-build', '--family', FAMILY, '--engines', engines];
  const selection = only.flatMap((one) => ['--only', one]);
  const script = join(ROOT, 'scripts', 'gpu-check.mjs');
  const child = spawn(process.execPath, [script, ...args, ...selection, '--output', output], {
    env: { ...process.env, ...standins(), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number>((end) => child.once('close', (status) => end(status ?? -1)));
  const json = readdirSync(output).find((name) => name.endsWith('.json'))!;
  return [code, JSON.parse(readFileSync(join(output, json), 'utf8')) as Report];
}

const find = ({ checks }: Report, id: string) => checks.find((one) => one.id === `${id}@${FAMILY}`)!;

const text = expect.any(String);
const number = expect.any(Number);

describe('gpu:check over the stand-ins', () => {
  it('passes on a GPU that works, and reports all of it', async () => {
    const violations = join(folder, 'violations.txt');
    const groups = [
      ...['facts', 'execution', 'inputs', 'cuda-graphs', 'sharing', 'engine', 'limits'],
      'timing.stages',
    ];
    const [code, report] = await check(groups, { TRTN_STANDIN_CUDA_VIOLATIONS: violations });
    const others = report.checks.filter(
      ({ group, status }) => group !== 'environment' && status !== 'passed',
    );
    expect(others.map(({ id, reason }) => [id, reason])).toEqual([
      [`facts.parallel-builds@${FAMILY}`, 'this needs a build of "mlp" (--no-build)'],
      [`sharing.second-gpu@${FAMILY}`, 'this host has one GPU'],
    ]);
    expect([code, report.exitCode]).toEqual([0, 0]);
    expect(existsSync(violations) ? readFileSync(violations, 'utf8') : '').toBe('');
    for (const id of ['environment.device', 'environment.memory'])
      expect(report.checks.find((one) => one.id === id)).toMatchObject({ status: 'passed' });
    expect(find(report, 'execution.mlp').details.largestError).toBeLessThan(2e-3);
    expect(find(report, 'engine.aux-streams').details.auxStreams).toBe(2);
    expect(find(report, 'engine.debug-tensors').details.debugTensors).toEqual([
      { name: 'hidden', type: 'float32', dims: [8, 128] },
    ]);
    expect(find(report, 'sharing.workers').details.workers).toHaveLength(3);
  });

  it('uses a second GPU where there is one', async () => {
    const [code, report] = await check(['sharing.second-gpu'], { TRTN_STANDIN_CUDA_DEVICES: '2' });
    expect(find(report, 'sharing.second-gpu')).toMatchObject({
      status: 'passed',
      details: { device: 'cuda:1' },
    });
    expect(code).toBe(0);
  });

  it('skips, and does not fail, a check of an error whose engine is missing', async () => {
    const engines = mkdtempSync(join(folder, 'engines-'));
    mkdirSync(join(engines, FAMILY));
    copyFileSync(join(folder, 'engines', FAMILY, 'add.engine'), join(engines, FAMILY, 'add.engine'));
    const only = ['limits.device', 'engine.rtx-options', 'engine.plugins'];
    const [code, report] = await check(only, {}, engines);
    const reason = 'this needs a build of "mlp" (--no-build)';
    for (const id of only) expect(find(report, id)).toMatchObject({ status: 'skipped', reason });
    expect(code).toBe(0);
  });

  it('watches memory with the collector of garbage at hand', async () => {
    const [, report] = await check(['leaks.failures']);
    expect(find(report, 'leaks.failures').details).toMatchObject({
      isGarbageCollected: true,
      bytesPerRun: { host: number, device: 0, limit: number },
    });
  });

  it('writes JSON of one form', async () => {
    const [, report] = await check(['facts']);
    expect(report).toMatchObject({
      schemaVersion: 1,
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      durationMs: number,
      options: { quick: true, family: [FAMILY], only: ['facts'], 'no-build': true },
      environment: { platform: text, cuda: { status: 'ok' }, gpu: { usable: true, name: text } },
      totals: { checks: report.checks.length, passed: number, failed: 0, skipped: number },
      gpuUsed: true,
    });
    for (const one of report.checks) {
      expect(one).toMatchObject({ id: text, group: text, title: text, durationMs: number, details: {} });
      expect(['passed', 'failed', 'skipped']).toContain(one.status);
      expect(one.reason === null).toBe(one.status === 'passed');
    }
  });

  it('fails with the code and the words of what went wrong', async () => {
    const faults = { TRTN_STANDIN_CUDA_FAULTS: 'fault cuGraphLaunch 1 719' };
    const [code, report] = await check(['cuda-graphs.same-results'], faults);
    expect([code, report.exitCode]).toEqual([1, 1]);
    const failed = find(report, 'cuda-graphs.same-results');
    expect(failed).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^ERR_TRT_CUDA_\w+: /),
      details: { error: { code: expect.stringMatching(/^ERR_TRT_CUDA_/), message: text, stack: text } },
    });
  });

  it('goes on after a check whose process crashed', async () => {
    const faults = { TRTN_STANDIN_CUDA_FAULTS: 'fault cuGraphLaunch 1 -1' };
    const [code, report] = await check(['cuda-graphs.auto', 'cuda-graphs.not-capturable'], faults);
    expect(code).toBe(1);
    expect(find(report, 'cuda-graphs.auto')).toMatchObject({
      status: 'failed',
      reason: 'the process ended by signal SIGSEGV',
    });
    expect(find(report, 'cuda-graphs.not-capturable')).toMatchObject({ status: 'passed' });
  });
});

describe('the operators over the stand-in driver', () => {
  const FAMILIES = ['image', 'tensors', 'scores', 'boxes', 'signals'];
  const result = ({ checks }: Report, id: string) => checks.find((one) => one.id === id)!;

  it('give the same bits on the device as on the CPU, alone and in graphs', async () => {
    const violations = join(folder, 'kernel-violations.txt');
    const [code, report] = await check(['kernels'], { TRTN_STANDIN_CUDA_VIOLATIONS: violations });
    const wrong = report.checks.filter(({ status }) => status === 'failed');
    expect(wrong.map(({ id, reason }) => [id, reason])).toEqual([]);
    expect(code).toBe(0);
    for (const family of FAMILIES) {
      expect(result(report, `kernels.${family}`)).toMatchObject({
        status: 'passed',
        details: { differences: [] },
      });
      expect(result(report, `kernels.${family}`).details.cases).toBeGreaterThan(10);
    }
    for (const id of ['all', 'chains', 'process-ends'])
      expect(result(report, `kernels.${id}`)).toMatchObject({ status: 'passed' });
    expect(existsSync(violations) ? readFileSync(violations, 'utf8') : '').toBe('');
  }, 300_000);

  it('have no rates on a device that computes on the host', async () => {
    const [code, report] = await check(['kernels.rates']);
    expect(result(report, 'kernels.rates')).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('no GPU is as slow'),
      details: { probeBytesPerSecond: number },
    });
    expect(code).toBe(0);
  });

  it('have copies to be compared with', (context) => {
    if (spawnSync('python3', ['--version']).status !== 0) return context.skip('there is no python3');
    const script = join(ROOT, 'scripts', 'gpu-check', 'kernels', 'copy-rate.py');
    const driver = builtStandin('driver', 'libcuda.so.1');
    const violations = join(folder, 'copy-violations.txt');
    const env = { ...process.env, ...standins(), TRTN_STANDIN_CUDA_VIOLATIONS: violations };
    const run = (task: object) =>
      spawnSync('python3', [script, JSON.stringify(task)], { env, encoding: 'utf8' });
    const { status, stdout, stderr } = run({ driver, ordinal: 0, bytes: [4096, 65_536], copies: 3 });
    expect([status, stderr]).toEqual([0, '']);
    expect((JSON.parse(stdout) as { milliseconds: number[] }).milliseconds).toEqual([number, number]);
    expect(existsSync(violations) ? readFileSync(violations, 'utf8') : '').toBe('');
    expect(run({ driver, ordinal: 7, bytes: [4096], copies: 3 })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cuDeviceGet failed: 101/),
    });
  });
});

/** A module that looks like TensorRT's official API, as far as peer.py uses it, for the engine "add". */
const PYTHON_API = `
from enum import Enum
__version__ = "11.2.1.6"
TensorIOMode = Enum("TensorIOMode", "INPUT OUTPUT")
DataType = Enum("DataType", "FLOAT")
class ILogger:
    class Severity: WARNING = 2
class Context:
    def set_input_shape(self, name, shape): return shape == [4, 16]
    def get_tensor_shape(self, name): return [4, 16]
    def set_tensor_address(self, name, address): return address != 0
    def execute_async_v3(self, stream): return stream != 0
class Engine:
    num_io_tensors = 3
    def get_tensor_name(self, index): return "abz"[index]
    def get_tensor_mode(self, name): return TensorIOMode.OUTPUT if name == "z" else TensorIOMode.INPUT
    def get_tensor_dtype(self, name): return DataType.FLOAT
    def create_execution_context(self): return Context()
class Runtime:
    def __init__(self, logger): pass
    def deserialize_cuda_engine(self, data): return Engine()
`;

describe('the comparison with the official Python API', () => {
  const compare = async (code: string): Promise<CheckResult> => {
    const python = mkdtempSync(join(folder, 'python-'));
    mkdirSync(join(python, 'tensorrt'));
    writeFileSync(join(python, 'tensorrt', '__init__.py'), code);
    const [, report] = await check(['timing.add'], { PYTHONPATH: python });
    return find(report, 'timing.add');
  };

  it('measures both in the same minutes', async () => {
    const { details } = await compare(PYTHON_API);
    expect(details).toMatchObject({
      peer: 'tensorrt 11.2.1.6',
      microseconds: {
        'binding.runSync()': { medianUs: number, p99Us: number, spread: number },
        'Python execute_async_v3': { medianUs: number },
        'Python CUDA graph': { medianUs: number },
      },
      ratioOursToPython: { plain: number, graph: number, awaited: number },
    });
  });

  it('is skipped with the reason where the API cannot run the engine; our own times are kept', async () => {
    const refused = PYTHON_API.replace('return Engine()', 'return None');
    const broken = await compare(refused);
    expect([broken.status, broken.reason]).toEqual([
      'skipped',
      'measured, but not compared: the Python peer ended: RuntimeError: the engine cannot be deserialised',
    ]);
    expect(broken.details).toMatchObject({ microseconds: { 'run()': { medianUs: number } } });
    const failing = await compare(PYTHON_API.replace('return stream != 0', 'return False'));
    expect([failing.status, failing.reason]).toEqual([
      'skipped',
      'measured, but not compared: the Python peer says: execute_async_v3 failed',
    ]);
  });
});
