// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../../../lib/bench/result';
import { sampleResult } from '../../../bench-documents';
import { runFake } from '../fake-cli';

let folder = '';
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-compare-'));
  const result = sampleResult();
  const write = (name: string, document: unknown) => writeFile(file(name), JSON.stringify(document));
  await write('a.json', result);
  await write('same.json', result);
  await write('slow.json', slowed(result, 3));
  await write('other.json', { ...result, modelSha256: '00'.repeat(32) });
  await write('failed.json', {
    ...result,
    end: 'failed',
    error: { code: 'ERR_TRT_RUN_FAILED', message: 'the device is gone' },
  });
  await write('short.json', { ...result, blocks: result.blocks.slice(0, 3) });
  await write('old.json', { ...result, schemaVersion: 0 });
  await write('error.json', { error: { code: 'X', message: 'it broke' } });
});
afterAll(() => rm(folder, { recursive: true }));

/** The same measurement with every latency `doublings` times twice as long: 2,048 buckets are one doubling. */
function slowed(result: BenchResult, doublings: number): BenchResult {
  const factor = 2 ** doublings;
  const scaled = Object.fromEntries(
    Object.entries(result.latencyMs).map(([name, value]) => [
      name,
      typeof value === 'number' ? value * factor : value,
    ]),
  ) as unknown as BenchResult['latencyMs'];
  return {
    ...result,
    latencyMs: { ...scaled, count: result.latencyMs.count },
    blocks: result.blocks.map((block) => ({
      ...block,
      meanMs: block.meanMs * factor,
      p50Ms: block.p50Ms * factor,
      p99Ms: block.p99Ms * factor,
      maxMs: block.maxMs * factor,
      histogram: block.histogram.map((part, index) => (index % 2 === 0 ? part + doublings * 2048 : part)),
    })),
  };
}

const compare = (line: string) =>
  runFake(['compare', ...line.split(' ').map((word) => (/^\w+\.\w+$/.test(word) ? file(word) : word))]);

describe('compare', () => {
  it('says that no difference is seen where there is none, and ends with 0', async () => {
    const { code, stdout, stderr } = await compare('a.json same.json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^no difference seen {2}/);
    expect(stdout).toMatch(/p50 +[\d.]+ +[\d.]+ +ms +\+0\.0 %/);
  });

  it('sees what is slower, and ends with 0 where nobody asked it to fail', async () => {
    const { code, stdout } = await compare('a.json slow.json');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^slower {2}/);
    expect(stdout).toContain('+700.0 %');
  });

  it('ends with 1 where a condition holds, with 0 where none does', async () => {
    const failed = await compare('a.json slow.json --fail-if p90>+5%,throughput<-90% --fail-if p50>1000ms');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/holds +p90>\+5%/);
    expect(failed.stdout).toMatch(/passes +throughput<-90%/);
    expect((await compare('a.json same.json --fail-if p90>+5%')).code).toBe(0);
  });

  it('prints the comparison as JSON, with the conditions', async () => {
    const { code, stdout, stderr } = await compare(
      'a.json slow.json --json --metric p90 --threshold 2% --fail-if p90>+5%',
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'comparison',
      primary: 'p90',
      thresholdPercent: 2,
      verdict: 'slower',
      a: { name: file('a.json') },
      conditions: [{ holds: true, condition: { text: 'p90>+5%' } }],
    });
  });

  it('writes what it found in the format of each file', async () => {
    const outputs = ['json', 'md', 'html', 'xml'].flatMap((ending) => ['-o', file(`out.${ending}`)]);
    await runFake(['compare', file('a.json'), file('slow.json'), '--fail-if', 'p90>+5%', ...outputs]);
    const read = (ending: string) => readFile(file(`out.${ending}`), 'utf8');
    expect(JSON.parse(await read('json'))).toMatchObject({ kind: 'comparison' });
    expect(await read('md')).toMatch(/\*\*slower\*\*[\s\S]*\*\*fails\*\*/);
    expect(await read('html')).toMatch(/^<!doctype html>/i);
    expect(await read('xml')).toMatch(/<failure type="condition" message="p90 changed by/);
  });

  it('shows and writes the comparison also where a condition cannot be checked', async () => {
    const path = file('unchecked.md');
    const line = ['compare', file('a.json'), file('same.json'), '--fail-if', 'p9999>+5%', '-o', path];
    const { code, stdout, stderr } = await runFake(line);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^no difference seen/);
    expect(stderr).toMatch(/"p9999>\+5%" can never hold[\s\S]*ERR_TRT_ARG_VALUE/);
    expect(await readFile(path, 'utf8')).toContain('no difference seen');
    const json = await runFake([...line, '--json']);
    expect(json).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'comparison',
      error: { code: 'ERR_TRT_ARG_VALUE' },
    });
  });

  it('ends with 1 where a side failed, whatever the conditions say, and tells why', async () => {
    const { code, stdout } = await compare('a.json failed.json --fail-if p50>1000ms');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^not judged/);
    expect(stdout).toMatch(/undecided +p50>1000ms/);
    expect(stdout).toMatch(/warning +B, .*the device is gone/);
    expect((await compare('failed.json a.json')).code).toBe(1);
  });

  it('ends with 1 for what could not be decided only where that is required', async () => {
    const undecided = await compare('a.json short.json');
    expect(undecided.code).toBe(0);
    expect(undecided.stdout).toMatch(/^not judged/);
    expect((await compare('a.json short.json --require-decided')).code).toBe(1);
    expect((await compare('a.json same.json --require-decided --fail-if p50>+50%')).code).toBe(0);
  });

  it('calls the columns by the files, and warns after the table', async () => {
    const { stdout } = await compare('a.json slow.json');
    expect(stdout).toMatch(/A a\.json +B slow\.json/);
    expect(stdout.indexOf('warning')).toBeGreaterThan(stdout.indexOf('p50 '));
  });

  it('refuses what cannot be compared unless it is forced', async () => {
    const refused = await compare('a.json other.json');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ERR_TRT_BENCH_INCOMPARABLE');
    const forced = await compare('a.json other.json --force');
    expect(forced.code).toBe(0);
    expect(forced.stdout).toMatch(/differs {2}model/);
    expect((await compare('a.json other.json --ignore model')).code).toBe(0);
  });

  it.each([
    ['a.json old.json', 1, 'ERR_TRT_BENCH_RESULT', /schema version 1 .* it has version 0/],
    ['a.json error.json', 1, 'ERR_TRT_BENCH_RESULT', /it broke/],
    ['a.json absent.json', 1, 'ERR_TRT_LOAD_FILE', /absent\.json/],
    ['a.json same.json --fail-if p99', 2, 'ERR_TRT_ARG_USAGE', /--fail-if/],
    ['a.json same.json --fail-if p9999>+5%', 2, 'ERR_TRT_ARG_VALUE', /p9999/],
    ['a.json same.json --fail-if p42>+5%', 2, 'ERR_TRT_ARG_VALUE', /p42/],
    ['a.json same.json --fail-if max>+5%', 2, 'ERR_TRT_ARG_USAGE', /one single latency/],
    ['a.json same.json --fail-if throughput<3%', 2, 'ERR_TRT_ARG_USAGE', /throughput<-3%/],
    ['a.json same.json --ignore modle', 2, 'ERR_TRT_ARG_USAGE', /Did you mean "model"/],
    ['a.json same.json --threshold x', 2, 'ERR_TRT_ARG_USAGE', /--threshold expects percent/],
    ['a.json same.json -o table.csv', 2, 'ERR_TRT_ARG_USAGE', /no form as \.csv/],
    ['a.json same.json --trace', 2, 'ERR_TRT_ARG_USAGE', /not an option/],
    ['a.json', 2, 'ERR_TRT_ARG_USAGE', /needs a result of bench: what is judged/],
  ])('%s ends with %i and %s', async (line, code, errorCode, message) => {
    const ended = await compare(line);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(errorCode);
    expect(ended.stderr).toMatch(message);
  });
});
