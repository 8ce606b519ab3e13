// SPDX-License-Identifier: Apache-2.0
// A package as an installer leaves it: compiled code and a prebuilt binary, in a node_modules folder of its own. Tests
// damage it and have a process of its own load it.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { addonPath } from '../../lib/binding/load';
import { temporaryFolder } from '../temporary-folder';

const ROOT = resolve(__dirname, '..', '..');
const DEPENDENCIES = ['bindings', 'file-uri-to-path', '@bufbuild', 'onnxruntime-common', 'onnxruntime-node'];

/** How a process ended that loaded the addon. */
export interface LoadOutcome {
  /** Present if it loaded. */
  readonly version?: string;
  /** Present if it was refused. */
  readonly code?: string;
  readonly message: string;
  readonly hint: string;
  readonly details: { readonly cause?: string; readonly tried: { path: string; reason: string }[] } & Record<
    string,
    unknown
  >;
}

/** What a script in a process of its own printed, and how it ended. */
export interface ScriptOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: string | null;
}

/** Environment of a child that takes the package's own binary. */
export function plainEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...changes };
  for (const name of ['TENSORRT_NODE_ADDON', 'TENSORRT_NODE_ADDON_CHECK', 'NODE_OPTIONS'])
    // An undefined variable is not passed on.
    if (!(name in changes)) env[name] = undefined;
  return env;
}

/** Runs a script of CommonJS, given as text. */
export function runScript(
  script: string,
  {
    env = plainEnvironment(),
    command = [process.execPath],
  }: { env?: NodeJS.ProcessEnv; command?: string[] } = {},
): ScriptOutcome {
  const [program, ...args] = command;
  return spawnSync(program!, [...args, '-e', script], { env, encoding: 'utf8', maxBuffer: 1e8 });
}

/** One installed package. */
export class InstalledPackage {
  readonly folder: string;

  /**
   * Installs into `parent`, which goes when the test ends.
   */
  constructor(parent: string = temporaryFolder()) {
    this.folder = join(parent, 'node_modules', 'tensorrt-node');
    const filter = (path: string) => !/\.d\.m?ts$/.test(path);
    cpSync(join(ROOT, 'dist'), join(this.folder, 'dist'), { recursive: true, filter });
    cpSync(join(ROOT, 'package.json'), join(this.folder, 'package.json'));
    for (const name of DEPENDENCIES) {
      const installed = join(ROOT, 'node_modules', name);
      if (existsSync(installed)) symlinkSync(installed, join(parent, 'node_modules', name));
    }
    mkdirSync(dirname(this.binary), { recursive: true });
    cpSync(addonPath(), this.binary);
  }

  /** The prebuilt binary of this machine. */
  get binary(): string {
    const platform = `${process.platform}-${process.arch}`;
    return join(this.folder, 'prebuilds', platform, 'tensorrt-node.glibc.node');
  }

  /** Rewrites the binary, which `change` does in place. */
  patch(change: (bytes: Buffer) => void): void {
    const bytes = readFileSync(this.binary);
    change(bytes);
    writeFileSync(this.binary, bytes);
  }

  /** Rewrites package.json. */
  setVersion(version: string): void {
    const manifest = join(this.folder, 'package.json');
    const fields = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
    writeFileSync(manifest, JSON.stringify({ ...fields, version }));
  }

  /** Removes a part. */
  remove(part: string): void {
    rmSync(join(this.folder, part), { recursive: true });
  }

  /** A script that opens the addon and prints what comes of it. */
  get loadScript(): string {
    return `
      const { loadAddon } = require(${JSON.stringify(join(this.folder, 'dist', 'chunks', 'loader.js'))});
      try {
        console.log(JSON.stringify({ version: loadAddon().buildInfo.version }));
      } catch (error) {
        const { code, message, hint, details } = error;
        console.log(JSON.stringify({ code, message, hint, details }));
      }`;
  }

  /** Opens the addon in a process of its own. Throws if that does not end by itself. */
  load(env: NodeJS.ProcessEnv = {}, command?: string[]): LoadOutcome {
    const run = runScript(this.loadScript, { env: plainEnvironment(env), ...(command ? { command } : {}) });
    if (run.status !== 0) throw new Error(`ended by ${run.signal ?? run.status}: ${run.stderr}`);
    return JSON.parse(run.stdout) as LoadOutcome;
  }
}

/** Why a program cannot be run here; `undefined` if it can. */
export function whyNot(program: string, args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${program} ${args.join(' ')}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
}
