// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { plainOptions, sessionSettings } from '../../../../lib/bench/subject/plain-options';

describe('plainOptions', () => {
  it('leaves out what another process or a file cannot have', () => {
    const options = {
      device: 'cpu',
      none: undefined,
      call: () => 1,
      plugins: ['a.so', () => 1],
      build: {
        precision: 'fp16',
        signal: new AbortController().signal,
        externalData: { w: new Uint8Array(4) },
      },
    };
    expect(plainOptions(options)).toEqual({
      device: 'cpu',
      plugins: ['a.so'],
      build: { precision: 'fp16', externalData: {} },
    });
  });
});

describe('sessionSettings', () => {
  it('has graph, spin and contexts of a GPU, also where nobody chose', () => {
    expect(sessionSettings({}, 'cuda:0')).toEqual({ contexts: 1, cudaGraph: 'auto', spinWait: false });
    expect(
      sessionSettings({ contexts: 2, cudaGraph: 'off', profile: 1, maxQueue: 9, stageTimes: true }, 'cuda:0'),
    ).toEqual({ contexts: 2, cudaGraph: 'off', spinWait: false, profile: 1 });
  });

  it('has the threads of a CPU, and nothing that has no effect there', () => {
    expect(sessionSettings({ cudaGraph: 'on', spinWait: true, device: 'cpu' }, 'cpu')).toEqual({
      contexts: 1,
      intraOpNumThreads: availableParallelism(),
    });
    expect(sessionSettings({ intraOpNumThreads: 3 }, 'cpu').intraOpNumThreads).toBe(3);
  });
});
