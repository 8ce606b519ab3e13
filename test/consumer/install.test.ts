// SPDX-License-Identifier: Apache-2.0
// `npm install` of the tarball in an empty folder, with the network cut off.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { emptyProject, npmInstall, tarball } from './installed-package';
import { runProgram, withoutNetwork, type RunResult } from './programs';

/** Lines that npm writes whatever it installs: its totals, and its remarks on the user's own settings. */
const NPM_TALK = /^((added|changed|up to date).* in \d+.*|npm (notice|warn (Unknown .*config|config)).*|)$/i;

function strangeLines({ stdout, stderr }: RunResult): string[] {
  return `${stdout}\n${stderr}`.split('\n').filter((line) => !NPM_TALK.test(line.trim()));
}

describe('npm install of the tarball, without network', () => {
  it('succeeds and says nothing but npm’s own', async () => {
    const folder = emptyProject();
    const result = await npmInstall(folder);
    expect(result.status, result.stderr).toBe(0);
    expect(strangeLines(result)).toEqual([]);
    const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.sort()).toEqual(
      ['@bufbuild', 'bindings', 'file-uri-to-path', 'onnxruntime-common', 'tensorrt-node', 'uplot'].sort(),
    );
  });

  it('has no script to run: the same comes of an install that would run scripts', async () => {
    const folder = emptyProject();
    const args = ['install', tarball(), '--foreground-scripts', '--ignore-scripts=false', '--offline'];
    const result = await runProgram(...withoutNetwork('npm', [...args, '--no-audit', '--no-fund']), {
      cwd: folder,
    });
    expect(result.status, result.stderr).toBe(0);
    expect(strangeLines(result)).toEqual([]);
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    expect(Object.keys(lock.packages)).toContain('node_modules/tensorrt-node');
    const withScript = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript === true);
    expect(withScript).toEqual([]);
    expect(existsSync(join(folder, 'node_modules', 'tensorrt-node', 'build'))).toBe(false);
  });
});
