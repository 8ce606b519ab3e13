// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../../lib/errors';
import { writeNpy } from '../../../../lib/tensor/npy';
import { temporaryFolder } from '../../../temporary-folder';
import { fakeBench } from '../fake-bench';
import { runFake } from '../fake-cli';

const wrongUsage = async (line: string) => {
  const { code, stderr } = await runFake(line, fakeBench());
  expect(code).toBe(2);
  return stderr;
};

describe('wrong usage of bench', () => {
  it.each([
    [
      '--duration 3',
      /expects a duration with its unit, but 3 has none[\s\S]*--duration 3s for seconds or --duration 3ms/,
    ],
    ['--duration=-3s', /cannot be negative/],
    ['--duration 0ms', /expects a duration above zero/],
    ['--concurrency 1:100000', /whole numbers from 1 to 65536.* but got '1:100000', which reaches 100000/],
    ['--concurrency 1:1000', /1:1000 are 1,000 values; 200 is the most/],
    ['--concurrency 0', /--concurrency expects whole numbers from 1 to 65536.* got '0'/],
    ['--concurrency 4:1', /the range 4:1 has no end/],
    ['--rate 0', /--rate expects numbers above 0/],
    ['--rate fast', /got 'fast'/],
    ['--contexts 257', /256/],
    ['--device cpu,cpu', /--device names cpu twice/],
    ['--precision fp8', /--precision expects some of fp32, fp16, bf16, int8, but got 'fp8'/],
    ['--precision fp16,fp16=a.onnx', /--precision names fp16 twice/],
    ['--percentile 0', /above 0 and up to 100/],
    ['--stability-latency p999', /Write --stability-latency p99\.9/],
    ['--stability-latency max', /expects mean or a percentile such as p50, p99 or p99\.9, but got 'max'/],
    ['--latency-limit max=10ms', /expects mean or a percentile such as p50/],
    ['--latency-limit p99', /Write for example --latency-limit p99=10ms/],
    ['--latency-limit p99=10', /duration with its unit/],
    [
      '--concurrency 1 --rate 5',
      /--concurrency starts a call when one before it has ended, --rate when the clock/,
    ],
    ['--concurrency 1 --schedule a.txt', /--schedule when the clock says/],
    ['--concurrency 1 --latency-limit p99=1ms', /Give one of them/],
    ['--schedule a.txt --rate 5', /a rate cannot be given beside it/],
    ['--arrivals poisson', /--arrivals says how calls of --rate are spread/],
    ['--max-in-flight 4', /Write --concurrency 4/],
    ['--latency-limit p99=1ms --rate 1,2', /searches the rate itself/],
    ['--latency-limit p99=1ms --batch 1,2', /--latency-limit takes one case, and there are 2 cases/],
    ['--latency-limit p99=1ms --trace t.json', /--trace shows one measurement/],
    ['--batch 1,2 --trace t.json', /--trace takes one case, and there are 2 cases/],
    ['--pipelined --no-pipelined', /contradict each other/],
    ['--fail-if p99>+5%', /--fail-if is about a comparison/],
    ['--rounds 5', /--rounds is about a comparison/],
    ['--trtexec-compat 9', /one of 10, 11/],
    ['--input x=noise', /no source of data/],
  ])('%s', async (line, message) => expect(await wrongUsage(`bench m.onnx ${line}`)).toMatch(message));

  it.each([
    ['--infStreams=2', '--contexts 2 --concurrency 2'],
    ['--useCudaGraph', '--cuda-graph on'],
    ['--noDataTransfers', '--no-transfers'],
    ['--useSpinWait', '--spin-wait'],
    ['--request-rate-range 10:100:10', '--rate 10:100:10'],
    ['--concurrency-range 1:4', '--concurrency 1:4'],
    ['--latency-threshold 10', '--latency-limit p99=10ms'],
    ['--stability-percentage 5', '--stability-percent 5'],
    ['--batch-size 4', '--batch 4'],
    ['-b 4', '--batch 4'],
    ['--batch-size', '--batch 8'],
    ['--exportTimes=a.json', '--trace a.json'],
    ['--html report.html', '-o report.html'],
    ['--warmUp=200', '--warm-up'],
  ])('%s of another tool is answered with %s', async (line, advice) => {
    expect(await wrongUsage(`bench m.onnx ${line}`)).toContain(advice);
  });

  it('answers all options of another tool at once', async () => {
    const stderr = await wrongUsage('bench m.onnx --infStreams=3 --useSpinWait --xyzzyplugh');
    expect(stderr).toContain('--infStreams, --useSpinWait, --xyzzyplugh are not options of this command');
    expect(stderr).toContain('--infStreams: Write --contexts 3 --concurrency 3');
    expect(stderr).toContain('--useSpinWait: Write --spin-wait');
    expect(stderr).toContain('--xyzzyplugh: there is nothing like it');
  });
});

describe('models and data that do not fit', () => {
  it('tells how to save an array of another type', async () => {
    const path = join(temporaryFolder(), 'double.npy');
    await writeNpy(path, { type: 'float64', dims: [1, 3], data: new Float64Array(3) });
    const { stderr } = await runFake(['bench', 'm.onnx', '--input', `x=@${path}`], fakeBench());
    expect(stderr).toMatch(/double\.npy is float64; the model wants float32 for 'x'/);
    expect(stderr).toContain('Save it with .astype(np.float32).');
  });

  it('tells that the CPU has no kernels for bf16', async () => {
    const world = fakeBench();
    const createSession = (model: unknown, options: never) => {
      if (String(model).includes('bf16'))
        throw new TensorRTError(
          'ERR_TRT_RUN_FAILED',
          'NOT_IMPLEMENTED : Could not find an implementation for Gemm',
        );
      return (world.api.createSession as never as (model: unknown, options: never) => unknown)(
        model,
        options,
      );
    };
    const api = {
      ...world.api,
      createSession: (async (...args: [unknown, never]) => createSession(...args)) as never,
    };
    const { stdout, stderr } = await runFake('bench m.onnx --precision fp32=m.onnx,bf16=bf16.onnx', { api });
    expect(stdout + stderr).toContain("ONNX Runtime's CPU has no bfloat16 kernels for this model");
  });

  it('says which options the CPU does not have', async () => {
    const { code, stderr } = await runFake('bench m.onnx --profile 0 --plugins a.so', fakeBench());
    expect(code).toBe(0);
    expect(stderr).toContain('--profile, --plugins: only GPUs have that; without effect on the CPU');
    expect((await runFake('bench m.onnx', fakeBench())).stderr).not.toContain('without effect');
  });
});
