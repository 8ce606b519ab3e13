// SPDX-License-Identifier: Apache-2.0
// The specs that the guide shows.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { checkPipelineSpec, type PipelineSpec } from '../../../lib/pipeline';

const GUIDE = fileURLToPath(new URL('../../../docs/guides/pipelines.md', import.meta.url));
const BLOCKS = [...readFileSync(GUIDE, 'utf8').matchAll(/^```json\n([^]*?)^```/gm)].map(([, text]) => text!);

describe('docs/guides/pipelines.md', () => {
  it.each(BLOCKS.map((text, index) => [index + 1, text] as const))(
    'shows a spec that is right: %i',
    (_index, text) => {
      expect(() => checkPipelineSpec(JSON.parse(text))).not.toThrow();
    },
  );

  it('shows one for each kind of post', () => {
    const kinds = new Set(BLOCKS.map((text) => (JSON.parse(text) as PipelineSpec).post.kind));
    expect([...kinds].sort()).toEqual([
      ...['boxes-scores', 'classification', 'detection', 'embedding', 'end-to-end'],
      ...['instance-segmentation', 'keypoints', 'segmentation'],
    ]);
  });
});
