// SPDX-License-Identifier: Apache-2.0
// Everything that decides the bytes of the binaries. One digest of it says whether they are up to date.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { SdkError } from '../sdk/client.mjs';

const FAMILIES = ['tensorrt-10', 'tensorrt-11', 'tensorrt-rtx'];
/** What is compiled, and what says how. */
export const SOURCES = ['CMakeLists.txt', 'cmake', 'native', 'scripts/sdk/requirements-zig.txt'];
/** The flags that are not in there. */
export const RECIPE = ['scripts/prebuild/targets.mjs', 'scripts/prebuild/cmake-as-gyp.mjs'];
/** Not part of the addon. */
const IGNORED = /^(native\/test\/|cmake\/(native-tests\.cmake|gyp\.cjs)$)/;

/**
 * @param {string} root the repository
 * @returns {{ version: string, sourceDigest: string, configurationDigest: string, headers: Record<string, string> }}
 * `configurationDigest` is of what a build folder is configured with: another one needs a new folder
 */
export function readInputs(root) {
  const { version } = readJson(join(root, 'package.json'));
  const nodePackages = ['node-addon-api', 'node-api-headers'].map((name) => packageHeaders(root, name));
  const families = FAMILIES.map((family) => familyHeaders(root, family));
  const headers = Object.fromEntries(
    [...families, ...nodePackages].map(({ name, version: text }) => [name, text]),
  );
  const files = [...SOURCES, ...RECIPE].flatMap((path) => listFiles(join(root, path)));
  const sources = files
    .map((file) => [relative(root, file).split(sep).join('/'), file])
    .filter(([path]) => !IGNORED.test(path));
  const libraryFiles = [...families, ...nodePackages].flatMap(({ name, folder }) =>
    listFiles(folder)
      .filter((file) => file.endsWith('.h'))
      .map((file) => [`${name}/${relative(folder, file).split(sep).join('/')}`, file]),
  );
  return {
    version,
    headers,
    sourceDigest: digestOf(version, [...sources, ...libraryFiles]),
    configurationDigest: digestOf(
      root,
      sources.filter(([path]) => !path.startsWith('native/')),
    ),
  };
}

function digestOf(text, files) {
  const hash = createHash('sha256').update(`${text}\n`);
  for (const [name, file] of files.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name} ${createHash('sha256').update(readFileSync(file)).digest('hex')}\n`);
  }
  return hash.digest('hex');
}

function listFiles(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (found.isFile()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function packageHeaders(root, name) {
  const manifest = createRequire(join(root, 'package.json')).resolve(`${name}/package.json`);
  const folder = name === 'node-api-headers' ? join(dirname(manifest), 'include') : dirname(manifest);
  return { name, folder, version: readJson(manifest).version };
}

function familyHeaders(root, name) {
  const folder = join(root, '.sdk', 'include', name);
  const file = join(folder, 'NvInferVersion.h');
  if (!existsSync(file)) throw new SdkError(`the headers of ${name} are not in .sdk: npm run sdk gets them`);
  const text = readFileSync(file, 'utf8');
  const part = (key) => {
    const suffix = name === 'tensorrt-rtx' ? 'RTX' : 'ENTERPRISE';
    return new RegExp(`#define\\s+TRT_${key}_${suffix}\\s+(\\d+)`).exec(text)?.[1] ?? '?';
  };
  return { name, folder, version: ['MAJOR', 'MINOR', 'PATCH', 'BUILD'].map(part).join('.') };
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
