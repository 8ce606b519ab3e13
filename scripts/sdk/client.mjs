// SPDX-License-Identifier: Apache-2.0
// Programs that set-up calls: finding them on PATH and running them, with failures told in one line.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A failure that the user can act on; its message is one line. */
export class SdkError extends Error {
  name = 'SdkError';
}

/**
 * The full path of the first of `names` that PATH holds, or null.
 * @param {...string} names
 */
export function findProgram(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return null;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The path of a program, or an error that says what to do without it.
 * @param {string[]} names
 * @param {string} advice
 */
export function requireProgram(names, advice) {
  const found = findProgram(...names);
  if (found === null) throw new SdkError(`${names[0]} not found: ${advice}`);
  return found;
}

/**
 * Runs a program, keeps all that it prints in `logFile` and gives back its stdout.
 * A failure is one line: the program's own reason and the log's path.
 * @param {string} program
 * @param {string[]} args
 * @param {{ logFile: string, cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} options
 */
export async function runClient(program, args, { logFile, cwd, env, timeoutMs = 900_000 }) {
  const { code, stdout, stderr } = await collect(program, args, { cwd, env, timeout: timeoutMs });
  if (code === 0) return stdout;
  mkdirSync(join(logFile, '..'), { recursive: true });
  writeFileSync(logFile, `${program} ${args.join(' ')}\nexit: ${code}\n${stdout}\n${stderr}`);
  throw new SdkError(`${program} failed: ${reasonOf(stderr, stdout)} (log: ${logFile})`);
}

function collect(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    child.on('error', (error) => reject(new SdkError(`${program} cannot be run: ${error.message}`)));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...output }));
  });
}

/** What cargo and pip print somewhere when a host cannot be reached; their last line then blames the package. */
const NO_NETWORK =
  /could ?n[o']t resolve host|name resolution|name or service not known|network is unreachable/i;

/** The line of a client's output that most likely says why: the last that looks like an error, or the last. */
function reasonOf(stderr, stdout) {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const filled = lines.filter(Boolean);
  const offline = filled.find((line) => NO_NETWORK.test(line));
  if (offline !== undefined) return `no network: ${offline.slice(0, 160)}`;
  const errors = filled.filter((line) => /^(error|fatal|\[Errno)|error:|could not|unable to/i.test(line));
  return errors.at(-1) ?? filled.at(-1) ?? 'it printed nothing';
}
