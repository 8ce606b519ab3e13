// SPDX-License-Identifier: Apache-2.0
// The programs that the consumer tests run: from .sdk/consumers, never from the repository's node_modules.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');
/** What `npm run sdk -- --group consumers` brought. */
export const TOOLS = join(ROOT, '.sdk', 'consumers');
/** npm cache that holds the package's dependencies. */
const NPM_CACHE = join(ROOT, '.sdk', 'consumer-cache', 'npm');

export const NODE_MAJORS = [20, 22, 24, 26] as const;
export type NodeMajor = (typeof NODE_MAJORS)[number];

export interface RunOptions {
  cwd: string;
  /** Added to the environment; undefined takes a variable out. */
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
}

export interface RunResult {
  /** Exit status, or the signal's name. */
  status: number | string;
  stdout: string;
  stderr: string;
}

/** Version of a package of .sdk/consumers. */
export function toolVersion(name: string): string {
  const text = readFileSync(join(TOOLS, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Path of a file of a package in .sdk/consumers; says what to run where it is missing. */
export function toolFile(...path: string[]): string {
  const file = join(TOOLS, 'node_modules', ...path);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run sdk -- --group consumers`);
  return file;
}

/** Node.js of this machine's architecture; on arm64 only its own, the x64 ones do not run there. */
export function nodeProgram(major: NodeMajor): string {
  if (process.arch === 'x64') return toolFile(`node-${major}`, 'bin', 'node');
  const own = Number(process.versions.node.split('.')[0]);
  if (own === major) return process.execPath;
  throw new Error(`on ${process.arch} there is only the Node.js that runs the tests (${process.version})`);
}

/** Majors that can run on this machine. */
export function nodeMajors(): NodeMajor[] {
  const own = Number(process.versions.node.split('.')[0]);
  return NODE_MAJORS.filter((major) => process.arch === 'x64' || major === own);
}

/**
 * The environment of a user: nothing that vitest, npm or this repository put there. Where npm finds its registry
 * stays, since the cache's keys hold that address.
 */
export function consumerEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !isOfTheTestRun(name));
  const path = (process.env.PATH ?? '').split(delimiter);
  const PATH = path.filter((folder) => !folder.includes(join('node_modules', '.bin'))).join(delimiter);
  return { ...Object.fromEntries(kept), PATH, npm_config_cache: NPM_CACHE, ...extra };
}

function isOfTheTestRun(name: string): boolean {
  if (/^npm_config_(registry|userconfig|globalconfig|cafile)$/i.test(name)) return false;
  return /^(npm_|VITEST|TEST$|TENSORRT_NODE|NODE_(OPTIONS|ENV|PATH|V8_COVERAGE)|INIT_CWD|ONNXRUNTIME_NODE)/i.test(
    name,
  );
}

/** Runs a program as a user would, and gives back all that it printed. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 120_000 }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: consumerEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ status: code ?? signal ?? 'unknown', ...output }));
  });
}

/** Runs a program that has to succeed, and gives back its stdout. */
export async function runForOutput(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { status, stdout, stderr } = await runProgram(program, args, options);
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
}

/** Runs a program that has to succeed; the last line of its stdout is JSON. */
export async function runForJson(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<unknown> {
  const stdout = await runForOutput(program, args, options);
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`the last line that ${program} printed is no JSON: ${line}`);
  }
}

let namespaceWorks: boolean | undefined;

/**
 * The command in a network namespace of its own, with nothing in it, where the kernel lets a user make one. Elsewhere
 * the command as it is: `--offline` alone then keeps npm from the network.
 */
export function withoutNetwork(program: string, args: readonly string[]): [string, string[]] {
  namespaceWorks ??= spawnSync('unshare', ['-rn', 'true'], { stdio: 'ignore' }).status === 0;
  if (namespaceWorks) return ['unshare', ['-rn', program, ...args]];
  process.stderr.write(
    'no network namespace on this machine (unshare -rn): only npm --offline guards this\n',
  );
  return [program, [...args]];
}
