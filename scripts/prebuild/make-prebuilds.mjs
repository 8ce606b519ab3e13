// SPDX-License-Identifier: Apache-2.0
// Brings prebuilds/ up to date: builds what changed, verifies it, then puts it in place and says so in the manifest.
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cmakeProgram } from '../build.mjs';
import { ToolError, capture } from '../run-tool.mjs';
import { SdkError } from '../sdk/client.mjs';
import { runStep } from '../sdk/step.mjs';
import { SDK, allSteps } from '../sdk/steps.mjs';
import { buildTarget } from './build-target.mjs';
import { RECIPE, SOURCES, readInputs } from './inputs.mjs';
import { isUpToDate, readManifest, removeStale, sha256, writeManifest } from './manifest.mjs';
import { GLIBC, NODE_API, TARGETS, binaryPath } from './targets.mjs';
import { verifyBinary } from './verify-binary.mjs';

/**
 * @param {import('./targets.mjs').Target[]} targets
 * @param {{ root: string, force?: boolean, say: (text: string) => void }} options
 * @returns {Promise<{ manifest: object, built: { target: string, seconds: number }[] }>}
 */
export async function makePrebuilds(targets, { root, force = false, say }) {
  await prepareTools(say);
  const inputs = readInputs(root);
  const folder = join(root, 'prebuilds');
  const outdated = targets.filter((target) => force || !isUpToDate(folder, target, inputs));
  if (outdated.length === 0) {
    say('up to date');
    return { manifest: readManifest(folder), built: [] };
  }
  const tools = { root, inputs, cmake: cmakeProgram(), zig: zigProgram(), zigCache: zigCache() };
  const made = {};
  const built = [];
  for (const target of outdated) {
    const started = Date.now();
    made[target.name] = await makeOne(target, tools, folder);
    const seconds = Number(((Date.now() - started) / 1000).toFixed(1));
    built.push({ target: target.name, seconds });
    say(`${target.name}: ${made[target.name].entry.bytes} bytes (${seconds} s)`);
  }
  const manifest = await describe({ folder, inputs, made, root });
  writeManifest(folder, manifest);
  for (const path of removeStale(folder, manifest)) say(`removed ${path}: it was made of other sources`);
  return { manifest, built };
}

/** Those of .sdk even where the machine has TensorRT or a zig: what is released depends on no machine. */
async function prepareTools(say) {
  const steps = allSteps().filter(({ name }) => /^headers-|^python-(zig|cmake)$/.test(name));
  for (const step of steps) {
    await runStep(SDK, step.name === 'python-cmake' ? step : { ...step, given: undefined }, say);
  }
  if (!existsSync(zigProgram()))
    throw new SdkError(`${zigProgram()} is missing: remove .sdk/zig and try again`);
}

function zigProgram() {
  return join(SDK, 'zig', 'ziglang', 'zig');
}

/** zig builds its C++ runtime here once per target. */
function zigCache() {
  return process.env.TRTN_ZIG_CACHE ?? join(SDK, 'zig-cache');
}

async function makeOne(target, tools, folder) {
  const { file, flags } = await buildTarget(target, tools);
  const bytes = readFileSync(file);
  const folders = [tools.root, realpathSync(SDK), realpathSync(tools.zigCache)].map((path) => `${path}/`);
  const { problems, facts } = verifyBinary(bytes, { arch: target.arch, folders });
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\n  ${problem}`).join('');
    throw new ToolError(`${target.name}: ${file} must not be shipped:${lines}`);
  }
  const place = join(folder, binaryPath(target));
  mkdirSync(dirname(place), { recursive: true });
  copyFileSync(file, `${place}.${process.pid}`);
  renameSync(`${place}.${process.pid}`, place);
  return { flags, entry: { sha256: sha256(bytes), bytes: bytes.length, ...facts } };
}

/** The manifest of all binaries that were made of these inputs, now or before. */
async function describe({ folder, inputs, made, root }) {
  const before = readManifest(folder);
  const kept = before?.sourceDigest === inputs.sourceDigest ? before : null;
  const present = TARGETS.filter(
    (target) => made[target.name] !== undefined || kept?.files[binaryPath(target)] !== undefined,
  );
  const each = (pick) => Object.fromEntries(present.map(pick));
  return {
    schemaVersion: 1,
    version: inputs.version,
    commit: await currentCommit(root),
    sourceDigest: inputs.sourceDigest,
    compiler: { name: 'zig', version: await zigVersion() },
    flags: each(({ name }) => [name, made[name]?.flags ?? kept.flags[name]]),
    napi: NODE_API,
    glibc: GLIBC,
    headers: inputs.headers,
    files: each((target) => {
      const path = binaryPath(target);
      return [path, made[target.name]?.entry ?? kept.files[path]];
    }),
  };
}

async function zigVersion() {
  const { ok, output } = await capture([zigProgram(), 'version']);
  if (!ok) throw new ToolError(`${zigProgram()} does not run: ${output.trim()}`);
  return output.trim();
}

/**
 * The commit whose sources these are; null outside of a repository, where git is not there, and where the sources have
 * changes that no commit has.
 * @param {string} root
 * @returns {Promise<string | null>}
 */
export async function currentCommit(root) {
  if (!existsSync(join(root, '.git'))) return null;
  const git = ['git', '-C', root];
  try {
    const head = await capture([...git, 'rev-parse', '--verify', 'HEAD']);
    const changes = await capture([
      ...git,
      'status',
      '--porcelain',
      '--',
      'package.json',
      ...SOURCES,
      ...RECIPE,
    ]);
    return head.ok && changes.ok && changes.output.trim() === '' ? head.output.trim() : null;
  } catch {
    return null;
  }
}
