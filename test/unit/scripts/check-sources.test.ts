// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { findViolations } from '../../../scripts/check-sources.mjs';

const spdx = '// SPDX-License-Identifier: Apache-2.0\n';
/** In two halves, or this file would break the rule that it tests. */
const host = 'https://registry.' + 'npmjs.org/x';
const machinePath = '/ho' + 'me/me/project';

describe('check-sources', () => {
  it.each([
    ['lib/a.ts', `${spdx}export {};\n`],
    ['scripts/run', `#!/usr/bin/env bash\n# ${spdx.slice(3)}`],
    ['native/a.cc', `${spdx}#include "usr/include/x.h"\n`],
    ['README.md', 'Text, a link to https://example.org/work/x and lib/work/item.\n'],
    ['model.onnx', null],
  ])('accepts %s', (path, text) => {
    expect(findViolations([[path, text]])).toEqual([]);
  });

  it.each([
    ['lib/a.ts', 'export {};\n', 'no SPDX line'],
    ['native/a.h', '#pragma once\n', 'no SPDX line'],
    ['README.md', `see ${host}\n`, "names a registry's host"],
    ['README.md', `cd ${machinePath}\n`, 'names a path of one machine'],
    ['lib/utils.ts', spdx, 'a name that says nothing'],
    ['native/core/common.h', spdx, 'a name that says nothing'],
    ['lib/a.ts', spdx + '\n'.repeat(601), 'has 603 lines'],
  ])('refuses %s: %#', (path, text, reason) => {
    const found = findViolations([[path, text]]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(reason);
  });
});
