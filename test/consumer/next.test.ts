// SPDX-License-Identifier: Apache-2.0
// A Next.js application whose route computes: built as docs/guides/bundlers.md says, moved away, and asked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { addModel } from '../onnx-models';
import { emptyProject, installedPackage, writeProjectFile } from './installed-package';
import { consumerEnvironment, runForOutput } from './programs';

const CONFIG = `export default {
  output: 'standalone',
  serverExternalPackages: ['tensorrt-node'],
  outputFileTracingIncludes: {
    '/api/*': [
      'add.onnx',
      'node_modules/tensorrt-node/prebuilds/**/*',
      'node_modules/onnxruntime-node/package.json',
      'node_modules/onnxruntime-node/bin/napi-v6/linux/**/*',
    ],
  },
};`;

const ROUTE = `
import { createSession, probe } from 'tensorrt-node';
export const dynamic = 'force-dynamic';
export async function GET() {
  const { addon } = await probe();
  const session = await createSession('add.onnx', { device: 'cpu' });
  const { y } = await session.run({ x: Float32Array.of(1, 2, 3, 4) });
  await session.close();
  return Response.json({ origin: addon.origin, path: addon.path, sum: [...y.data] });
}`;

const LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}`;

/** Two cores and no cache of an earlier build. */
const BUILD_MS = 240_000;
const ENV = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the standalone server; it ends with the test. Resolves when it listens. */
async function startServer(cwd: string): Promise<string> {
  const port = await freePort();
  const env = consumerEnvironment({ ...ENV, PORT: String(port), HOSTNAME: '127.0.0.1' });
  const child = spawn(process.execPath, ['server.js'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill());
  let talk = '';
  child.stderr.on('data', (part: Buffer) => (talk += part.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      talk += part.toString();
      if (/Ready in/.test(talk)) resolve();
    });
    child.once('close', () => reject(new Error(`the server ended:\n${talk}`)));
  });
  return `http://127.0.0.1:${port}`;
}

describe('Next.js', () => {
  let standalone: string;

  beforeAll(async () => {
    const folder = await installedPackage({ packages: ['next', 'react', 'react-dom', 'onnxruntime-node'] });
    writeProjectFile(folder, 'next.config.mjs', CONFIG);
    writeProjectFile(folder, 'app/layout.js', LAYOUT);
    writeProjectFile(folder, 'app/api/sum/route.js', ROUTE);
    writeProjectFile(folder, 'add.onnx', addModel());
    const next = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next');
    await runForOutput(process.execPath, [next, 'build'], { cwd: folder, env: ENV, timeoutMs: BUILD_MS });
    // Elsewhere: nothing that the build left behind can help it.
    standalone = join(emptyProject(), 'app');
    renameSync(join(folder, '.next', 'standalone'), standalone);
  }, BUILD_MS + 60_000);

  it('serves a route that computes, from the standalone output', async () => {
    const address = await startServer(standalone);
    const response = await fetch(`${address}/api/sum`);
    expect(await response.json()).toEqual({
      origin: 'prebuilt',
      path: join(
        standalone,
        `node_modules/tensorrt-node/prebuilds/linux-${process.arch}/tensorrt-node.glibc.node`,
      ),
      sum: [2, 4, 6, 8],
    });
  });
});
