// SPDX-License-Identifier: Apache-2.0
// The modules of lib/ that something outside of it opens by their path: each is a file of dist/ of the same path.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../sdk/steps.mjs';

/** What this package starts in processes of their own. */
const CHILD_MODULES = [
  'bench/compare/against-child',
  'bench/subject/cold-start-child',
  'binding/addon-check-worker',
  'builder/build-worker',
  'runtime/probe-worker',
];

/** `./dist/bench/index.js` -> `bench/index` */
const moduleOf = (path) => path.replace(/^(\.\/)?dist\//, '').replace(/(\.d\.m?ts|\.m?js)$/, '');

const { exports, bin, dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);

/** The modules that package.json exports, as paths below lib/ without ending. */
export const EXPORTED = Object.values(exports)
  .filter((target) => typeof target === 'object')
  .map((target) => moduleOf(target.require.default));

/** All of them. */
export const ENTRIES = [...EXPORTED, ...Object.values(bin).map(moduleOf), ...CHILD_MODULES];

/** What stays where npm puts it: packages that the user's project has, by name and by their inner paths. */
export const PACKAGES = Object.keys({ ...dependencies, ...peerDependencies }).map(
  (name) => new RegExp(`^${name}(/|$)`),
);
