// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PackageEnergySensor } from '../../../../lib/bench/sensors/package-energy';

const RANGE_UJ = 1_000_000;
let root = '';
let nowMs = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercap-'));
  nowMs = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function setCounter(name: string, energyUj: number | string): void {
  mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, name, 'max_energy_range_uj'), `${RANGE_UJ}\n`);
  writeFileSync(join(root, name, 'energy_uj'), `${energyUj}\n`);
}

const sensorOver = (folder = root) => new PackageEnergySensor({ root: folder, now: () => nowMs });

describe('PackageEnergySensor', () => {
  it('adds up the packages, without their parts', () => {
    setCounter('intel-rapl:0', 100_000);
    setCounter('intel-rapl:1', 0);
    setCounter('intel-rapl:0:0', 5);
    const sensor = sensorOver();
    sensor.start();
    setCounter('intel-rapl:0', 400_000);
    setCounter('intel-rapl:1', 200_000);
    setCounter('intel-rapl:0:0', 900_000);
    nowMs = 2000;
    sensor.stop();
    expect(sensor.usage(10)).toEqual({ joules: 0.5, joulesPerInference: 0.05, meanW: 0.25 });
  });

  it('follows a counter that starts again, as often as it is looked at', () => {
    setCounter('intel-rapl:0', 900_000);
    const sensor = sensorOver();
    sensor.start();
    for (const energy of [100_000, 800_000, 300_000]) {
      setCounter('intel-rapl:0', energy);
      sensor.tick();
    }
    nowMs = 1000;
    sensor.stop();
    // 0.2 J to the end and round, 0.7 J, 0.5 J to the end and round.
    expect(sensor.usage(1)).toMatchObject({ joules: expect.closeTo(1.4, 9) });
  });

  it('says that the machine has none, and where it looked', () => {
    for (const folder of [root, join(root, 'none')]) {
      const sensor = sensorOver(folder);
      sensor.start();
      sensor.stop();
      expect(sensor.usage(1)).toEqual({
        unavailable: expect.stringMatching(
          /powercap-.* cannot be read \(ENOENT\)\. This machine has no RAPL/,
        ),
      });
    }
  });

  it('says which file it may not read, and what to do', () => {
    setCounter('intel-rapl:0', 1);
    const path = join(root, 'intel-rapl:0', 'energy_uj');
    const readText = (file: string) => {
      if (file !== path) return '1000';
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path });
    };
    const sensor = new PackageEnergySensor({ root, readText });
    sensor.start();
    sensor.stop();
    expect(sensor.usage(1)).toEqual({
      unavailable: expect.stringContaining(`${path} cannot be read (EACCES). Run as root`),
    });
    expect(sensor.usage(1)).toEqual({ unavailable: expect.stringContaining(`sudo chmod a+r ${path}`) });
  });

  it('says that a file holds no number', () => {
    setCounter('intel-rapl:0', 'none');
    const sensor = sensorOver();
    sensor.start();
    sensor.stop();
    expect(sensor.usage(1)).toEqual({ unavailable: expect.stringContaining('it holds "none", no number') });
  });

  it('never tells zero for a counter that went away while measuring', () => {
    setCounter('intel-rapl:0', 5);
    const sensor = sensorOver();
    sensor.start();
    rmSync(join(root, 'intel-rapl:0'), { recursive: true });
    nowMs = 100;
    sensor.stop();
    expect(sensor.usage(1)).toEqual({ unavailable: expect.stringContaining('ENOENT') });
  });

  it('has nothing to tell where nothing was measured', () => {
    setCounter('intel-rapl:0', 5);
    const sensor = sensorOver();
    sensor.start();
    sensor.stop();
    expect(sensor.usage(0)).toEqual({ unavailable: expect.stringContaining('nothing was measured') });
  });
});
