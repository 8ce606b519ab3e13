// SPDX-License-Identifier: Apache-2.0
// The process: reads the settings, loads and warms up the model, and only then opens the port.
import { createApp } from './app.mjs';
import { openModel, warmUp } from './classifier.mjs';
import { readConfig } from './config.mjs';
import { closeOnSignal } from './shutdown.mjs';

try {
  await start(readConfig(process.env));
} catch (error) {
  const { code, message, hint, stack } = error;
  const isExplained = code !== undefined || error instanceof RangeError;
  process.stderr.write(
    `${JSON.stringify({ level: 'fatal', code, message, hint, stack: isExplained ? undefined : stack })}\n`,
  );
  process.exitCode = 1;
}

async function start(config) {
  const session = await openModel(config);
  try {
    await warmUp(session);
    const { maxFileBytes, logLevel } = config;
    const app = createApp({ session, maxFileBytes, logger: { level: logLevel } });
    const { device, backend, fallbackReason } = session;
    app.log.info({ device, backend, fallbackReason, model: config.model }, 'model loaded');
    closeOnSignal(app, session, config);
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    // Or threads of the session would keep the process alive.
    await session.close();
    throw error;
  }
}
