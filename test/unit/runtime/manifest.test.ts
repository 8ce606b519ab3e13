// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { formatManifest, parseManifest, readManifest } from '../../../lib/runtime/manifest';
import { manifestFor, rtxPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

const good = manifestFor(rtxPlan());

/** The manifest with one field, named by a path like `plan.bytes`, replaced. */
function withField(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(good)) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((object, key) => object[key] as Record<string, unknown>, copy);
  // JSON leaves undefined out.
  parent[last] = value;
  return JSON.parse(JSON.stringify(copy));
}

describe('parseManifest', () => {
  it('takes what formatManifest wrote, and fields that it does not know', () => {
    expect(parseManifest(JSON.parse(formatManifest(good)), 'm')).toEqual(good);
    expect(parseManifest(withField('calibration', { sha256: '' }), 'm')).toMatchObject({ layers: 3 });
  });

  it.each([
    ['formatVersion', undefined, 'formatVersion'],
    ['formatVersion', 0, 'formatVersion'],
    ['createdBy', '', 'createdBy'],
    ['family', 'tensorrt-9', 'family'],
    ['version', 'newest', 'version'],
    ['computeCapabilities', [8.9], 'computeCapabilities[0]'],
    ['gpu', { name: 'x' }, 'gpu.computeCapability'],
    ['driver', 13, 'driver'],
    ['options', [], 'options'],
    ['model.sha256', 'abc', 'model.sha256'],
    ['model.externalFiles', [{ name: 'w' }], 'model.externalFiles[0].sha256'],
    ['plan.bytes', -1, 'plan.bytes'],
    ['plan', undefined, 'plan'],
    ['profiles', [{ x: { min: [1], opt: [2] } }], 'profiles[0].x.max'],
    ['profiles', [{ x: { min: [3], opt: [2], max: [4] } }], 'profiles[0].x'],
    ['profiles', [{ x: { min: [1], opt: [2, 2], max: [4] } }], 'profiles[0].x'],
    ['profiles', [{ x: { values: { min: [1] } } }], 'profiles[0].x.values.opt'],
    ['inputs', [{ name: 'x', type: 'float', dims: [] }], 'inputs[0].type'],
    ['inputs', [{ name: 'x', type: 'float32', dims: [-2] }], 'inputs[0].dims[0]'],
    ['outputs', {}, 'outputs'],
    ['precision', { float32: 'all' }, 'precision.float32'],
    ['layers', 1.5, 'layers'],
    ['buildMs', null, 'buildMs'],
    ['warnings', [1], 'warnings[0]'],
  ])('names the field: %s = %j', (path, value, field) => {
    expect(() => parseManifest(withField(path, value), 'm.json')).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_LOAD_MANIFEST_INVALID',
        details: expect.objectContaining({ field }),
      }),
    );
  });

  it.each([null, 5, 'text', []])('refuses %j', (value) => {
    expect(() => parseManifest(value, 'm')).toThrow(/m must be an object/);
  });

  it('refuses a newer format as such', () => {
    expect(() => parseManifest(withField('formatVersion', 2), 'm')).toThrow(
      /format version 2; this package reads up to 1/,
    );
  });
});

describe('readManifest', () => {
  it('returns null where there is none and refuses what is no JSON', async () => {
    const path = join(temporaryFolder(), 'm.engine.json');
    expect(await readManifest(path)).toBeNull();
    writeFileSync(path, '{"formatVersion": 1');
    expect(await rejection(readManifest(path))).toMatchObject({ code: 'ERR_TRT_LOAD_MANIFEST_INVALID' });
    expect(await rejection(readManifest(temporaryFolder()))).toMatchObject({ code: 'ERR_TRT_LOAD_FILE' });
  });
});
