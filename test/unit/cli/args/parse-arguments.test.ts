// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { flag, option, optionName, repeated } from '../../../../lib/cli/args/option';
import { parseArguments } from '../../../../lib/cli/args/parse-arguments';
import { parseText } from '../../../../lib/cli/values/basic';

const table = {
  output: option('<file>', 'where it goes', parseText, 'o'),
  warmUp: option('<time>', 'a time', parseText),
  input: repeated('<x>', 'inputs', parseText),
  json: flag('document'),
};

const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE', message: expect.stringMatching(message) });

describe('parseArguments', () => {
  it('reads options in both forms, in any order, around positionals', () => {
    const { options, positionals } = parseArguments(
      ['-o', 'a', 'm.onnx', '--warm-up=1s', '--input', 'x', '--input=y', '--json'],
      table,
    );
    expect(options).toEqual({ output: 'a', warmUp: '1s', input: ['x', 'y'], json: true });
    expect(positionals).toEqual(['m.onnx']);
  });

  it('gives flags false and repeated options an empty list where they are absent', () => {
    expect(parseArguments([], table).options).toEqual({ input: [], json: false });
  });

  it('keeps the order of options', () => {
    const { occurrences } = parseArguments(['--input', 'a', '-o', 'b', '--input', 'c'], table);
    expect(occurrences.map(({ key, value }) => `${key}=${String(value)}`)).toEqual([
      'input=a',
      'output=b',
      'input=c',
    ]);
  });

  it('takes what follows -- as positionals', () => {
    expect(parseArguments(['--', '--json'], table)).toMatchObject({
      positionals: ['--json'],
      options: { json: false },
    });
  });

  it.each([
    ['--ouput', '--output'],
    ['--warmUp', '--warm-up'],
    ['--inputs', '--input'],
  ])('names the nearest option for %s', (wrong, nearest) => {
    expect(() => parseArguments([wrong, 'x'], table)).toThrow(
      usage(new RegExp(`did you mean ${nearest}\\?`)),
    );
  });

  it('names no option where none is near', () => {
    expect(() => parseArguments(['--xyzzy'], table)).toThrow(
      usage(/^--xyzzy is not an option of this command$/),
    );
  });

  it('gives the advice for options of other tools', () => {
    const advise = (name: string) => (name === 'saveEngine' ? 'Write -o model.engine' : undefined);
    expect(() => parseArguments(['--saveEngine=x'], table, advise)).toThrow(
      expect.objectContaining({ hint: 'Write -o model.engine' }),
    );
  });

  it.each([
    [['-o'], /-o needs a value: -o <file>/],
    [['--output', '--json'], /--output needs a value, but --json follows/],
    [['--json=yes'], /--json takes no value/],
    [['--output='], /expects a value, but got an empty one/],
  ])('refuses %j', (args, message) => {
    expect(() => parseArguments(args, table)).toThrow(usage(message));
  });

  it('takes a value that looks like an option after =', () => {
    expect(parseArguments(['--output=--json'], table).options.output).toBe('--json');
  });

  it('writes keys as options', () => expect(optionName('maxAuxStreams')).toBe('max-aux-streams'));
});
