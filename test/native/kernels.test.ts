// SPDX-License-Identifier: Apache-2.0
// native/ops/generated, which is committed, against the sources that it was compiled from.
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary-folder';

const ROOT = join(__dirname, '../..');
const GENERATED = join(ROOT, 'native/ops/generated');
/** Compiled again where the compilers are; `npm run kernels -- --check` compiles all. */
const RECOMPILED = 'tensors/copy_rows';

interface Manifest {
  sources: string;
  compilers: Record<string, string>;
  files: Record<string, { bytes: number; sha256: string }>;
  images: { source: string; kernels: string[]; ptx: string; fatbin: string }[];
}

const manifest = JSON.parse(readFileSync(join(GENERATED, 'manifest.json'), 'utf8')) as Manifest;

/* eslint-disable @typescript-eslint/no-explicit-any -- scripts have no types */
let scripts: Record<'sources' | 'compile' | 'pack' | 'lz4' | 'kernels' | 'compilers', any>;

beforeAll(async () => {
  const load = (path: string) => import(pathToFileURL(join(ROOT, 'scripts', path)).href);
  const [sources, compile, pack, lz4, kernels, compilers] = await Promise.all([
    load('kernels/sources.mjs'),
    load('kernels/compile.mjs'),
    load('kernels/pack.mjs'),
    load('kernels/lz4.mjs'),
    load('kernels.mjs'),
    load('sdk/kernel-compilers.mjs'),
  ]);
  scripts = { sources, compile, pack, lz4, kernels, compilers };
});

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

describe('native/ops/generated', () => {
  it('was made from the sources as they are (else: npm run kernels)', () => {
    const sources = scripts.sources.kernelSources(ROOT) as string[];
    expect(manifest.images.map((image) => image.source)).toEqual(
      sources.map((source) => scripts.sources.nameOf(source)),
    );
    expect(manifest.sources).toBe(scripts.sources.digestOf(ROOT, sources));
  });

  it('was made with the compilers that set-up brings', () => {
    expect(manifest.compilers).toEqual(scripts.kernels.compilerVersions());
  });

  it('has the files that the manifest says, with the same kernels', () => {
    for (const [name, { bytes, sha256: digest }] of Object.entries(manifest.files)) {
      const data = readFileSync(join(GENERATED, name));
      expect({ name, bytes: data.length, digest: sha256(data) }).toEqual({ name, bytes, digest });
      const images = scripts.pack.listImages(data) as { source: string; kernels: string[] }[];
      expect(images.map(({ source, kernels }) => ({ source, kernels }))).toEqual(
        manifest.images.map(({ source, kernels }) => ({ source, kernels })),
      );
    }
  });

  it('comes out the same from another folder', { timeout: 300_000 }, async (context) => {
    const compilers = scripts.compilers.kernelCompilers(join(ROOT, '.sdk'));
    if (compilers === null) {
      context.skip('no compilers: npm run sdk -- --group kernels');
      return;
    }
    const folder = temporaryFolder();
    cpSync(join(ROOT, 'native/ops'), join(folder, 'native/ops'), { recursive: true });
    const source = `native/ops/${RECOMPILED}.cu`;
    const compiled = await scripts.compile.compileKernels(folder, source, compilers);
    const image = manifest.images.find((entry) => entry.source === RECOMPILED);
    expect({ ptx: sha256(compiled.ptx), fatbin: sha256(compiled.fatbin), kernels: compiled.kernels }).toEqual(
      {
        ptx: image?.ptx,
        fatbin: image?.fatbin,
        kernels: image?.kernels,
      },
    );
  });
});

describe('the encoder', () => {
  it('keeps to the end of the format, and shortens what repeats', () => {
    const compress = scripts.lz4.compressLz4 as (input: Buffer) => Buffer;
    expect([...compress(Buffer.from('abc'))]).toEqual([0x30, 0x61, 0x62, 0x63]);
    const block = compress(Buffer.alloc(1000, 'a'));
    // One literal, a match of 994 at distance 1 (15 + 3 * 255 + 210 + 4), five literals.
    expect([...block]).toEqual([0x1f, 0x61, 1, 0, 255, 255, 255, 210, 0x50, 0x61, 0x61, 0x61, 0x61, 0x61]);
  });
});
