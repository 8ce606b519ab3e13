// SPDX-License-Identifier: Apache-2.0
import type * as os from 'node:os';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const { loads } = vi.hoisted(() => ({ loads: [] as number[] }));
vi.mock('node:os', async (importOriginal) => ({
  ...(await importOriginal<typeof os>()),
  loadavg: () => [loads.shift() ?? 99, 0, 0],
}));

beforeEach(() => {
  loads.splice(0, Infinity, 0.5, 7.5);
  vi.resetModules();
});

describe('describeEnvironment', () => {
  it("has the load from before the first measurement in all: a benchmark is not the others' work", async () => {
    const { describeEnvironment } = await import('../../../lib/bench/environment');
    expect(describeEnvironment().loadAverage).toBe(0.5);
    expect(describeEnvironment().loadAverage).toBe(0.5);
  });

  it('has the load that another process saw before the first measurement', async () => {
    const { describeEnvironment } = await import('../../../lib/bench/environment');
    expect(describeEnvironment({ python: '3.12' }, 0.25)).toMatchObject({
      loadAverage: 0.25,
      versions: { python: '3.12' },
    });
  });
});
