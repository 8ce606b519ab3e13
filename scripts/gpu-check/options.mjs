// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';

export const FAMILIES = ['tensorrt-11', 'tensorrt-10', 'tensorrt-rtx'];

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

export const USAGE = `Usage: npm run gpu:check -- [options]

Checks the built package on this host's GPU and writes one JSON and one Markdown report.

  --only <group or id>   make these checks alone; may be repeated
                         (an id is group.name or group.name@family)
  --family <family>      use these TensorRT families alone: ${FAMILIES.join(', ')}; may be repeated
  --device cuda:<N>      the GPU to use (default cuda:0)
  --quick                fewer repetitions
  --engines <folder>     take <folder>/<family>/<name>.engine where it is there, instead of building
  --no-build             build nothing: checks without an engine from --engines are skipped
  --output <folder>      where the reports go (default benchmarks/results)
  --allow-no-gpu         exit with 0 on a host without a GPU too
  --list                 print the ids of all checks and exit
  --help                 print this text

Exit code: 0 nothing failed, 1 a check failed or nothing could be proven, 2 wrong usage.
`;

const OPTIONS = {
  only: { type: 'string', multiple: true, default: [] },
  family: { type: 'string', multiple: true, default: [] },
  device: { type: 'string', default: 'cuda:0' },
  quick: { type: 'boolean', default: false },
  engines: { type: 'string' },
  'no-build': { type: 'boolean', default: false },
  output: { type: 'string' },
  'allow-no-gpu': { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/**
 * @param {string[]} args
 * @throws {UsageError}
 */
export function parseOptions(args) {
  const values = parse(args);
  if (!/^cuda:\d+$/.test(values.device))
    throw new UsageError(`--device takes cuda:<N>, not ${values.device}.`);
  const unknown = values.family.find((family) => !FAMILIES.includes(family));
  if (unknown !== undefined)
    throw new UsageError(`--family takes one of ${FAMILIES.join(', ')}, not ${unknown}.`);
  return values;
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/**
 * Refuses names in `--only` that stand for no check.
 *
 * @param {string[]} only
 * @param {{name: string, checks: {name: string}[]}[]} groups
 * @throws {UsageError}
 */
export function checkSelection(only, groups) {
  const known = groups.flatMap(({ name, checks }) => [
    name,
    ...checks.map((check) => `${name}.${check.name}`),
  ]);
  for (const wanted of only) {
    const [name, family] = wanted.split('@');
    const isKnown = known.includes(name) && (family === undefined || FAMILIES.includes(family));
    if (isKnown) continue;
    throw new UsageError(
      `--only ${wanted}: there is no such group or check. Groups: ${groups.map((one) => one.name).join(', ')}.`,
    );
  }
}
