// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { digestModel } from '../../../lib/builder/model-digest';
import { rejection, temporaryFolder } from '../../temporary-folder';

// Several pieces, so that there is something between them.
const bytes = new Uint8Array(2 ** 20).fill(7);
const sha256 = createHash('sha256').update(bytes).digest('hex');

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, bytes);
  return path;
}

describe('digestModel', () => {
  it.each(['path', 'bytes'])('digests a model given as %s', async (kind) => {
    const model = kind === 'path' ? modelFile() : bytes;
    const digest = await digestModel({ model, externalFiles: [] });
    expect(digest).toEqual({ sha256, bytes: bytes.length, externalFiles: [] });
  });

  it.each(['path', 'bytes'])('stops between the pieces of %s when the signal fires', async (kind) => {
    const model = kind === 'path' ? modelFile() : bytes;
    const controller = new AbortController();
    const digesting = rejection(digestModel({ model, externalFiles: [] }, controller.signal));
    controller.abort('enough');
    expect(await digesting).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED', cause: 'enough' });
  });
});
