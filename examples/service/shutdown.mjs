// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT: no new connection, an answer for every request that came, the session closed, exit status 0.
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @param {import('fastify').FastifyInstance} app
 * @param {import('tensorrt-node').Session} session
 * @param {{ drainMs: number, shutdownMs: number }} config
 */
export function closeOnSignal(app, session, { drainMs, shutdownMs }) {
  let isClosing = false;
  const close = async (signal) => {
    // Some callers send both signals; an impatient one can still send SIGKILL.
    if (isClosing) return;
    isClosing = true;
    app.log.info({ signal }, 'shutting down');
    setTimeout(() => {
      app.log.error('requests were still running at the end of SHUTDOWN_MS');
      process.exit(1);
    }, drainMs + shutdownMs).unref();
    app.state.isReady = false;
    await wait(drainMs);
    await app.close();
    await session.close();
    app.log.info('closed');
  };
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      close(signal).catch((error) => {
        app.log.fatal(error, 'shutdown failed');
        process.exit(1);
      });
    });
  }
}
