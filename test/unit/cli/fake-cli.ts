// SPDX-License-Identifier: Apache-2.0
import { runCli, type CliEnvironment } from '../../../lib/cli/cli';
import { createTerminal } from '../../../lib/cli/terminal/terminal';
import type { ToolApi } from '../../../lib/cli/tool-api';

/** What a fake run of the command line left behind. */
export interface FakeRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** How the fake world differs from a plain one. */
export interface FakeWorld extends Partial<Omit<CliEnvironment, 'api' | 'terminal'>> {
  api?: Partial<ToolApi>;
  isTTY?: boolean;
  /** Of the terminal; 100 unless told. */
  columns?: number;
}

/** Runs a command line with fakes for all that it touches. A call of an API function without a fake fails. */
export async function runFake(line: string | readonly string[], world: FakeWorld = {}): Promise<FakeRun> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: world.isTTY ?? false,
    columns: world.columns ?? 100,
    write: (text: string) => (written[name] += text),
  });
  const env = world.env ?? {};
  const code = await runCli(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    env,
    version: () => '9.8.7',
    onInterrupt: () => () => undefined,
    ...world,
    terminal: createTerminal(stream('stdout'), stream('stderr'), env),
    api: (world.api ?? {}) as ToolApi,
  });
  return { code, ...written };
}
