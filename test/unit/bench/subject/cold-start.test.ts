// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  measureColdStart,
  type ColdStartOptions,
  type ColdStartRequest,
} from '../../../../lib/bench/subject/cold-start';

const options: Omit<ColdStartOptions, 'start'> = {
  model: 'model.onnx',
  sessionOptions: { device: 'cpu', build: { onProgress: () => undefined }, stageTimes: true },
  feeds: { x: Float32Array.of(1) },
  processes: 3,
};
const times = (totalMs: number) => ({
  importMs: totalMs / 4,
  loadMs: totalMs / 2,
  firstRunMs: totalMs / 8,
  totalMs,
});

describe('measureColdStart', () => {
  it('gives the medians of the processes', async () => {
    const totals = [80, 400, 160];
    expect(await measureColdStart({ ...options, start: async () => times(totals.pop()!) })).toEqual({
      processes: 3,
      ...times(160),
    });
  });

  it('tells a process what can be told, one after the other', async () => {
    const requests: ColdStartRequest[] = [];
    let running = 0;
    const start = async (request: ColdStartRequest) => {
      expect(++running).toBe(1);
      requests.push(request);
      await Promise.resolve();
      running -= 1;
      return times(1);
    };
    await measureColdStart({ ...options, start });
    expect(requests).toHaveLength(3);
    expect(requests[0]).toEqual({
      model: resolve('model.onnx'),
      sessionOptions: { device: 'cpu', build: {}, stageTimes: false },
      feeds: options.feeds,
    });
  });

  it('says why where a process fails', async () => {
    const start = () => Promise.reject(new Error('the process ended with SIGSEGV before it gave its times'));
    expect(await measureColdStart({ ...options, start })).toEqual({
      unavailable: 'cold start: the process ended with SIGSEGV before it gave its times',
    });
  });

  it('gives the medians of the processes before one that fails', async () => {
    const totals = [80, 160];
    const start = async () => {
      if (totals.length === 0) throw new Error('no memory');
      return times(totals.pop()!);
    };
    expect(await measureColdStart({ ...options, start })).toEqual({ processes: 2, ...times(120) });
  });

  it('ends between processes when it is interrupted', async () => {
    const controller = new AbortController();
    const start = async () => {
      controller.abort();
      return times(8);
    };
    const { signal } = controller;
    expect(await measureColdStart({ ...options, signal, start })).toMatchObject({ processes: 1 });
    expect(await measureColdStart({ ...options, signal, start })).toEqual({
      unavailable: expect.stringContaining('interrupted'),
    });
  });
});
