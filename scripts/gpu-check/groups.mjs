// SPDX-License-Identifier: Apache-2.0
// All groups, in the order in which they run: what later ones rest on comes first.
import { build } from './groups/build.mjs';
import { cudaGraphs } from './groups/cuda-graphs.mjs';
import { engine } from './groups/engine.mjs';
import { environment } from './groups/environment.mjs';
import { execution } from './groups/execution.mjs';
import { exit } from './groups/exit.mjs';
import { facts } from './groups/facts.mjs';
import { inputs } from './groups/inputs.mjs';
import { kernels } from './groups/kernels.mjs';
import { leaks } from './groups/leaks.mjs';
import { limits } from './groups/limits.mjs';
import { sharing } from './groups/sharing.mjs';
import { streams } from './groups/streams.mjs';
import { timing } from './groups/timing.mjs';

/**
 * @typedef {object} Group
 * @property {string} name
 * @property {string} title
 * @property {'nothing' | 'builder' | 'gpu'} needs what must be there for its checks to be made at all
 * @property {import('./check.mjs').Check[]} checks
 */

/** @type {Group[]} */
export const GROUPS = [
  environment,
  facts,
  build,
  execution,
  inputs,
  cudaGraphs,
  streams,
  sharing,
  engine,
  limits,
  kernels,
  leaks,
  exit,
  timing,
];
