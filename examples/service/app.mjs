// SPDX-License-Identifier: Apache-2.0
// Routes and answers. It takes an open session and knows no process, port or signal: tests call it as it is.
import multipart from '@fastify/multipart';
import fastify from 'fastify';

import { classify } from './classifier.mjs';
import { ImageError, readDigitImage } from './digit-image.mjs';

/** Errors of a session that say something to the client; every other one is a 500. */
const ANSWERS = {
  ERR_TRT_RUN_QUEUE_FULL: { statusCode: 503, message: 'too many requests are waiting' },
  ERR_TRT_RUN_CLOSED: { statusCode: 503, message: 'the service is shutting down' },
  // The client has gone, so that nobody reads it; the log does.
  ERR_TRT_RUN_ABORTED: { statusCode: 499, message: 'the client went away' },
  FST_INVALID_MULTIPART_CONTENT_TYPE: { statusCode: 415, message: 'expected multipart/form-data' },
  FST_FIELDS_LIMIT: { statusCode: 400, message: 'expected one file and no other field' },
  FST_REQ_FILE_TOO_LARGE: { statusCode: 413, message: 'the file is too large' },
};
/** After these the GPU cannot be used again by this process: something outside has to start a new one. */
const FATAL = ['ERR_TRT_CUDA_DEVICE_LOST', 'ERR_TRT_CUDA_POISONED'];
const RETRY_AFTER_SECONDS = 1;

/**
 * @param {{ session: import('tensorrt-node').Session, maxFileBytes: number, logger?: object | boolean }} options
 * `logger`: fastify's
 */
export function createApp({ session, maxFileBytes, logger = false }) {
  const app = fastify({ logger });
  const state = { isAlive: true, isReady: true };
  app.decorate('state', state);
  app.register(multipart, { limits: { fileSize: maxFileBytes, files: 1, fields: 0, parts: 1 } });

  closeQuickly(app);
  app.get('/health', { logLevel: 'warn' }, (_, reply) => answer(reply, state.isAlive));
  app.get('/ready', { logLevel: 'warn' }, (_, reply) => answer(reply, state.isAlive && state.isReady));
  app.post('/classify', async (request, reply) => {
    const signal = clientSignal(reply);
    const file = await readUpload(request);
    const pixels = await readDigitImage(file);
    return { ...(await classify(session, pixels, signal)), device: session.device };
  });

  app.setErrorHandler((error, request, reply) => {
    if (FATAL.includes(error.code)) state.isAlive = false;
    const known = ANSWERS[error.code] ?? error;
    const status = known.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error, hint: error.hint }, 'request failed');
    if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    // What went wrong inside is for the log, not for strangers.
    const message = status === 500 ? 'internal error' : known.message;
    return reply.code(status).send({ error: message, requestId: request.id });
  });
  return app;
}

/**
 * `app.close()` answers what came and then waits for all connections to end. Clients keep theirs, and some open one
 * that they have no request for yet: without this either would hold up the shutdown.
 */
function closeQuickly(app) {
  const running = new Set();
  let timer;
  app.addHook('onRequest', async (_, { raw }) => {
    running.add(raw);
    raw.once('close', () => running.delete(raw));
  });
  app.addHook('preClose', async () => {
    timer = setInterval(() => {
      if (running.size === 0) app.server.closeAllConnections();
    }, 20);
  });
  app.addHook('onClose', async () => clearInterval(timer));
}

function answer(reply, isGood) {
  return reply.code(isGood ? 200 : 503).send({ status: isGood ? 'ok' : 'unavailable' });
}

async function readUpload(request) {
  const file = await readFile(request).catch((error) => {
    // Errors of the service have codes; what the parser says about a broken form has none.
    throw error.code === undefined && !(error instanceof ImageError)
      ? new ImageError(400, 'the form cannot be read', { cause: error })
      : error;
  });
  if (file.length === 0) throw new ImageError(400, 'the file is empty');
  return file;
}

async function readFile(request) {
  const part = await request.file();
  if (part === undefined) throw new ImageError(400, 'expected one file in the form');
  return part.toBuffer();
}

/** Fires when the client goes away before it has its answer. */
function clientSignal(reply) {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
