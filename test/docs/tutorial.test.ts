// SPDX-License-Identifier: Apache-2.0
// The tutorial, followed as a reader follows it: its programs are written into an empty folder under the names in their
// first lines, its commands run there in order, and what they print is held against the page. Numbers may differ,
// "…" stands for any lines. Only the installation is given: the built package and the libraries of `npm run sdk`.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeBlocks } from '../../scripts/check-docs/markdown.mjs';
import { sessionSteps, unexpectedLine } from '../../scripts/check-docs/sessions.mjs';
import { temporaryFolder } from '../temporary-folder';

const ROOT = join(__dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/tutorial/index.md'), 'utf8');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the first section of the page installs and downloads. */
function installed(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/tensorrt-node'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of ['digits.onnx', 'test-images.npy', 'test-labels.npy'])
    cpSync(join(ROOT, 'examples/digits', name), join(folder, name));
  return folder;
}

function start(command: string, folder: string, port: number): { child: ChildProcess; output: () => string } {
  const env = {
    TENSORRT_NODE_LIB_DIR: join(ROOT, '.sdk/python/tensorrt_rtx_libs'),
    ...process.env,
    PORT: String(port),
  };
  const program = command.replace(/^npx tensorrt-node/, 'node node_modules/tensorrt-node/dist/cli/main.js');
  const child = spawn('sh', ['-c', `exec ${program}`], { cwd: folder, env });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (stream === child.stdout ? parts.push(part) : 0));
  return { child, output: () => parts.join('') };
}

/** Until the program ends, or, of one that goes on in the background, until it has printed a line. */
async function run(
  command: string,
  folder: string,
  port: number,
): Promise<{ code: number | null; output: string }> {
  const isBackground = command.endsWith(' &');
  const { child, output } = start(command.replace(/ &$/, ''), folder, port);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (!isBackground) return { code: await ended, output: output() };
  const printed = new Promise<number>((resolve) => {
    child.stdout!.on('data', () => {
      if (output().includes('\n')) resolve(0);
    });
  });
  return { code: await Promise.race([printed, ended]), output: output() };
}

describe('the tutorial', () => {
  it('works from the first command to the last', { timeout: 600_000 }, async () => {
    const folder = installed();
    const port = await freePort();
    const done: string[] = [];
    for (const { language, code } of codeBlocks(PAGE)) {
      if (language === 'js') {
        const name = /^\/\/ (\S+\.js)\n/.exec(code)?.[1];
        expect(name, `a program begins with its file's name, not with ${code.slice(0, 40)}`).toBeDefined();
        writeFileSync(join(folder, name!), code);
      }
      if (language !== 'console') continue;
      for (const { command, expected } of sessionSteps(code)) {
        const result = await run(command, folder, port);
        expect({ command, code: result.code }).toEqual({ command, code: 0 });
        expect(unexpectedLine(expected, result.output), `${command} printed\n${result.output}`).toBeNull();
        // What the reader's own programs print on the CPU is the same everywhere.
        if (/^node .*\.js$/.test(command)) expect(result.output).toBe(expected);
        for (const [, accuracy] of result.output.matchAll(/accuracy(?: of the reference)? +([\d.]+) %/g))
          expect(Number(accuracy)).toBeGreaterThan(97);
        done.push(command);
      }
    }
    expect(done.map((command) => command.replace(/^npx tensorrt-node /, '').split(' ')[0])).toEqual([
      'doctor',
      'inspect',
      'build',
      'node',
      'bench',
      'quantize',
      'evaluate',
      'build',
      'node',
      'node',
    ]);
  });
});

describe('the comparison of output', () => {
  it.each([
    ['a\nb\n', 'a\nb\n', null],
    ['took 1.5 ms\n', 'took  12,345 ms\n', null],
    ['a\n…\nd\n', 'a\nb\nc\nd\n', null],
    ['…\nd\n', 'a\nd\n', null],
    ['a\n…\n', 'a\nb\nc\n', null],
    ['a\nb\n', 'a\nc\n', 'b'],
    ['a\n', 'a\nb\n', 'end of the output'],
    ['a\n…\nd\n', 'a\nb\n', 'd'],
    ['a\nb\n', 'a\n', 'b'],
  ])('of %j with %j', (expected, output, missing) => {
    expect(unexpectedLine(expected, output)).toBe(missing);
  });

  it('reads commands and what they print', () => {
    expect(sessionSteps('$ a --x \\\n    y\n1\n2\n$ b\n')).toEqual([
      { command: 'a --x y', expected: '1\n2\n' },
      { command: 'b', expected: '' },
    ]);
  });
});
