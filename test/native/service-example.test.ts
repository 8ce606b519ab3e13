// SPDX-License-Identifier: Apache-2.0
// examples/service as a team would start from it: copied into a project of its own, started as a process, used over HTTP.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { CallOptions } from '../../lib/runtime/call-options';
import type { Session } from '../../lib/runtime/session';
import { createSession } from '../../lib/session/create-session';
import { readNpy } from '../../lib/tensor/npy';
import { makeModel } from '../onnx-builder';

const ROOT = join(__dirname, '../..');
const DIGITS = join(ROOT, 'examples/digits');
const IMAGE = 64;

let folder: string;
let images: Float32Array;
let labels: Uint8Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trtn-service-'));
  cpSync(join(ROOT, 'examples/service'), join(folder, 'service'), { recursive: true });
  cpSync(DIGITS, join(folder, 'digits'), { recursive: true });
  link('tensorrt-node', ROOT);
  for (const name of ['fastify', '@fastify/multipart', 'sharp', 'onnxruntime-node'])
    link(name, join(ROOT, 'node_modules', name));
  images = (await readNpy(join(DIGITS, 'test-images.npy'))).data as Float32Array;
  labels = (await readNpy(join(DIGITS, 'test-labels.npy'))).data as Uint8Array;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function link(name: string, target: string): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** The pixels of all images as pictures can hold them: 8 bits each. */
function pixels(): Uint8Array {
  return Uint8Array.from(images, (value) => Math.round(value * 255));
}

/** One test image as a picture, `scale` times as large. */
function picture(index: number, scale = 1): Sharp {
  const bytes = pixels().subarray(index * IMAGE, (index + 1) * IMAGE);
  const side = 8 * scale;
  return sharp(bytes, { raw: { width: 8, height: 8, channels: 1 } }).resize(side, side, {
    kernel: 'nearest',
  });
}

function form(file: Uint8Array, field = 'image'): FormData {
  const data = new FormData();
  data.append(field, new Blob([file as Uint8Array<ArrayBuffer>]), 'digit.png');
  return data;
}

/** What the model makes of the same pixels without a service. */
async function digitsOfTheModel(): Promise<number[]> {
  const session = await createSession(join(DIGITS, 'digits.onnx'), { device: 'cpu' });
  const data = Float32Array.from(pixels(), (value) => value / 255);
  const { logits } = await session.run<{ logits: Float32Array }>({ images: { data, dims: [450, 1, 8, 8] } });
  await session.close();
  return Array.from({ length: 450 }, (_, i) => {
    const row = logits.data.subarray(i * 10, (i + 1) * 10);
    return row.indexOf(Math.max(...row));
  });
}

interface Service {
  child: ChildProcess;
  url: string;
  port: number;
  log: Record<string, unknown>[];
  /** Exit status, once it has ended. */
  ended: Promise<unknown>;
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

function launch(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [join(folder, 'service/server.mjs')], {
    env: { ...process.env, PORT: '0', DEVICE: 'cpu', ...env },
  });
  started.push(child);
  return child;
}

/** Starts the service and waits for its port. */
async function start(env: Record<string, string> = {}): Promise<Service> {
  const child = launch(env);
  const log: Record<string, unknown>[] = [];
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  let talk = '';
  child.stderr!.on('data', (part: Buffer) => (talk += part.toString()));
  const port = await new Promise<number>((resolve, reject) => {
    let rest = '';
    child.stdout!.on('data', (part: Buffer) => {
      const lines = (rest + part.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) log.push(JSON.parse(line));
      const listening = log.map(({ msg }) => /listening at http:.*:(\d+)$/.exec(String(msg))).find(Boolean);
      if (listening) resolve(Number(listening[1]));
    });
    void ended.then((code) => reject(new Error(`the service ended with ${String(code)}: ${talk}`)));
  });
  return { child, log, ended, port, url: `http://127.0.0.1:${port}` };
}

async function post(url: string, body: FormData, signal?: AbortSignal) {
  const response = await fetch(`${url}/classify`, { method: 'POST', body, signal });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}

interface Answer {
  digit: number;
  probability: number;
  probabilities: number[];
  device: string;
  error: string;
  requestId: string;
}

describe('examples/service, as a process', () => {
  it('reads all test images from concurrent uploads as right as the model does', async () => {
    const { url, log, child, ended } = await start();
    const digits: number[] = [];
    for (let first = 0; first < labels.length; first += 50) {
      const indices = Array.from({ length: Math.min(50, labels.length - first) }, (_, i) => first + i);
      const answers = await Promise.all(
        indices.map(async (i) => post(url, form(await picture(i).png().toBuffer()))),
      );
      expect(answers.map(({ status }) => status)).toEqual(indices.map(() => 200));
      digits.push(...answers.map(({ body }) => body.digit));
    }
    expect(digits).toEqual(await digitsOfTheModel());
    expect(digits.filter((digit, i) => digit === labels[i]).length).toBeGreaterThan(440);

    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(log.find(({ msg }) => msg === 'model loaded')).toMatchObject({
      device: 'cpu',
      backend: 'onnxruntime',
    });
    const answered = log.filter(({ msg }) => msg === 'request completed');
    expect(answered).toHaveLength(450);
    expect(answered[0]).toMatchObject({ res: { statusCode: 200 }, responseTime: expect.any(Number) });
    expect(log.at(-1)).toMatchObject({ msg: 'closed' });
  });

  it('takes large, coloured and transparent pictures, PNG and JPEG', async () => {
    const { url } = await start();
    const large = await picture(0, 32).png().toBuffer();
    const pictures = [
      large,
      await sharp(large).toColourspace('srgb').ensureAlpha(1).png().toBuffer(),
      await sharp(large).jpeg({ quality: 90 }).toBuffer(),
    ];
    for (const file of pictures) {
      const { status, body } = await post(url, form(file));
      expect([status, body.digit, body.device]).toEqual([200, labels[0], 'cpu']);
      expect(body.probabilities).toHaveLength(10);
      expect(body.probabilities.reduce((sum, value) => sum + value)).toBeCloseTo(1, 6);
      expect(body.probability).toBe(Math.max(...body.probabilities));
    }
  });

  it('says what is wrong with a request', async () => {
    const { url } = await start({ MAX_FILE_BYTES: '2000' });
    const png = await picture(0).png().toBuffer();
    const noise = sharp({
      create: {
        width: 90,
        height: 90,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 100, sigma: 50 },
      },
    });
    const field = new FormData();
    field.append('digit', '7');
    const cases: [FormData, number, RegExp][] = [
      [form(Buffer.from('plain text')), 415, /not a PNG or JPEG/],
      [form(png.subarray(0, png.length - 20)), 415, /not a PNG or JPEG/],
      [form(await picture(0).webp().toBuffer()), 415, /got webp/],
      [form(new Uint8Array(0)), 400, /empty/],
      [form(await noise.png().toBuffer()), 413, /too large/],
      [new FormData(), 400, /expected one file/],
      [field, 400, /expected one file and no other field/],
    ];
    for (const [body, status, error] of cases) {
      const answer = await post(url, body);
      expect([answer.status, answer.body.error]).toEqual([status, expect.stringMatching(error)]);
    }
    const unread: [string, string, number, string][] = [
      ['application/json', '{}', 415, 'expected multipart/form-data'],
      ['multipart/form-data; boundary=x', 'no form', 400, 'the form cannot be read'],
    ];
    for (const [type, body, status, error] of unread) {
      const headers = { 'content-type': type };
      const answer = await fetch(`${url}/classify`, { method: 'POST', headers, body });
      expect([answer.status, ((await answer.json()) as Answer).error]).toEqual([status, error]);
    }
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await post(url, form(png))).status).toBe(200);
  });

  it('answers a request that came before SIGTERM, takes no other, and ends with 0', async () => {
    const { child, port, url, ended, log } = await start();
    const socket = connect(port, '127.0.0.1');
    const png = await picture(0).png().toBuffer();
    const head = '--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), png, Buffer.from('\r\n--x--\r\n')]);
    const type = 'content-type: multipart/form-data; boundary=x';
    socket.write(`POST /classify HTTP/1.1\r\nhost: x\r\n${type}\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body.subarray(0, 100));
    await until(() => log.some(({ msg }) => msg === 'incoming request'));
    child.kill('SIGTERM');
    await until(() => log.some(({ msg }) => msg === 'shutting down'));
    await until(async () => !(await isOpen(url)));

    socket.write(body.subarray(100));
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain(`"digit":${labels[0]},`);
    expect(await ended).toBe(0);
    expect(log.at(-1)).toMatchObject({ msg: 'closed' });
  });

  it('is not held up by connections that have no request', async () => {
    const { child, port, ended, log } = await start({ SHUTDOWN_MS: '600000' });
    const silent = connect(port, '127.0.0.1');
    const kept = connect(port, '127.0.0.1');
    kept.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await Promise.all([once(silent, 'connect'), once(kept, 'data')]);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(log.at(-1)).toMatchObject({ msg: 'closed' });
  });

  it('is alive but not ready while load balancers take it out', async () => {
    const { child, url, log, ended } = await start({ DRAIN_MS: '600000' });
    const status = async (path: string) => (await fetch(url + path)).status;
    expect([await status('/health'), await status('/ready')]).toEqual([200, 200]);
    child.kill('SIGTERM');
    await until(() => log.some(({ msg }) => msg === 'shutting down'));
    expect([await status('/health'), await status('/ready')]).toEqual([200, 503]);
    expect((await post(url, form(await picture(0).png().toBuffer()))).status).toBe(200);
    child.kill('SIGKILL');
    await ended;
  });

  it('ends with 1 when a request outlasts SHUTDOWN_MS', async () => {
    const { child, port, ended, log } = await start({ SHUTDOWN_MS: '50' });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    const type = 'content-type: multipart/form-data; boundary=x';
    socket.write(`POST /classify HTTP/1.1\r\nhost: x\r\n${type}\r\ncontent-length: 500\r\n\r\n--x`);
    await until(() => log.some(({ msg }) => msg === 'incoming request'));
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(log.at(-1)).toMatchObject({ msg: 'requests were still running at the end of SHUTDOWN_MS' });
    socket.destroy();
  });

  it.each([
    [{ PORT: 'eighty' }, /PORT must be a whole number from 0 to 65535, not \\"eighty\\"/],
    [{ MODEL: '/nowhere/model.onnx' }, /"code":"ERR_TRT_LOAD_FILE"/],
    [{ DEVICE: 'tpu' }, /"code":"ERR_TRT_ARG_VALUE".*"hint"/],
    [{ HOST: '203.0.113.1' }, /"code":"EADDRNOTAVAIL"/],
  ])('does not start with %j, and says why in one line', async (env, expected) => {
    const child = launch(env);
    let talk = '';
    child.stderr!.on('data', (part: Buffer) => (talk += part.toString()));
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(talk.trimEnd().split('\n')).toEqual([expect.stringMatching(expected)]);
  });
});

/** A model with the digits model's face that takes about a second. */
function slowDigits(): Uint8Array {
  const scalar = (name: string, type: 'INT64' | 'BOOL') => ({ name, type, dims: [] });
  const body = {
    inputs: [scalar('i', 'INT64'), scalar('go', 'BOOL'), { name: 'value', dims: [1, 1, 8, 8] }],
    outputs: [scalar('go_out', 'BOOL'), { name: 'value_out', dims: [1, 1, 8, 8] }],
    nodes: [
      { op: 'Identity', name: 'keep', inputs: ['go'], outputs: ['go_out'] },
      { op: 'Relu', name: 'step', inputs: ['value'], outputs: ['value_out'] },
    ],
  };
  return makeModel({
    inputs: [{ name: 'images', dims: [1, 1, 8, 8] }],
    outputs: [{ name: 'logits', dims: [1, 1, 8, 8] }],
    nodes: [
      {
        op: 'Loop',
        name: 'loop',
        inputs: ['count', '', 'images'],
        outputs: ['logits'],
        attributes: { body: { graph: body } },
      },
    ],
    initializers: [{ name: 'count', type: 'INT64', dims: [], data: [200_000] }],
  });
}

describe('examples/service under load', () => {
  let session: Session;
  /** What the service asked of the session, in order. */
  const calls: Promise<unknown>[] = [];
  let url: string;
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    session = await createSession(slowDigits(), { device: 'cpu', contexts: 1, maxQueue: 1 });
    const { createApp } = await import(pathToFileURL(join(folder, 'service/app.mjs')).href);
    const run = (feeds: Parameters<Session['run']>[0], options: CallOptions) => {
      const call = session.run(feeds, options);
      calls.push(call);
      return call;
    };
    const app = createApp({ session: { run, device: 'cpu' }, maxFileBytes: 1e6 });
    url = await app.listen({ host: '127.0.0.1', port: 0 });
    close = () => app.close();
  });
  afterAll(async () => {
    await close();
    await session.close();
  });

  it('refuses what the queue cannot hold with 503 and Retry-After, and serves what it took', async () => {
    const png = await picture(0).png().toBuffer();
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(url, form(png))));
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(refused).toHaveLength(4);
    for (const { headers, body } of refused) {
      expect(headers.get('retry-after')).toBe('1');
      expect(body.error).toBe('too many requests are waiting');
    }
  });

  it('gives the place of a client that went away to the next one', async () => {
    const png = await picture(0).png().toBuffer();
    calls.length = 0;
    const running = post(url, form(png));
    await until(() => calls.length === 1);
    const controller = new AbortController();
    const waiting = post(url, form(png), controller.signal);
    await until(() => calls.length === 2);
    controller.abort();
    await expect(waiting).rejects.toThrow(/abort/);
    await expect(calls[1]).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    const next = post(url, form(png));
    expect((await running).status).toBe(200);
    expect((await next).status).toBe(200);
  });

  it('hides what went wrong inside, and stays alive', async () => {
    const { createApp } = await import(pathToFileURL(join(folder, 'service/app.mjs')).href);
    const broken = createApp({
      session: { run: () => Promise.reject(new Error('secret')) },
      maxFileBytes: 1e6,
    });
    const address = await broken.listen({ host: '127.0.0.1', port: 0 });
    const { status, body } = await post(address, form(await picture(0).png().toBuffer()));
    expect([status, body.error]).toEqual([500, 'internal error']);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    await broken.close();
  });

  it('is not alive any more after the GPU was lost', async () => {
    const { createApp } = await import(pathToFileURL(join(folder, 'service/app.mjs')).href);
    const lost = Object.assign(new Error('gone'), { code: 'ERR_TRT_CUDA_DEVICE_LOST' });
    const broken = createApp({ session: { run: () => Promise.reject(lost) }, maxFileBytes: 1e6 });
    const address = await broken.listen({ host: '127.0.0.1', port: 0 });
    expect((await post(address, form(await picture(0).png().toBuffer()))).status).toBe(500);
    expect((await fetch(`${address}/health`)).status).toBe(503);
    await broken.close();
  });
});

async function isOpen(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    () => true,
    () => false,
  );
}

/** Waits for a condition; the test's own limit ends what never comes. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
