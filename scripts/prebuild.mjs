// SPDX-License-Identifier: Apache-2.0
// The binaries of the package: prebuilds/linux-<arch>/tensorrt-node.glibc.node for x64 and arm64, from one machine.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { checkPrebuilds, readManifest } from './prebuild/manifest.mjs';
import { makePrebuilds } from './prebuild/make-prebuilds.mjs';
import { verifyReproducible } from './prebuild/reproducible.mjs';
import { TARGETS, binaryPath } from './prebuild/targets.mjs';
import { ToolError, runMain } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const PREBUILDS = join(ROOT, 'prebuilds');
const USAGE = `usage: node scripts/prebuild.mjs [--target <name>[,<name>]] [--check | --verify-reproducible] [--force] [--json]

Builds what is not up to date, verifies it and writes prebuilds/manifest.json and prebuilds/SHA256SUMS.
  --target <names>       of ${TARGETS.map(({ name }) => name).join(', ')} (default: all)
  --check                builds nothing: compares what is there with the manifest and verifies each binary
  --verify-reproducible  builds once more from a copy in a temporary folder, and compares the bytes
  --force                builds what is up to date too
  --json                 the result as JSON on stdout
`;

const OPTIONS = {
  target: { type: 'string', multiple: true },
  check: { type: 'boolean' },
  'verify-reproducible': { type: 'boolean' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
};

/**
 * The targets that are named, in the order of the table; all where none is.
 * @param {string[]} [names]
 */
export function selectTargets(names) {
  const wanted = (names ?? []).flatMap((text) => text.split(',')).filter(Boolean);
  const unknown = wanted.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) {
    throw new ToolError(`no target "${unknown}"; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  }
  return TARGETS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

const say = (text) => process.stderr.write(`prebuild: ${text}\n`);

function check(targets, asJson) {
  const problems = checkPrebuilds(PREBUILDS, targets);
  const checked = targets.map(binaryPath);
  const files = Object.fromEntries(
    Object.entries(readManifest(PREBUILDS)?.files ?? {}).filter(([path]) => checked.includes(path)),
  );
  if (asJson)
    process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, problems, files }, null, 2)}\n`);
  else process.stdout.write(problems.map((problem) => `${problem}\n`).join('') || describe(files));
  if (problems.length > 0) process.exitCode = 1;
}

function describe(files) {
  const lines = Object.entries(files).map(
    ([path, { bytes, glibcNeeded, needed }]) =>
      `ok ${path}: ${bytes} bytes, glibc ${glibcNeeded}, needs ${needed.join(' ')}\n`,
  );
  return lines.join('');
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return void process.stdout.write(USAGE);
  const targets = selectTargets(values.target);
  if (values.check) return check(targets, values.json);
  const result = await makePrebuilds(targets, { root: ROOT, force: values.force, say });
  const second = values['verify-reproducible']
    ? await verifyReproducible(targets, { root: ROOT, say })
    : undefined;
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ ...result, ...(second && { reproducible: second }) }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(describe(result.manifest.files));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
