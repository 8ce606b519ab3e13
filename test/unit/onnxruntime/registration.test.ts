// SPDX-License-Identifier: Apache-2.0
// register() without the addon and without onnxruntime-node: copies of onnxruntime-common stand for those of
// applications, and a second backend for onnxruntime-node's.
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Common from 'onnxruntime-common';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { TensorRTError } from '../../../lib/errors';
import { register, type RegisterOptions } from '../../../lib/onnxruntime/registration';
import { temporaryFolder } from '../../temporary-folder';

const { loadAddon, handler } = vi.hoisted(() => ({ loadAddon: vi.fn(), handler: vi.fn() }));
vi.mock('../../../lib/binding/load', () => ({ loadAddon }));
vi.mock('../../../lib/onnxruntime/backend', () => ({
  createBackend: () => ({ init: () => Promise.resolve(), createInferenceSessionHandler: handler }),
}));

const PACKAGE = join(dirname(require.resolve('onnxruntime-common')), '..', '..');

/** An application with onnxruntime-common of its own; `load()` does what onnxruntime-node does when it is loaded. */
function application() {
  const folder = temporaryFolder();
  cpSync(PACKAGE, join(folder, 'node_modules', 'onnxruntime-common'), { recursive: true });
  const requireThere = createRequire(join(folder, 'app.js'));
  const upstream = vi.fn(() => Promise.reject(new Error('upstream')));
  const backend = { init: () => Promise.resolve(), createInferenceSessionHandler: upstream };
  const load = () => {
    const common = requireThere('onnxruntime-common') as typeof Common;
    for (const name of ['cpu', 'cuda', 'tensorrt']) common.registerBackend(name, backend, 100);
    return common;
  };
  return { load, upstream };
}

/** Which of the two a session with this provider goes to. */
async function owner(common: typeof Common, provider: string): Promise<string> {
  const create = common.InferenceSession.create(Uint8Array.of(1), { executionProviders: [provider] });
  return create.then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );
}

async function owners(common: typeof Common): Promise<Record<string, string>> {
  const names = ['tensorrt', 'cuda', 'cpu'];
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await owner(common, name)] as const)),
  );
}

function failure(options: unknown): TensorRTError {
  try {
    register(options as RegisterOptions);
  } catch (error) {
    if (error instanceof TensorRTError) return error;
  }
  throw new Error('register() accepted it');
}

beforeEach(() => {
  loadAddon.mockReset();
  handler.mockReset().mockRejectedValue(new Error('ours'));
});

// The loader of the process is watched from the first call on: what comes "too late" has to come first.
describe('register()', () => {
  it('is an error after onnxruntime-node was loaded', async () => {
    const late = application().load();
    const error = failure({});
    expect(error.code).toBe('ERR_TRT_LOAD_REGISTER');
    expect(error.details).toEqual({ providers: ['tensorrt', 'cuda', 'cpu'] });
    expect(await owners(late)).toEqual({ tensorrt: 'upstream', cuda: 'upstream', cpu: 'upstream' });
  });

  it('comes first in each copy of onnxruntime-common that is loaded afterwards', async () => {
    register();
    for (const { load } of [application(), application()])
      expect(await owners(load())).toEqual({ tensorrt: 'ours', cuda: 'ours', cpu: 'ours' });
  });

  it('takes the named providers alone', async () => {
    register({ providers: ['tensorrt'] });
    expect(await owners(application().load())).toEqual({
      tensorrt: 'ours',
      cuda: 'upstream',
      cpu: 'upstream',
    });
    expect(loadAddon).not.toHaveBeenCalled();
  });

  it('leaves all to onnxruntime-node where the addon does not load, and warns once', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    loadAddon.mockImplementation(() => {
      throw new TensorRTError('ERR_TRT_LOAD_ADDON', 'No addon for this platform.');
    });
    register();
    for (const { load } of [application(), application()])
      expect(await owners(load())).toEqual({ tensorrt: 'upstream', cuda: 'upstream', cpu: 'upstream' });
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning.mock.calls[0]![1]).toMatchObject({ code: 'ERR_TRT_LOAD_ADDON' });
    emitWarning.mockRestore();
  });

  it('does nothing twice in one copy', async () => {
    register();
    const { load } = application();
    load();
    expect(() => register()).not.toThrow();
    expect(await owners(load())).toEqual({ tensorrt: 'ours', cuda: 'ours', cpu: 'ours' });
  });

  it.each([
    [{ providers: ['cdua'] }, 'ERR_TRT_ARG_VALUE', /not "cdua"\. Did you mean "cuda"\?/],
    [{ providers: [1] }, 'ERR_TRT_ARG_VALUE', /"providers" takes "tensorrt", "cuda", "cpu", not 1\./],
    [
      { providers: 'cpu' },
      'ERR_TRT_ARG_TYPE',
      /"providers" must be an array of provider names, not a string/,
    ],
    [
      { provider: ['cpu'] },
      'ERR_TRT_ARG_UNKNOWN_OPTION',
      /no option "provider"\. Did you mean "providers"\?/,
    ],
    [null, 'ERR_TRT_ARG_TYPE', /as an object, not null/],
  ])('refuses %j', (options, code, message) => {
    const error = failure(options);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});
