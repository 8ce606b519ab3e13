// SPDX-License-Identifier: Apache-2.0
// The packed package, installed by npm into an empty folder, as every consumer test gets it.
import {
  copyFileSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

import { runProgram, type RunResult, TOOLS, withoutNetwork } from './programs';

export interface InstallOptions {
  /**
   * Packages of .sdk/consumers to put beside it, with their dependencies, as npm would: real folders in one
   * node_modules, one copy of each. Their files may be hard links: replace them, never write into them.
   */
  packages?: readonly string[];
  /** Fields of the project's package.json, such as `type` or `overrides`. */
  manifest?: Readonly<Record<string, unknown>>;
}

/** Path of the tarball that `npm run test:package` made. */
export function tarball(): string {
  const path = process.env.TENSORRT_NODE_TARBALL;
  if (path === undefined || !existsSync(path))
    throw new Error('no tarball to test: run npm run test:package, which packs one and starts these tests');
  return path;
}

/** An empty folder outside the repository, so that no node_modules lies above it; it goes when the file's tests end. */
export function emptyProject(manifest: Readonly<Record<string, unknown>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trtn-consumer-')));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const text = JSON.stringify({ name: 'consumer', version: '1.0.0', private: true, ...manifest });
  writeFileSync(join(folder, 'package.json'), text);
  return folder;
}

/** `npm install <tarball>` in `folder`, without scripts and without network. */
export async function npmInstall(folder: string, ...args: string[]): Promise<RunResult> {
  const install = ['install', tarball(), '--ignore-scripts', '--offline', '--no-audit', '--no-fund', ...args];
  return runProgram(...withoutNetwork('npm', install), { cwd: folder });
}

/**
 * A project of its own with the tarball installed. Gives back its folder.
 *
 * Call it in a `beforeAll`, or at the top of a test: the folder goes when all tests of the file have ended.
 */
export async function installedPackage(options: InstallOptions = {}): Promise<string> {
  const folder = emptyProject(options.manifest);
  placeFolder(join(await installation(), 'node_modules'), join(folder, 'node_modules'), copyFile);
  for (const name of options.packages ?? []) addTool(folder, name);
  return folder;
}

/** The folder of one `npm install`, made by the first that asks in a run of the tests; others copy it. */
async function installation(): Promise<string> {
  const shared = process.env.TENSORRT_NODE_TEST_RUN;
  const kept = shared === undefined ? undefined : join(shared, 'installed');
  if (kept !== undefined && existsSync(kept)) return kept;
  const folder = emptyProject();
  const { status, stdout, stderr } = await npmInstall(folder);
  if (status !== 0) throw new Error(`npm install of the tarball ended with ${status}:\n${stdout}\n${stderr}`);
  if (kept === undefined) return folder;
  try {
    renameSync(folder, kept);
  } catch (error) {
    // Another file's tests were faster; theirs is as good.
    if (!existsSync(kept)) throw error;
  }
  return kept;
}

/** Puts a package of .sdk/consumers and what it depends on into a project's node_modules. */
export function addTool(folder: string, name: string): void {
  const from = join(TOOLS, 'node_modules', name);
  const to = join(folder, 'node_modules', name);
  if (existsSync(to)) return;
  if (!existsSync(from)) throw new Error(`${from} is missing: run npm run sdk -- --group consumers`);
  placeFolder(from, to, linkFile);
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as ToolManifest;
  const optional = Object.keys(manifest.optionalDependencies ?? {});
  for (const dependency of Object.keys(manifest.dependencies ?? {}).concat(optional)) {
    if (existsSync(join(from, 'node_modules', dependency))) continue;
    // What is for another platform was not installed.
    if (optional.includes(dependency) && !existsSync(join(TOOLS, 'node_modules', dependency))) continue;
    addTool(folder, dependency);
  }
}

interface ToolManifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** onnxruntime-node carries every platform's libraries; another platform's 200 MB are of no use here. */
const OF_ANOTHER_PLATFORM = /\/bin\/napi-v6\/(?!linux(\/|$))/;

type PlaceFile = (from: string, to: string) => void;

function placeFolder(from: string, to: string, place: PlaceFile): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (OF_ANOTHER_PLATFORM.test(source)) continue;
    if (entry.isDirectory()) placeFolder(source, target, place);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) place(source, target);
  }
}

const copyFile: PlaceFile = (from, to) => copyFileSync(from, to, constants.COPYFILE_FICLONE);

const linkFile: PlaceFile = (from, to) => {
  try {
    linkSync(from, to);
  } catch {
    // Another file system.
    copyFile(from, to);
  }
};

/** Writes a file of a project, with the folders above it. */
export function writeProjectFile(folder: string, name: string, text: string | Uint8Array): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}
