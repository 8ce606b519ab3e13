// SPDX-License-Identifier: Apache-2.0
// Child processes and workers on the stand-in GPU: plain JavaScript over the package as it was built.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { addonPath } from '../../../lib/binding/load';
import { builtStandin } from '../../standin-build';
import { makePlan, SLOW, type PlanDescription } from '../../standin-plan';
import { gpu } from './support';

const PACKAGE = resolve(__dirname, '../../..');

/** How a child process ended. */
export interface Ending {
  code: number | null;
  signal: string | null;
  out: string;
}

/**
 * JavaScript with the session's functions at hand: `open()`, `createSession()`, `uploadTensor()`, `control()` of the
 * stand-in, and `four`.
 */
export function script(body: string, description: PlanDescription = SLOW): string {
  const plan = Buffer.from(makePlan('tensorrt-11', description)).toString('base64');
  return `
    process.env.TENSORRT_NODE_ADDON = ${JSON.stringify(addonPath())};
    process.env.TENSORRT_NODE_DRIVER_LIBRARY = ${JSON.stringify(gpu.driverPath)};
    const { createSession, uploadTensor } = require(${JSON.stringify(PACKAGE)});
    const standin = require(${JSON.stringify(builtStandin('control', 'standin_control.node'))});
    const ask = standin.open(${JSON.stringify(gpu.driverPath)});
    const control = (request) => JSON.parse(ask(request));
    const plan = Uint8Array.from(Buffer.from(${JSON.stringify(plan)}, 'base64'));
    const runtimeLibrary = ${JSON.stringify(gpu.tensorRt11Folder)};
    const open = (options) => createSession(plan, { device: 'cuda:0', runtimeLibrary, ...options });
    const four = Float32Array.of(1, 2, 3, 4);
    (async () => { ${body} })();`;
}

/** Runs {@link script} in a process of its own. A child that hangs is killed, which its signal tells. */
export function runChild(body: string, description?: PlanDescription): Promise<Ending> {
  const environment = { ...process.env, TRTN_STANDIN_CUDA_DEVICES: '1' };
  const child = spawn(process.execPath, ['--expose-gc', '-e', script(body, description)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (out += data.toString()));
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ code, signal, out });
    }),
  );
}
