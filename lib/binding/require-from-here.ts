// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * `require` of this folder, which bundlers do not see; in a bundle that became an ES module, and so has no file name,
 * of the working folder.
 */
export function requireFromHere(): NodeJS.Require {
  const isFile = typeof __filename === 'string' && isAbsolute(__filename);
  return createRequire(isFile ? __filename : join(process.cwd(), 'noop.js'));
}
