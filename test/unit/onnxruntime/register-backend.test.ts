// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import type { Backend } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';

import { backendFor, registerBackends, type Registry } from '../../../lib/onnxruntime/register-backend';
import { announceVersions } from '../../../lib/onnxruntime/versions';

interface Entry {
  name: string;
  backend: Backend;
  priority: number;
}

function registry(): Registry & { entries: Entry[] } {
  const entries: Entry[] = [];
  return {
    entries,
    env: {},
    registerBackend: (name, backend, priority) => void entries.push({ name, backend, priority }),
  };
}

describe('registration', () => {
  it('takes the plain names, at another priority than onnxruntime-node, and its own', () => {
    const copy = registry();
    registerBackends(copy);
    expect(copy.entries.map(({ name, priority }) => [name, priority])).toEqual([
      ['tensorrt', 200],
      ['cuda', 200],
      ['cpu', 200],
      ['tensorrt-node:tensorrt', -1],
      ['tensorrt-node:cuda', -1],
      ['tensorrt-node:cpu', -1],
    ]);
  });

  it('takes the names that are chosen', () => {
    const copy = registry();
    registerBackends(copy, ['tensorrt']);
    expect(copy.entries.filter(({ priority }) => priority > 0).map(({ name }) => name)).toEqual(['tensorrt']);
  });

  it('has one backend for each copy, so that it can be done again', () => {
    const [one, two] = [registry(), registry()];
    expect(backendFor(one)).toBe(backendFor(one));
    expect(backendFor(one)).not.toBe(backendFor(two));
    const real = createRequire(import.meta.url)('onnxruntime-common') as Registry;
    registerBackends(real);
    expect(() => registerBackends(real)).not.toThrow();
  });

  it('never fails to initialise', async () => {
    await expect(backendFor(registry()).init('tensorrt')).resolves.toBeUndefined();
  });
});

describe('versions', () => {
  it('leaves that of onnxruntime-node alone, and lets it come later', () => {
    const there = { common: '1.30.0', node: '1.29.0' };
    announceVersions(there);
    expect(there.node).toBe('1.29.0');
    const later = { common: '1.30.0' };
    announceVersions(later);
    expect(later).toMatchObject({ node: '1.30.0' });
    Object.defineProperty(later, 'node', { value: '1.31.0', enumerable: true });
    expect(later).toMatchObject({ node: '1.31.0' });
  });
});
