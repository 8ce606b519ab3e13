// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../../lib/cli/args/parse-arguments';
import { buildOptionTable, toBuildOptions } from '../../../../lib/cli/build/build-arguments';
import { adviseTrtexecOption } from '../../../../lib/cli/build/trtexec-options';

const read = (line: string) =>
  toBuildOptions(parseArguments(line === '' ? [] : line.split(' '), buildOptionTable, adviseTrtexecOption));
const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE', message: expect.stringMatching(message) });

describe('profiles', () => {
  it('makes one profile of --min-shapes, --opt-shapes and --max-shapes', () => {
    const line =
      '--min-shapes images:1x3x8x8,ids:1x1 --opt-shapes images:2x3x8x8,ids:1x8 --max-shapes images:4x3x8x8,ids:1x16';
    expect(read(line).profiles).toEqual([
      {
        images: { min: [1, 3, 8, 8], opt: [2, 3, 8, 8], max: [4, 3, 8, 8] },
        ids: { min: [1, 1], opt: [1, 8], max: [1, 16] },
      },
    ]);
  });

  it('takes --shapes for all three', () => {
    expect(read('--shapes x:4x3').profiles).toEqual([{ x: { min: [4, 3], opt: [4, 3], max: [4, 3] } }]);
  });

  it('begins another profile at --profile, in the order of the numbers', () => {
    expect(read('--profile 1 --shapes x:8 --profile=0 --shapes x:1').profiles).toEqual([
      { x: { min: [1], opt: [1], max: [1] } },
      { x: { min: [8], opt: [8], max: [8] } },
    ]);
  });

  it('takes values of shape tensors beside shapes of others', () => {
    expect(
      read('--shapes x:1x3 --min-values size:1x1 --opt-values size:8x8 --max-values size:16x16').profiles,
    ).toEqual([
      {
        x: { min: [1, 3], opt: [1, 3], max: [1, 3] },
        size: { values: { min: [1, 1], opt: [8, 8], max: [16, 16] } },
      },
    ]);
  });

  it.each([
    ['--min-shapes x:1', /Input 'x' lacks --opt-shapes and --max-shapes/],
    ['--shapes x:1 --min-shapes x:2', /min shapes of input 'x' are given twice/],
    ['--profile 1 --shapes x:1', /a --profile 1 but no --profile 0/],
    ['--shapes x:1 --values x:1', /both shapes and values/],
    [
      '--shapes x:1 --profile 1 --min-shapes x:1 --opt-shapes x:1',
      /Input 'x' of profile 1 lacks --max-shapes/,
    ],
  ])('refuses %s', (line, message) => expect(() => read(line)).toThrow(usage(message)));
});

describe('options of the builder', () => {
  it('sets nothing that was not written', () => expect(read('')).toEqual({}));

  it('passes everything on under its name', () => {
    const line =
      '--runtime tensorrt-rtx --lib /opt/trt --precision fp16 --workspace 1GiB --tactic-shared-memory 48KiB --optimization-level 0 ' +
      '--timing-cache t.bin --cache-dir c --hardware-compatibility ampere+ --version-compatible --exclude-lean-runtime ' +
      '--compute-capability 86,current --profiling-verbosity detailed --weight-streaming --refit identical --strip-plan ' +
      '--sparsity --disable-tf32 --max-aux-streams 0 --isolation thread --allow-type-changes --log-level info ' +
      '--dynamic-axes batch=1,8,32 --dynamic-axes seq=128';
    expect(read(line)).toEqual({
      runtime: 'tensorrt-rtx',
      libraryPath: '/opt/trt',
      precision: 'fp16',
      workspaceBytes: 2 ** 30,
      tacticSharedMemoryBytes: 49_152,
      optimizationLevel: 0,
      timingCache: 't.bin',
      cacheDir: 'c',
      hardwareCompatibility: 'ampere+',
      versionCompatible: true,
      excludeLeanRuntime: true,
      computeCapabilities: [86, 'current'],
      profilingVerbosity: 'detailed',
      weightStreaming: true,
      refit: 'identical',
      stripPlan: true,
      sparseWeights: true,
      disableTf32: true,
      maxAuxStreams: 0,
      isolation: 'thread',
      allowTypeChanges: true,
      logSeverity: 'info',
      dynamicAxes: { batch: [1, 8, 32], seq: 128 },
    });
  });

  it('refuses a symbol that is named twice', () => {
    expect(() => read('--dynamic-axes b=1 --dynamic-axes b=2')).toThrow(usage(/names 'b' twice/));
  });
});

describe("trtexec's options", () => {
  it.each([
    ['--fp16', /--precision fp16/],
    ['--best', /the precision that you want, such as --precision fp16/],
    ['--saveEngine=m.engine', /Write -o model\.engine/],
    ['--calib=c.cache', /Write --calibration inputs\.npy/],
    ['--memPoolSize=workspace:1024', /--workspace 1GiB/],
  ])('%s says what to write instead', (line, hint) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE', hint: expect.stringMatching(hint) }),
    );
  });

  it.each([
    ['--minShapes', '--min-shapes'],
    ['--versionCompatible', '--version-compatible'],
  ])('%s is found as %s', (wrong, right) => {
    expect(() => read(`${wrong}=x:1`)).toThrow(usage(new RegExp(`did you mean ${right}\\?`)));
  });
});
