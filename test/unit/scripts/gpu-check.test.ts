// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckContext } from '../../../scripts/gpu-check/check-context.mjs';
import {
  familyCheck,
  hostCheck,
  isSelected,
  planChecks,
  runCheck,
  SkippedCheck,
} from '../../../scripts/gpu-check/check.mjs';
import { librariesToCheck, listChecks, whyNot } from '../../../scripts/gpu-check/gpu-check.mjs';
import { GROUPS } from '../../../scripts/gpu-check/groups.mjs';
import { ENGINES, MODELS } from '../../../scripts/gpu-check/models.mjs';
import { fromHalf, relativeError, toHalf } from '../../../scripts/gpu-check/numbers.mjs';
import { checkSelection, parseOptions, UsageError } from '../../../scripts/gpu-check/options.mjs';
import { findPeerModule } from '../../../scripts/gpu-check/peer.mjs';
import { describeError, toPlain } from '../../../scripts/gpu-check/plain.mjs';
import { makeReport, reportText, writeReport } from '../../../scripts/gpu-check/report.mjs';
import { runGroup } from '../../../scripts/gpu-check/run-groups.mjs';
import { TensorRTError } from '../../../lib/errors';
import { readModelInfo } from '../../../lib/onnx';
import { temporaryFolder } from '../../temporary-folder';

const SCRIPT = new URL('../../../scripts/gpu-check.mjs', import.meta.url).pathname;

const nothing = async () => undefined;
const ignore = () => undefined;
const RTX = {
  family: 'tensorrt-rtx',
  version: '1.7.1',
  path: '/lib/libtensorrt_rtx.so.1',
  usable: true,
  reason: null,
};
const FULL = { ...RTX, family: 'tensorrt-11', version: '11.2.1', path: 'libnvinfer.so.11' };

describe('the choice of checks', () => {
  const group = {
    name: 'group',
    checks: [
      hostCheck('once', 'one', nothing),
      familyCheck('each', 'two', nothing),
      familyCheck('rtx', 'three', nothing, { families: ['tensorrt-rtx'] }),
    ],
  };
  const ids = (libraries: { family: string }[]) => planChecks(group, libraries).map(({ id }) => id);

  it('makes a check once for each family that has what is checked', () => {
    expect(ids([FULL, RTX])).toEqual([
      'group.once',
      'group.each@tensorrt-11',
      'group.each@tensorrt-rtx',
      'group.rtx@tensorrt-rtx',
    ]);
    expect(ids([FULL])).toEqual(['group.once', 'group.each@tensorrt-11']);
  });

  it('lists a check without a family where there is none, so that the report names it', () => {
    expect(ids([])).toEqual(['group.once', 'group.each', 'group.rtx']);
  });

  it.each([
    [[], true],
    [['group'], true],
    [['group.each'], true],
    [['group.each@tensorrt-11'], true],
    [['group.each@tensorrt-10'], false],
    [['other'], false],
  ])('--only %j', (only, expected) => {
    expect(isSelected('group.each@tensorrt-11', only)).toBe(expected);
  });

  it('takes the first usable library of each family, and of the families that were asked for', () => {
    const broken = { ...FULL, path: '/old', usable: false, reason: 'too old' };
    const environment = { tensorrt: [broken, FULL, RTX, { ...RTX, family: null }] };
    expect(librariesToCheck(environment, [])).toEqual([FULL, RTX]);
    expect(librariesToCheck(environment, ['tensorrt-rtx'])).toEqual([RTX]);
    expect(librariesToCheck({ tensorrt: [broken] }, [])).toEqual([broken]);
    expect(librariesToCheck(null, [])).toEqual([]);
  });

  it('says why a check cannot be made', () => {
    const check = familyCheck('one', 'holds', nothing);
    const group = (needs: 'gpu' | 'builder') => ({ name: '', title: '', checks: [], needs });
    const usable = { gpu: { usable: true, reason: null } };
    const missing = { gpu: { usable: false, reason: 'no driver' } };
    const host = { unusable: new Map(), isBuilding: true };
    const why = (environment: object | null, library: object | null, others = {}) =>
      whyNot(group('gpu'), { check, library }, { ...host, environment, ...others });
    expect(why(missing, RTX)).toBe('no driver');
    expect(why(usable, null)).toBe('no TensorRT library was found');
    expect(why(usable, { ...RTX, usable: false, reason: 'broken' })).toBe('broken');
    const unusable = new Map([['tensorrt-rtx', 'facts.runs failed']]);
    expect(why(usable, RTX, { unusable })).toBe('facts.runs failed');
    expect(why(usable, RTX)).toBeNull();
    const builder = (isBuilding: boolean) =>
      whyNot(group('builder'), { check, library: RTX }, { ...host, environment: missing, isBuilding });
    expect([builder(true), builder(false)]).toEqual([null, '--no-build']);
    expect(why(null, RTX)).toContain('environment');
  });

  it('has ids that are unique', () => {
    const all = listChecks();
    expect(new Set(all).size).toBe(all.length);
    for (const { name } of GROUPS) expect(all.some((id) => id.startsWith(`${name}.`))).toBe(true);
  });
});

describe('the command line', () => {
  it('has defaults', () => {
    expect(parseOptions([])).toMatchObject({
      device: 'cuda:0',
      quick: false,
      only: [],
      'allow-no-gpu': false,
    });
  });

  it.each([
    [['--device', 'gpu0'], '--device takes cuda:<N>, not gpu0.'],
    [['--family', 'tensorrt-9'], '--family takes one of'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
    expect(() => parseOptions(args)).toThrow(UsageError);
  });

  it('knows which checks there are', () => {
    expect(() => checkSelection(['build', 'build.mlp', 'build.mlp@tensorrt-10'], GROUPS)).not.toThrow();
    expect(() => checkSelection(['build.nonsense'], GROUPS)).toThrow('there is no such group or check');
    expect(() => checkSelection(['build.mlp@cuda'], GROUPS)).toThrow(UsageError);
  });

  it('ends with 2 and one line where it is used wrongly', () => {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--device', 'x'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, '--device takes cuda:<N>, not x.\n']);
  });
});

describe('one check', () => {
  const context = (api = { TensorRTError }) =>
    new CheckContext({
      api,
      device: 'cuda:0',
      library: RTX,
      settings: { folder: '', quick: true, isBuilding: false, environment: {} },
    });
  const outcome = async (run: (t: CheckContext) => Promise<void>) =>
    runCheck({ id: 'group.one', check: hostCheck('one', 'holds', run) }, context());

  it('passes with its notes', async () => {
    const result = await outcome(async (t) => t.note('count', 3n));
    expect(result).toMatchObject({ id: 'group.one', group: 'group', status: 'passed', reason: null });
    expect(result.details).toEqual({ count: 3 });
  });

  it('fails with code, message and log lines', async () => {
    const log = [{ severity: 'error', message: 'from TensorRT', count: 1 }];
    const result = await outcome(async () => {
      throw new TensorRTError('ERR_TRT_RUN_FAILED', 'no run', { details: { log, input: 'x' } });
    });
    expect(result).toMatchObject({ status: 'failed', reason: 'ERR_TRT_RUN_FAILED: no run' });
    expect(result.details.error).toMatchObject({ log: ['error: from TensorRT'], details: { input: 'x' } });
  });

  it('is skipped with a reason', async () => {
    const result = await outcome(async (t) => t.skip('not here'));
    expect(result).toMatchObject({ status: 'skipped', reason: 'not here' });
    expect(() => context().skip('x')).toThrow(SkippedCheck);
  });

  it('is skipped where it needs a build and none is wanted', async () => {
    const result = await outcome(async (t) => t.build('add'));
    expect(result).toMatchObject({ status: 'skipped', reason: expect.stringContaining('--no-build') });
  });

  it('closes what it owns, last first, and fails where that fails', async () => {
    const closed: number[] = [];
    const result = await outcome(async (t) => {
      t.own({ close: () => closed.push(1) });
      t.own({ close: () => Promise.reject(new Error('stuck')) });
      t.own({ close: () => closed.push(3) });
    });
    expect(closed).toEqual([3, 1]);
    expect(result).toMatchObject({ status: 'failed', reason: 'closing failed: stuck' });
  });

  it('expects errors of one class with one of the codes', async () => {
    const t = context();
    const refuse = () => {
      throw new TensorRTError('ERR_TRT_RUN_CLOSED', 'closed');
    };
    await expect(t.expectError('ERR_TRT_RUN_CLOSED', refuse)).resolves.toMatchObject({ message: 'closed' });
    await expect(t.expectError('ERR_TRT_RUN', refuse)).rejects.toThrow('got ERR_TRT_RUN_CLOSED');
    await expect(t.expectError(/^ERR/, nothing)).rejects.toThrow('nothing was thrown');
    const untyped = () => Promise.reject(Object.assign(new Error('x'), { code: 'ERR_TRT_RUN_CLOSED' }));
    await expect(t.expectError('ERR_TRT_RUN_CLOSED', untyped)).rejects.toThrow('expected');
  });

  it('is skipped where what an expected error needs is not there', async () => {
    const result = await outcome(async (t) => {
      await t.expectError(/./, () => t.build('add'));
    });
    expect(result).toMatchObject({ status: 'skipped', reason: expect.stringContaining('--no-build') });
  });

  it('compares outputs with the reference, dims included', () => {
    const t = context();
    const feeds = MODELS.add.feeds(4, 1);
    const { z } = MODELS.add.expected(feeds);
    const good = { ...z, data: Float32Array.from(z.data), type: 'float32' };
    expect(() => t.expectOutputs('add', feeds, { z: good })).not.toThrow();
    expect(() => t.expectOutputs('add', feeds, { z: { ...good, dims: [64] } })).toThrow('dims of "z"');
    expect(() => t.expectOutputs('add', feeds, {})).toThrow('"z" is missing');
    good.data[7] = 9;
    expect(() => t.expectOutputs('add', feeds, { z: good })).toThrow('relative error');
    good.data[7] = NaN;
    expect(() => t.expectOutputs('add', feeds, { z: good })).toThrow('Infinity');
  });
});

/** A child that does what the names of its checks say. */
const CHILD = `
process.once('message', async ({ checks }) => {
  for (const { id } of checks) {
    process.send({ kind: 'started', id });
    if (id.endsWith('crash')) { process.stderr.write('last words'); process.kill(process.pid, 'SIGSEGV'); }
    if (id.endsWith('leave')) process.exit(0);
    if (id.endsWith('hang')) await new Promise((resolve) => setTimeout(resolve, 1e6));
    const [group] = id.split('.');
    process.send({ kind: 'finished', result: { id, group, title: '', status: 'passed', reason: null, details: {}, durationMs: 1 } });
  }
  process.disconnect();
});
`;

describe('the process of a group', () => {
  const outcomes = async (names: string[], code = CHILD) => {
    const child = join(temporaryFolder(), 'child.cjs');
    writeFileSync(child, code);
    const checks = names.map((name) =>
      hostCheck(name, name, nothing, { limitSeconds: name === 'hang' ? 1 : 60 }),
    );
    const { results } = await runGroup(planChecks({ name: 'g', checks }, []), {}, ignore, { child });
    return Object.fromEntries(
      results.map(({ id, reason, details }) => [id, reason ?? details.stderr ?? 'passed']),
    );
  };

  it('ends by itself, which is a result too', async () => {
    expect(await outcomes(['a', 'b'])).toEqual({
      'g.a': 'passed',
      'g.b': 'passed',
      'g.process-ends': 'passed',
    });
  });

  it('is started again after a crash, for the other checks', async () => {
    expect(await outcomes(['a', 'crash', 'b', 'leave', 'c'])).toEqual({
      'g.a': 'passed',
      'g.crash': 'the process ended by signal SIGSEGV',
      'g.b': 'passed',
      'g.leave': 'the process ended during the check',
      'g.c': 'passed',
      'g.process-ends': 'passed',
    });
  });

  it('is killed where a check takes too long', async () => {
    const found = await outcomes(['hang', 'a']);
    expect(found).toMatchObject({ 'g.hang': 'the check took more than 1 s', 'g.a': 'passed' });
  });

  it('keeps what it printed', async () => {
    const child = join(temporaryFolder(), 'child.cjs');
    writeFileSync(child, CHILD);
    const planned = planChecks({ name: 'g', checks: [hostCheck('crash', '', nothing)] }, []);
    const { results } = await runGroup(planned, {}, ignore, { child });
    expect(results[0]!.details).toEqual({ stderr: 'last words' });
  });

  it('fails every check where it does not even start', async () => {
    const found = await outcomes(['a', 'b'], 'process.exit(3)');
    expect(found).toMatchObject({
      'g.a': 'the process ended by exit code 3',
      'g.b': 'the process ended by exit code 3',
    });
  });
});

describe('the report', () => {
  const check = (id: string, status: string, reason: string | null = null, details = {}) => ({
    ...{ id, group: id.split('.')[0], title: 'a | b', status, reason, details, durationMs: 5 },
  });
  const report = (checks: object[], usable: boolean, options = {}) => {
    const gpu = usable ? { usable, reason: null, name: 'NVIDIA H200' } : { usable, reason: 'no driver' };
    const made = { results: checks, options: { 'allow-no-gpu': false, ...options }, started: 0, ended: 1000 };
    return makeReport({ ...made, environment: { gpu } });
  };

  it('has an exit code of 0 only if something was proven and nothing failed', () => {
    const good = [check('build.a', 'passed'), check('build.b', 'skipped', 'no')];
    const bad = [...good, check('build.c', 'failed', 'x')];
    expect(report(good, true).exitCode).toBe(0);
    expect(report(bad, true).exitCode).toBe(1);
    expect(report(good, false).exitCode).toBe(1);
    expect(report(good, false, { 'allow-no-gpu': true }).exitCode).toBe(0);
    expect(report(bad, false, { 'allow-no-gpu': true }).exitCode).toBe(1);
    expect(report(bad, true).totals).toEqual({ checks: 3, passed: 1, failed: 1, skipped: 1 });
  });

  it('is one JSON file, and one for people that leads with the failures', () => {
    const error = { message: 'm', log: ['error: from TensorRT'], stack: 'at x' };
    const made = report([check('build.a', 'failed', 'ERR: m', { error })], true);
    made.environment = null;
    const text = reportText({ ...made, gpuUsed: false });
    expect(text).toContain('### build.a');
    expect(text).toContain('error: from TensorRT');
    expect(text).toContain('| failed | `build.a` | a \\| b |');
    const [json] = writeReport({ ...made, gpuUsed: false }, temporaryFolder());
    expect(json).toMatch(/gpu-check-no-gpu-1970-01-01\.json$/);
    expect(JSON.parse(readFileSync(json!, 'utf8'))).toMatchObject({
      schemaVersion: 1,
      checks: [{ id: 'build.a' }],
    });
  });

  it('holds values that JSON has no words for', () => {
    const cycle: Record<string, unknown> = {
      big: 1n,
      huge: 2n ** 70n,
      nan: NaN,
      list: new Float32Array(100),
    };
    cycle.self = cycle;
    const plain = JSON.parse(JSON.stringify(toPlain(cycle)));
    expect(plain).toMatchObject({ big: 1, huge: String(2n ** 70n), nan: 'NaN' });
    expect(plain.list).toHaveLength(65);
    expect(describeError('text')).toEqual({ message: 'thrown: text' });
  });
});

describe('models and numbers', () => {
  it.each(Object.keys(ENGINES))('%s is a model that the reader takes', async (name) => {
    const info = await readModelInfo(ENGINES[name as keyof typeof ENGINES].model());
    expect(info.inputs.length).toBeGreaterThan(0);
  });

  it('knows half precision', () => {
    const known: [number, number][] = [
      [0, 0],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [1e6, 0x7c00],
      [2 ** -24, 1],
      [2 ** -14, 0x400],
      [0.1, 0x2e66],
      [2048 + 1, 0x6800],
      [2048 + 3, 0x6802],
      [4095.9, 0x6c00],
    ];
    for (const [value, bits] of known) expect([value, toHalf(value)]).toEqual([value, bits]);
    for (let bits = 0; bits < 0x7c00; bits++) expect(toHalf(fromHalf(bits))).toBe(bits);
    expect(fromHalf(toHalf(NaN))).toBeNaN();
  });

  it('never takes NaN, or another length, for close', () => {
    expect(relativeError([1, 2], [1, 2])).toBe(0);
    expect(relativeError([1, NaN], [1, 2])).toBe(Infinity);
    expect(relativeError([1], [1, 2])).toBe(Infinity);
    expect(relativeError([], [])).toBe(0);
    expect(relativeError([3n], [4n])).toBe(0.25);
  });

  it('compares with the same version of the official API alone', () => {
    const modules = { tensorrt: '11.2.1.7', tensorrt_rtx: null, tensorrt_rtx_bindings: '1.6.0.1' };
    expect(findPeerModule(FULL, { modules })).toEqual({ module: 'tensorrt', version: '11.2.1.7' });
    expect(findPeerModule(RTX, { modules })).toMatchObject({ reason: expect.stringContaining('1.6.0.1') });
    expect(findPeerModule(FULL, { modules: {} })).toMatchObject({ reason: 'Python has none of tensorrt' });
  });
});
