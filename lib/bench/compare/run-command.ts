// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { TensorRTError } from '../../errors';
import { OutputTail } from './output-tail';

/** What a command printed. */
export interface CommandOutput {
  readonly stdout: string;
  /** Its last 4,000 characters. */
  readonly stderr: string;
}

/**
 * Runs a command line in the shell. The signal kills it with all that it started.
 *
 * @throws {TensorRTError} `ERR_TRT_BENCH_RESULT` where it ends with another status than 0, `ERR_TRT_RUN_ABORTED`
 */
export async function runCommand(line: string, signal: AbortSignal): Promise<CommandOutput> {
  // A process group of its own: killing the shell alone would leave what it started.
  const child = spawn(line, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr = new OutputTail(child.stderr);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const kill = () => killGroup(child.pid);
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  process.once('exit', kill);
  try {
    const end = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject).once('close', (code, killedBy) => resolve(code ?? killedBy ?? 'unknown'));
    });
    if (signal.aborted)
      throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'The command was ended by its signal.');
    if (end === 0) return { stdout, stderr: stderr.text };
    throw new TensorRTError(
      'ERR_TRT_BENCH_RESULT',
      `The command ${JSON.stringify(line)} ended with ${end}${stderr.lastLine}`,
      {
        hint: 'Run it by itself: it has to print one bench result as JSON and end with status 0.',
        details: { command: line, stderr: stderr.text },
      },
    );
  } finally {
    signal.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
