// SPDX-License-Identifier: Apache-2.0
// A setup file of vitest: notes the code of every TensorRTError that the package makes while a test file runs, so that
// the end of `npm test` can say which codes of the table no test has provoked (scripts/provoked-codes.mjs).
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';

import { TensorRTError } from '../lib/errors';

const REPORT = join(__dirname, '..', 'build', 'test-reports', 'error-codes.jsonl');
const made = new Set<TensorRTError>();

// The constructor assigns `name`, which the class has no field for: a setter sees every instance, and costs the others
// nothing. The code is assigned later, so instances are kept until the file ends.
Object.defineProperty(TensorRTError.prototype, 'name', {
  configurable: true,
  set(this: TensorRTError, name: string) {
    Object.defineProperty(this, 'name', {
      value: name,
      writable: true,
      configurable: true,
      enumerable: true,
    });
    if (isMadeByThePackage(this.stack)) made.add(this);
  },
});

/** An error that a test constructs itself provokes nothing. */
function isMadeByThePackage(stack = ''): boolean {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const caller = frames.find((line) => !/[\\/]lib[\\/]errors\.ts/.test(line));
  return caller !== undefined && /[\\/]lib[\\/]/.test(caller) && !/node_modules/.test(caller);
}

afterAll(() => {
  const codes = [...new Set([...made].map(({ code }) => code))].sort();
  made.clear();
  if (codes.length === 0) return;
  mkdirSync(dirname(REPORT), { recursive: true });
  appendFileSync(REPORT, `${JSON.stringify({ file: expect.getState().testPath, codes })}\n`);
});
