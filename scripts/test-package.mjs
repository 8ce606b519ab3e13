// SPDX-License-Identifier: Apache-2.0
// The package as it is released: prebuilt binaries, `npm pack`, and the consumer tests with that tarball.
//
//     npm run test:package [-- --local-build | --tarball <file>] [vitest's filters]
//
// The tarball is packed from a copy: with --local-build its binaries are not those of the working folder.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAddon, buildTypeScript } from './build.mjs';
import { capture, packageProgram, runLoud, runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';
import { prepare } from './sdk.mjs';

const ADDON = join(ROOT, 'build', 'Release', 'tensorrt_node.node');
const REPORT = join(ROOT, 'build', 'test-reports', 'consumer.json');

/** What "files" of package.json names, but for what is made: `dist` and `prebuilds`. */
const COPIED = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'docs/reference'];

const USAGE = `usage: npm run test:package [-- [--local-build | --tarball <file>] [<vitest filter>…]]

Makes the prebuilt binaries that are not up to date, packs the package, and tests the tarball as its users get it.
--local-build     packs this machine's build/Release instead: needs no cross compiler, and tests no released binary
--tarball <file>  tests this tarball instead of packing one
`;

/** The binaries of prebuilds/, as they are released. */
async function stagePrebuilds(stage) {
  await runLoud('prebuild', [process.execPath, join(ROOT, 'scripts', 'prebuild.mjs')]);
  cpSync(join(ROOT, 'prebuilds'), join(stage, 'prebuilds'), { recursive: true });
}

/** The machine's own build where the loader looks for a prebuilt binary. */
async function stageLocalBuild(stage) {
  await buildAddon();
  const target = join(stage, 'prebuilds', `linux-${process.arch}`, 'tensorrt-node.glibc.node');
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(ADDON, target);
}

async function stageJavaScript(stage) {
  await buildTypeScript();
  cpSync(join(ROOT, 'dist'), join(stage, 'dist'), { recursive: true });
}

async function stagePackage(stage, isLocalBuild) {
  for (const name of COPIED) cpSync(join(ROOT, name), join(stage, name), { recursive: true });
  await stageJavaScript(stage);
  await (isLocalBuild ? stageLocalBuild(stage) : stagePrebuilds(stage));
}

/** `npm pack` of a folder; gives back the tarball's path. */
async function pack(stage, target) {
  const { ok, output } = await capture([
    'npm',
    'pack',
    stage,
    '--json',
    '--silent',
    '--pack-destination',
    target,
  ]);
  if (!ok) throw new ToolError(`npm pack failed:\n${output}`);
  const [name] = readdirSync(target).filter((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw new ToolError(`npm pack made no tarball:\n${output}`);
  return join(target, name);
}

function describeBinaries(stage, isLocalBuild) {
  if (isLocalBuild)
    return `package: linux-${process.arch} only, and that is build/Release of this machine: THE RELEASED BINARIES ARE NOT TESTED`;
  const manifest = JSON.parse(readFileSync(join(stage, 'prebuilds', 'manifest.json'), 'utf8'));
  return `package: binaries of prebuilds/manifest.json: ${Object.keys(manifest.files).join(', ')}`;
}

/** Runs vitest; what its files share, such as one installation, goes into a folder of the run. */
async function runTests(tarball, isLocalBuild, filters) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const command = [...packageProgram('vitest/vitest.mjs'), 'run', '--project', 'consumer', ...reporters];
  const env = {
    TENSORRT_NODE_TARBALL: tarball,
    TENSORRT_NODE_TARBALL_BINARIES: isLocalBuild ? 'local-build' : 'released',
    TENSORRT_NODE_TEST_RUN: mkdtempSync(join(tmpdir(), 'trtn-consumer-run-')),
  };
  rmSync(REPORT, { force: true });
  const failure = await runLoud('consumer tests', [...command, ...filters], env).then(
    () => null,
    (error) => error,
  );
  rmSync(env.TENSORRT_NODE_TEST_RUN, { recursive: true, force: true });
  if (!existsSync(REPORT)) throw failure ?? new ToolError(`the tests ended before they wrote ${REPORT}`);
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(REPORT, 'utf8'));
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed\n`);
  // A runner can fail with no failed test: a file that does not load, an unhandled rejection.
  if (failure !== null) throw failure;
}

/** The emulator for arm64. Without it those tests skip and say so; in CI they have to run. */
async function prepareEmulator() {
  await prepare(['prebuild-test']).catch((error) => {
    if (process.env.CI) throw error;
    process.stderr.write(`${error.message}\n`);
  });
}

/** Packs in a temporary folder and tests what comes out. */
async function packAndTest(isLocalBuild, filters) {
  const folder = mkdtempSync(join(tmpdir(), 'trtn-package-'));
  try {
    const stage = join(folder, 'stage');
    await stagePackage(stage, isLocalBuild);
    const tarball = await pack(stage, folder);
    process.stdout.write(`${describeBinaries(stage, isLocalBuild)}\n`);
    await runTests(tarball, isLocalBuild, filters);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runMain(async () => {
  const { values, positionals } = parseArgs({
    options: {
      'local-build': { type: 'boolean', default: false },
      tarball: { type: 'string' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  if (values.help) return void process.stdout.write(USAGE);
  const isLocalBuild = values['local-build'];
  if (isLocalBuild && values.tarball !== undefined)
    throw new ToolError('--local-build packs a tarball and --tarball names one: give one of them');
  await prepare(['consumers']);
  if (!isLocalBuild) await prepareEmulator();
  if (values.tarball === undefined) return packAndTest(isLocalBuild, positionals);
  const tarball = resolve(values.tarball);
  if (!existsSync(tarball)) throw new ToolError(`--tarball: there is no file ${tarball}`);
  process.stdout.write(`package: ${tarball}\n`);
  await runTests(tarball, false, positionals);
});
