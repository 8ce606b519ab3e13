// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { scanSensitivity } from '../../../../lib/compress/mixed/scan-sensitivity';
import { ScriptedLayers } from './scripted-layers';

const scan = (scripted: ScriptedLayers, more: { mostRuns?: number; signal?: AbortSignal } = {}) =>
  scanSensitivity({ layers: scripted.layers, quantizeOnly: scripted.quantizeOnly, judge: scripted, ...more });

describe('scanSensitivity', () => {
  it('measures each layer by itself and puts the most sensitive first', async () => {
    const scripted = new ScriptedLayers([1e-4, 1e-1, 1e-6, 1e-2]);
    const ranked = await scan(scripted);
    expect(ranked.map(({ node }) => node)).toEqual(['n1', 'n3', 'n0', 'n2']);
    expect(ranked[0]).toMatchObject({ op: 'Conv', measuredWith: 1 });
    expect(ranked[0]!.sqnrDb).toBeCloseTo(10, 5);
    expect(scripted.runs).toBe(4);
  });

  it('finds the worst of many layers with few measurements', async () => {
    const noise = Array.from({ length: 300 }, () => 1e-6);
    noise[77] = 1e-1;
    noise[205] = 1e-2;
    const scripted = new ScriptedLayers(noise);
    const ranked = await scan(scripted, { mostRuns: 48 });
    expect(scripted.runs).toBeLessThanOrEqual(48);
    expect(ranked).toHaveLength(300);
    expect(ranked.slice(0, 2)).toMatchObject([
      { node: 'n77', measuredWith: 1 },
      { node: 'n205', measuredWith: 1 },
    ]);
    expect(new Set(ranked.map(({ node }) => node)).size).toBe(300);
    // A layer of a group that is quiet has its share of the noise, not the noise of all of it.
    expect(ranked.at(-1)!.sqnrDb).toBeCloseTo(60, 1);
  });

  it('stops between two measurements', async () => {
    const scripted = new ScriptedLayers([1, 1]);
    await expect(scan(scripted, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
    expect(scripted.runs).toBe(0);
  });
});
