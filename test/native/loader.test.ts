// SPDX-License-Identifier: Apache-2.0
// Each cause of a binary that does not load, with real files, in processes of their own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { packageVersion } from '../../lib/package-root';
import { temporaryFolder } from '../temporary-folder';
import { InstalledPackage, plainEnvironment, runScript, whyNot, type LoadOutcome } from './loader-install';

/** Compiles a library in C in place of the binary. */
function compileInto(installed: InstalledPackage, source: string, flags: readonly string[] = []): void {
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', installed.binary, '-x', 'none', ...flags], {
    input: source,
  });
}

const EMPTY_ADDON = 'void *napi_register_module_v1(void *env, void *exports) { return exports; }\n';
const CRASHING = '__attribute__((constructor)) static void crash(void) { __builtin_trap(); }\n';

describe('an installed package', () => {
  it('loads its prebuilt binary', () => {
    const installed = new InstalledPackage();
    expect(installed.load()).toEqual({ version: packageVersion() });
    expect(installed.load({ TENSORRT_NODE_ADDON_CHECK: '1' })).toEqual({ version: packageVersion() });
  });

  it('takes what TENSORRT_NODE_ADDON names, whatever its name ends in', () => {
    const installed = new InstalledPackage();
    const elsewhere = join(temporaryFolder(), 'addon.so');
    renameSync(installed.binary, elsewhere);
    expect(installed.load({ TENSORRT_NODE_ADDON: elsewhere })).toEqual({ version: packageVersion() });
  });
});

describe('a binary that is not there', () => {
  it('missing: tells where it should be', () => {
    const installed = new InstalledPackage();
    installed.remove('prebuilds');
    const { code, message, hint, details } = installed.load();
    expect({ code, cause: details.cause }).toEqual({ code: 'ERR_TRT_LOAD_ADDON', cause: 'missing' });
    expect(message).toContain(dirname(installed.binary));
    expect(hint).toContain('--ignore-scripts or not');
    expect(details.tried.length).toBeGreaterThan(5);
  });

  it('missing: does not fall back from what TENSORRT_NODE_ADDON names', () => {
    const installed = new InstalledPackage();
    const { message, details } = installed.load({ TENSORRT_NODE_ADDON: '/nowhere/a.node' });
    expect(details.cause).toBe('missing');
    expect(message).toBe('TENSORRT_NODE_ADDON names /nowhere/a.node, and there is no such file.');
  });

  it('platform: lists the platforms that are there', () => {
    const installed = new InstalledPackage();
    const folder = dirname(installed.binary);
    renameSync(folder, join(dirname(folder), 'linux-riscv64'));
    const { message, details } = installed.load();
    expect(details).toMatchObject({ cause: 'platform', available: ['linux-riscv64'] });
    expect(message).toMatch(/no binary for linux-\w+ in .*prebuilds; there are: linux-riscv64/);
  });

  it('bundled: knows that its code was moved', () => {
    const installed = new InstalledPackage();
    const bundle = join(temporaryFolder(), 'out');
    cpSync(join(installed.folder, 'dist'), bundle, { recursive: true });
    const script = installed.loadScript.replace(join(installed.folder, 'dist'), bundle);
    const { message, hint, details } = JSON.parse(runScript(script).stdout) as ReturnType<
      typeof installed.load
    >;
    expect(details.cause).toBe('bundled');
    expect(message).toContain('bundler');
    expect(hint).toMatch(/--external:tensorrt-node.*serverExternalPackages/);
    const env = plainEnvironment({ TENSORRT_NODE_ADDON: installed.binary });
    expect(JSON.parse(runScript(script, { env }).stdout)).toEqual({ version: packageVersion() });
  });

  it('works without the package that finds local builds', () => {
    const installed = new InstalledPackage();
    rmSync(join(installed.folder, '..', 'bindings'));
    expect(installed.load()).toEqual({ version: packageVersion() });
  });
});

describe('a file that is not what it should be', () => {
  it('truncated: at any length, without a crash', () => {
    const installed = new InstalledPackage();
    const whole = readFileSync(installed.binary);
    for (const length of [0, 5, 19, 63, 64, 1000, whole.length >> 1, whole.length - 4096, whole.length - 1]) {
      writeFileSync(installed.binary, whole.subarray(0, length));
      const { message, details } = installed.load();
      expect({ length, cause: details.cause }).toEqual({ length, cause: 'truncated' });
      expect(message).toMatch(length === 0 ? /it is empty/ : /is (not whole|no Node\.js addon)/);
    }
  });

  it('truncated: a copy that ends in zeros', () => {
    const installed = new InstalledPackage();
    installed.patch((bytes) => void bytes.fill(0, bytes.length - 65536));
    expect(installed.load().details.cause).toBe('truncated');
    installed.patch((bytes) => void bytes.fill(0));
    expect(installed.load().details.cause).toBe('truncated');
  });

  it('truncated: a digest that is not that of the manifest explains other failures', () => {
    const installed = new InstalledPackage();
    const name = installed.binary.split('/').slice(-2).join('/');
    const sha256 = createHash('sha256').update(readFileSync(installed.binary)).digest('hex');
    const manifest = { schemaVersion: 1, files: { [name]: { sha256, bytes: 1 } } };
    writeFileSync(join(dirname(installed.binary), '..', 'manifest.json'), JSON.stringify(manifest));
    compileInto(installed, 'int nothing;\n');
    const { message, details } = installed.load();
    expect(details).toMatchObject({ cause: 'truncated', sha256: { expected: sha256 } });
    expect(message).toContain('not the one that was packed');
  });

  it.each([
    ['another processor', (bytes: Buffer) => void bytes.writeUInt16LE(243, 18), 'riscv64'],
    ['Windows', (bytes: Buffer) => void bytes.write('MZ\x90\0', 'latin1'), 'made for Windows'],
    ['macOS', (bytes: Buffer) => void bytes.writeUInt32BE(0xcffaedfe, 0), 'made for macOS'],
  ])('wrong-architecture: %s', (_name, change, word) => {
    const installed = new InstalledPackage();
    installed.patch(change);
    const { message, details } = installed.load();
    expect(details.cause).toBe('wrong-architecture');
    expect(message).toContain(word);
  });

  it('not-an-addon: text, a folder, a pipe, a library, an addon of someone else', () => {
    const installed = new InstalledPackage();
    const causes = [
      () => writeFileSync(installed.binary, 'version https://git-lfs.github.com/spec/v1\n'),
      () => compileInto(installed, 'int nothing;\n'),
      () => compileInto(installed, EMPTY_ADDON),
      () => {
        rmSync(installed.binary);
        mkdirSync(installed.binary);
      },
      () => {
        rmSync(installed.binary, { recursive: true });
        execFileSync('mkfifo', [installed.binary]);
      },
    ].map((prepare) => {
      prepare();
      const { details, message } = installed.load();
      return `${details.cause}: ${message.slice(message.indexOf('.node') + 6)}`;
    });
    expect(causes).toEqual([
      'not-an-addon: is no Node.js addon: it is a Git LFS pointer.',
      'not-an-addon: is not the addon of tensorrt-node: it is a library, but no Node-API addon.',
      'not-an-addon: is not the addon of tensorrt-node: it is an addon without the functions of this package.',
      'not-an-addon: is a folder, not a .node file.',
      'not-an-addon: is a device or a pipe, not a .node file.',
    ]);
  });

  it('other: an addon that throws when it starts', () => {
    const installed = new InstalledPackage();
    compileInto(
      installed,
      `int napi_throw_error(void *env, const char *code, const char *text);
       void *napi_register_module_v1(void *env, void *exports) { napi_throw_error(env, 0, "no start"); return 0; }\n`,
    );
    const { message, details } = installed.load();
    expect(details.cause).toBe('other');
    expect(message).toMatch(/does not load: no start$/);
  });

  it('version: a binary that an update left behind', () => {
    const installed = new InstalledPackage();
    installed.setVersion('9.8.7');
    const { message, details } = installed.load();
    expect(details).toMatchObject({ cause: 'version', found: packageVersion(), expected: '9.8.7' });
    expect(message).toContain(`is of tensorrt-node ${packageVersion()}; the package is 9.8.7`);
  });
});

describe('a system that does not fit', () => {
  it('glibc-too-old: tells both versions', () => {
    const installed = new InstalledPackage();
    installed.patch((bytes) => {
      const at = /GLIBC_2\.(?=\d)/.exec(bytes.toString('latin1'))!.index;
      bytes.write('GLIBC_9', at, 'latin1');
    });
    const { message, details } = installed.load();
    expect(details).toMatchObject({
      cause: 'glibc-too-old',
      needed: expect.stringMatching(/^9\./) as string,
    });
    expect(message).toMatch(/needs glibc 9\.\d+(\.\d+)? or newer; this system has glibc 2\.\d+/);
  });

  it('missing-library: names the library', () => {
    const installed = new InstalledPackage();
    const library = join(temporaryFolder(), 'libtrtnothere.so.3');
    const source = { input: 'int there(void) { return 1; }\n' };
    execFileSync(
      'cc',
      ['-shared', '-fPIC', '-Wl,-soname,libtrtnothere.so.3', '-x', 'c', '-', '-o', library],
      source,
    );
    compileInto(installed, `int there(void); int use(void) { return there(); }\n${EMPTY_ADDON}`, [library]);
    rmSync(library);
    const { message, details } = installed.load();
    expect(details).toMatchObject({ cause: 'missing-library', needed: 'libtrtnothere.so.3' });
    expect(message).toContain('not on this system');
  });

  it('node-too-old: a function of Node-API that this Node.js lacks', () => {
    const installed = new InstalledPackage();
    compileInto(installed, `extern int napi_of_later; int *use = &napi_of_later;\n${EMPTY_ADDON}`);
    expect(installed.load().details).toMatchObject({ cause: 'node-too-old', needed: 'napi_of_later' });
  });

  it('node-too-old: a Node.js that says so', () => {
    const installed = new InstalledPackage();
    const older = `Object.defineProperty(process, 'versions', { value: { node: '18.20.4', napi: '9' } });`;
    const { message, details } = JSON.parse(runScript(older + installed.loadScript).stdout) as LoadOutcome;
    expect(details.cause).toBe('node-too-old');
    expect(message).toContain('needs Node.js 20 or newer with Node-API 8; this is Node.js 18.20.4');
  });

  it('musl: a Node.js whose program asks for the loader of musl', () => {
    const installed = new InstalledPackage();
    const program = join(temporaryFolder(), 'node');
    const flags = ['-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1', '-x', 'c', '-', '-o', program];
    execFileSync('cc', flags, { input: 'int main(void) { return 0; }\n' });
    const script = `process.execPath = ${JSON.stringify(program)};${installed.loadScript}`;
    const { message, hint, details } = JSON.parse(runScript(script).stdout) as LoadOutcome;
    expect(details.cause).toBe('musl');
    expect(details.tried.at(-1)!.reason).toBe('made for glibc, this system has musl');
    expect(message).toContain('the C library of Alpine Linux');
    expect(hint).toContain('bookworm-slim');
  });

  it('permission: a file that this user may not read', (context) => {
    const installed = new InstalledPackage();
    chmodSync(installed.binary, 0o000);
    let command = [process.execPath];
    if (process.getuid?.() === 0) {
      // Root reads everything: be someone else.
      command = ['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all', process.execPath];
      for (let folder = installed.folder; folder !== '/'; folder = dirname(folder))
        if (statSync(folder).uid === 0 && folder.includes('trtn-test-')) chmodSync(folder, 0o755);
      const reason = whyNot(command[0]!, [
        ...command.slice(1),
        '-e',
        `fs.readdirSync(${JSON.stringify(installed.folder)})`,
      ]);
      if (reason !== undefined) context.skip(`no other user can be taken here: ${reason}`);
    }
    const { message, details } = installed.load({}, command);
    expect(details.cause).toBe('permission');
    expect(message).toContain('permission denied');
  });

  it('permission: a file system mounted with noexec', (context) => {
    const reason = whyNot('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o noexec tmpfs /mnt']);
    if (reason !== undefined) context.skip(`no file system can be mounted here: ${reason}`);
    const installed = new InstalledPackage();
    const folder = join(temporaryFolder(), 'noexec');
    mkdirSync(folder);
    const mount = 'mount -t tmpfs -o noexec tmpfs "$0" && cp "$1" "$0/a.node" && shift && exec "$@"';
    const command = ['unshare', '-rm', 'sh', '-c', mount, folder, installed.binary, process.execPath];
    const { message, details } = installed.load({ TENSORRT_NODE_ADDON: join(folder, 'a.node') }, command);
    expect(details.cause).toBe('permission');
    expect(message).toContain('failed to map segment');
  });
});

describe('a binary that crashes when it is opened', () => {
  it('crashed: with TENSORRT_NODE_ADDON_CHECK=1 it is an error', () => {
    const installed = new InstalledPackage();
    compileInto(installed, CRASHING);
    expect(runScript(installed.loadScript).signal).toMatch(/SIGILL|SIGTRAP/);
    const { message, hint, details } = installed.load({ TENSORRT_NODE_ADDON_CHECK: '1' });
    expect(details.cause).toBe('crashed');
    expect(message).toMatch(/ended a child process by SIG(ILL|TRAP)/);
    expect(hint).toContain('doctor --json');
  });

  it('crashed: one that ends the process is told by its exit code', () => {
    const installed = new InstalledPackage();
    const source = '#include <unistd.h>\n__attribute__((constructor)) static void end(void) { _exit(7); }\n';
    compileInto(installed, source);
    const { message } = installed.load({ TENSORRT_NODE_ADDON_CHECK: '1' });
    expect(message).toContain('exit code 7');
  });

  it('refuses other values of the variable', () => {
    expect(new InstalledPackage().load({ TENSORRT_NODE_ADDON_CHECK: 'yes' })).toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: 'TENSORRT_NODE_ADDON_CHECK is 0 or 1, not "yes".',
    });
  });

  it.each([
    [
      'doctor',
      (folder: string) =>
        `process.argv.push('main.js', 'doctor', '--json'); require(${JSON.stringify(join(folder, 'dist/cli/main.js'))});`,
    ],
    [
      'probe()',
      (folder: string) =>
        `require(${JSON.stringify(folder)}).probe().then((report) => console.log(JSON.stringify(report)));`,
    ],
  ])('%s survives it and tells', (_name, script) => {
    const installed = new InstalledPackage();
    compileInto(installed, CRASHING);
    const { stdout, signal } = runScript(script(installed.folder));
    expect(signal).toBeNull();
    const report = JSON.parse(stdout) as { addon: unknown; advice: string[] };
    expect(report.addon).toMatchObject({
      available: false,
      path: installed.binary,
      origin: 'prebuilt',
      cause: 'crashed',
      reason: expect.stringMatching(/SIG(ILL|TRAP)/) as string,
    });
    expect(report.advice[0]).toContain('Install tensorrt-node again');
  });
});
