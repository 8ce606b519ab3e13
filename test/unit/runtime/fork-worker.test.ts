// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { compiledModule } from '../../../lib/runtime/fork-worker';

describe('compiledModule', () => {
  it('says what to do when a module was not compiled', () => {
    expect(() => compiledModule('builder/no-such-worker')).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_LOAD_FILE',
        message: expect.stringContaining('no-such-worker.js') as string,
        hint: expect.stringContaining('npm run build') as string,
      }),
    );
  });
});
