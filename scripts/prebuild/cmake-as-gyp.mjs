#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// What prebuildify runs in the place of node-gyp: cmake-js, with the build folder below the folder it is run in.
// TRTN_PREBUILD: JSON of { root, target, cmake, jobs }.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CMAKE_SETTINGS, TARGETS } from './targets.mjs';

const { root, target: name, cmake, jobs } = JSON.parse(process.env.TRTN_PREBUILD);
const target = TARGETS.find((one) => one.name === name);
const settings = {
  ...CMAKE_SETTINGS,
  CMAKE_TOOLCHAIN_FILE: join(root, target.toolchain),
};
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/cmake-js/bin/cmake-js'),
    ...['build', '--directory', root, '--out', join(process.cwd(), 'build'), '--config', 'Release'],
    ...['--arch', target.arch, '--cmake-path', cmake, '--parallel', String(jobs)],
    ...Object.entries(settings).map(([key, value]) => `--CD${key}=${value}`),
  ],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
