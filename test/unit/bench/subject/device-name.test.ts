// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { nameOfDevice, type LookAtMachine } from '../../../../lib/bench/subject/device-name';
import type { ProbeReport } from '../../../../lib/index';

/** A machine with these GPUs, by ordinal. */
function machine(...gpus: string[]) {
  const devices = gpus.map((name, ordinal) => ({ ordinal, name }));
  const cuda = { devices } as unknown as ProbeReport['cuda'];
  return vi.fn<LookAtMachine>(() => Promise.resolve({ cuda }));
}

describe('nameOfDevice', () => {
  it('is what the driver calls the GPU of that number, looked at once', async () => {
    const look = machine('NVIDIA A', 'NVIDIA B');
    expect(await nameOfDevice('cuda:1', look)).toBe('NVIDIA B');
    expect(await nameOfDevice('cuda:1', look)).toBe('NVIDIA B');
    expect(look).toHaveBeenCalledTimes(1);
  });

  it('is nothing on a CPU, where nobody looks', async () => {
    const look = machine('NVIDIA A');
    expect(await nameOfDevice('cpu', look)).toBeUndefined();
    expect(look).not.toHaveBeenCalled();
  });

  it('is nothing where the driver does not tell', async () => {
    expect(await nameOfDevice('cuda:7', machine('NVIDIA A'))).toBeUndefined();
    expect(await nameOfDevice('cuda:7', () => Promise.reject(new Error('no driver')))).toBeUndefined();
  });
});
