// SPDX-License-Identifier: Apache-2.0
// Modules other than this package that run models: another version of it, or one with the API of onnxruntime-node.

import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TensorRTError } from '../../errors';
import type { Feeds, Session, SessionOptions } from '../../index';
import type { BenchRequest } from '../bench-request';
import type { Measurement } from './measurement';

/** How to measure a model that another module runs. */
export interface ForeignRequest {
  readonly request: BenchRequest;
  close(): Promise<void>;
}

interface OrtTensorConstructor {
  new (type: string, data: unknown, dims: readonly number[]): unknown;
}

interface OrtSession {
  run(feeds: Record<string, unknown>): Promise<unknown>;
  release?(): Promise<void>;
}

interface ForeignModule {
  readonly createSession?: (model: string, options: SessionOptions) => Promise<Session>;
  readonly InferenceSession?: { create(model: string, options: object): Promise<OrtSession> };
  readonly Tensor?: OrtTensorConstructor;
}

/**
 * Opens the model with the module.
 *
 * @param path - The module's main file.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a module with neither `createSession` nor `InferenceSession`; what the
 *   module throws
 */
export async function foreignRequest(path: string, measurement: Measurement): Promise<ForeignRequest> {
  // Resolved names of the modules of Node.js are no paths.
  const loaded = (await import(isBuiltin(path) ? path : pathToFileURL(path).href)) as ForeignModule & {
    default?: ForeignModule;
  };
  const module = { ...loaded.default, ...loaded };
  const versions = { ...measurement.versions, ...versionOf(path) };
  if (module.createSession) return otherVersion(module.createSession, { ...measurement, versions });
  if (module.InferenceSession && module.Tensor) return onnxruntime(module, { ...measurement, versions });
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a module that exports createSession or InferenceSession and Tensor, but ${path} exports ${namesOf(module)}.`,
    { details: { module: path } },
  );
}

/** The first exports, without those that Node.js adds to a CommonJS module. */
function namesOf(module: object): string {
  const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports');
  return names.slice(0, 8).join(', ') || 'nothing';
}

async function otherVersion(
  createSession: NonNullable<ForeignModule['createSession']>,
  measurement: Measurement,
): Promise<ForeignRequest> {
  // An older version refuses options that it does not know.
  const { stageTimes: _, ...sessionOptions } = (measurement.sessionOptions ?? {}) as SessionOptions & {
    stageTimes?: boolean;
  };
  const session = await createSession(measurement.model, sessionOptions);
  return { request: { ...measurement, sessionOptions, session }, close: async () => session.close() };
}

async function onnxruntime(module: ForeignModule, measurement: Measurement): Promise<ForeignRequest> {
  const { model, sessionOptions = {}, feeds, ...rest } = measurement;
  const device = sessionOptions.device ?? 'cpu';
  const isGpu = device.startsWith('cuda:');
  const { intraOpNumThreads } = sessionOptions;
  const threads = intraOpNumThreads === undefined ? {} : { intraOpNumThreads };
  const session = await module.InferenceSession!.create(model, {
    executionProviders: [isGpu ? { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) } : 'cpu'],
    ...threads,
  });
  const tensors = toTensors(module.Tensor!, feeds);
  return {
    request: {
      ...rest,
      // What was handed on: the numbers depend on it.
      moreSettings: { ...threads, ...rest.moreSettings },
      name: model,
      call: () => session.run(tensors),
      backend: 'onnxruntime-node',
      device: isGpu ? device : 'cpu',
    },
    close: async () => session.release?.(),
  };
}

function toTensors(Tensor: OrtTensorConstructor, feeds: Feeds): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => {
      if ('type' in feed && 'data' in feed && typeof feed.type === 'string' && feed.dims)
        return [name, new Tensor(feed.type, feed.data, feed.dims)];
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Expected input "${name}" as { type, data, dims }: onnxruntime takes no bare array.`,
        { details: { input: name } },
      );
    }),
  );
}

/** Name and version of the package that a file belongs to. */
function versionOf(path: string): Record<string, string> {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name !== undefined && version !== undefined) return { [name]: version };
  }
  return {};
}
