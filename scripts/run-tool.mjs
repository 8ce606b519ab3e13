// SPDX-License-Identifier: Apache-2.0
// Runs the programs that build, check and test: quiet ones show their output only if it is worth reading.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './sdk/steps.mjs';

/** A tool failed; what it printed was shown already. */
export class ToolError extends Error {}

/**
 * The script of an npm package's program, to be run with this Node.
 * @param {string} path below node_modules
 */
export function packageProgram(path) {
  return [process.execPath, join(ROOT, 'node_modules', path)];
}

/**
 * Runs a program with the user's terminal.
 * @param {string} title named in the error
 * @param {string[]} command program and arguments
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 */
export async function runLoud(title, command, env) {
  const { code } = await start(command, { stdio: 'inherit', env });
  if (code !== 0) throw new ToolError(`${title} failed (exit ${code})`);
}

/**
 * Runs a program silently and gives back what it printed and whether it succeeded.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function capture(command, env) {
  const { code, output } = await start(command, { stdio: ['ignore', 'pipe', 'pipe'], env });
  return { ok: code === 0, code, output };
}

/**
 * Runs a compiler: on failure its whole output is shown, else only its warnings.
 * @param {string} title
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function runQuiet(title, command, env) {
  const { ok, code, output } = await capture(command, env);
  const shown = ok
    ? output
        .split('\n')
        .filter((line) => /\bwarning\b[ :]/i.test(line))
        .join('\n')
    : output;
  if (shown.trim() !== '') process.stderr.write(`${shown.trimEnd()}\n`);
  if (!ok) throw new ToolError(`${title} failed (exit ${code})`);
}

function start([program, ...args], { stdio, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio, env: { ...process.env, ...env } });
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    child.on('error', (error) => reject(new ToolError(`${program} cannot be run: ${error.message}`)));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? signal, output: Buffer.concat(parts).toString('utf8') }),
    );
  });
}

/**
 * Runs a script's main function; a failure is printed as one line where it explains itself.
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    const isExpected =
      error instanceof ToolError || error.name === 'SdkError' || error.code?.startsWith('ERR_PARSE');
    process.stderr.write(`${isExpected ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
