// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { commandList } from '../../../lib/cli/command-list';
import { TensorRTError } from '../../../lib/errors';
import { runFake } from './fake-cli';

const ESCAPE = '\u001b';

describe('tensorrt-node', () => {
  it('prints its version, also as JSON', async () => {
    expect(await runFake('--version')).toEqual({ code: 0, stdout: '9.8.7\n', stderr: '' });
    expect(JSON.parse((await runFake('--version --json')).stdout)).toEqual({ version: '9.8.7' });
  });

  it.each(['--help', '-h', 'help'])('lists every command for %s', async (line) => {
    const { code, stdout } = await runFake(line);
    expect(code).toBe(0);
    for (const { name, summary } of commandList) expect(stdout).toMatch(new RegExp(`${name} +${summary}`));
  });

  it.each([
    ['', /A command is missing/],
    ['buidl', /'buidl' is not a command; did you mean 'build'\?/],
    ['xyzzy', /'xyzzy' is not a command$/m],
    ['--json', /The command must come first/],
    ['help inspekt', /did you mean 'inspect'/],
  ])('refuses %j with 2', async (line, message) => {
    const { code, stdout, stderr } = await runFake(line);
    expect(code).toBe(2);
    if (line === '--json') expect(JSON.parse(stdout).error.message).toMatch(message);
    else expect(stderr).toMatch(message);
  });
});

describe.each(commandList)('$name', ({ name, load }) => {
  it('has help with every option and an example that parses', async () => {
    const command = await load();
    const { code, stdout } = await runFake(`${name} --help`);
    expect(code).toBe(0);
    expect(stdout).toContain(`tensorrt-node ${name}`);
    for (const key of Object.keys(command.options)) {
      expect(stdout).toContain(`--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    }
    expect(
      stdout
        .split('\n')
        .filter((line) => !line.includes('tensorrt-node'))
        .every((line) => line.length <= 100),
    ).toBe(true);
    expect((await runFake(`help ${name}`)).stdout).toBe(stdout);
  });

  it('names the nearest option', async () => {
    const { code, stderr } = await runFake(`${name} --jsn`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--jsn is not an option of this command; did you mean --json\?/);
    expect(stderr).toContain('ERR_TRT_ARG_USAGE');
  });

  it('prints one JSON document when its arguments are wrong', async () => {
    const { code, stdout, stderr } = await runFake(`${name} --nonsense --json`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'ERR_TRT_ARG_USAGE',
        message: expect.stringContaining('--nonsense'),
        hint: expect.stringContaining(''),
        details: expect.anything(),
      },
    });
  });

  it('counts its arguments', async () => {
    const { positionals } = await load();
    const many = await runFake([name, ...positionals.map(() => 'a'), 'too', 'many']);
    expect(many.code).toBe(2);
    expect(many.stderr).toMatch(/'too' is one argument too many/);
    if (positionals.length === 0) return;
    const few = await runFake(name);
    expect(few.code).toBe(2);
    expect(few.stderr).toContain(`tensorrt-node ${name} needs ${positionals[0]!.help}`);
  });
});

describe('failures', () => {
  const error = new TensorRTError(
    'ERR_TRT_LOAD_TENSORRT_NOT_FOUND',
    'TensorRT was not found.\nSecond line.',
    {
      hint: 'Install it.',
      details: {
        runtime: 'auto',
        tried: [
          { path: '/a', reason: 'no file' },
          { path: '/b', reason: 'no file' },
        ],
      },
      log: [{ severity: 'error', message: 'it\u001b[2J broke', count: 3 }],
    },
  );
  const failing = { api: { probe: () => Promise.reject(error) } };

  it('shows message, code, hint, details and log on stderr, and no stack', async () => {
    const { code, stdout, stderr } = await runFake('doctor', failing);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'error  TensorRT was not found.',
      '       Second line.',
      '       ERR_TRT_LOAD_TENSORRT_NOT_FOUND',
      'hint   Install it.',
      'details',
      '  runtime: auto',
      '  tried:',
      '    path /a · reason no file',
      '    path /b · reason no file',
      'log',
      '  error  it\ufffd[2J broke (3 times)',
      '',
    ]);
  });

  it('shows the stack where it is asked for', async () => {
    expect((await runFake('doctor --verbose', failing)).stderr).toContain('at ');
    expect((await runFake('doctor', { ...failing, env: { DEBUG: '1' } })).stderr).toContain('cli.test.ts');
  });

  it('prints code, message, hint and details as JSON on stdout', async () => {
    const { code, stdout, stderr } = await runFake('doctor --json', failing);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout).error).toMatchObject({
      code: error.code,
      message: error.message,
      hint: 'Install it.',
      details: error.details,
    });
  });

  it.each([
    ['ERR_TRT_ARG_PROFILE_MISSING', 2],
    ['ERR_TRT_BUILD_FAILED', 1],
    ['ERR_TRT_BUILD_CANCELLED', 130],
  ] as const)('%s ends with %i', async (code, exitCode) => {
    const api = { probe: () => Promise.reject(new TensorRTError(code, 'no')) };
    expect((await runFake('doctor', { api })).code).toBe(exitCode);
  });

  it('reports errors that nobody foresaw the same way', async () => {
    const api = { probe: () => Promise.reject(new Error('surprise')) };
    const { code, stderr } = await runFake('doctor', { api });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error {2}surprise\n\nThis is not an expected error; --verbose shows its stack\.\n$/,
    );
    expect(JSON.parse((await runFake('doctor --json', { api })).stdout).error).toMatchObject({
      code: null,
      message: 'surprise',
    });
  });

  it('is coloured on a terminal, and plain with NO_COLOR, on TERM=dumb and elsewhere', async () => {
    const stderr = async (isTTY: boolean, env: Record<string, string>) =>
      (await runFake('nonsense', { isTTY, env })).stderr;
    expect(await stderr(true, {})).toContain(ESCAPE);
    expect(await stderr(true, { NO_COLOR: '' })).toContain(ESCAPE);
    expect(await stderr(true, { NO_COLOR: '1' })).not.toContain(ESCAPE);
    expect(await stderr(true, { TERM: 'dumb' })).not.toContain(ESCAPE);
    expect(await stderr(false, {})).not.toContain(ESCAPE);
  });
});
