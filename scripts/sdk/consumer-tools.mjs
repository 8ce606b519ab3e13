// SPDX-License-Identifier: Apache-2.0
// What the consumer tests need besides the tarball: other programs, and an npm cache to install from without network.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SdkError, requireProgram, runClient } from './client.mjs';

const TOOLS = 'test/consumer/tools';
const PROJECT_FILES = ['package.json', 'package-lock.json', '.npmrc'];
const QUIET = ['--no-audit', '--no-fund'];

/** The sub-projects and what npm has to be told: an emulator runs the second's Node.js on any machine. */
const PROJECTS = [
  { folder: '.', args: [] },
  { folder: 'arm64', args: ['--cpu=arm64', '--os=linux'] },
];

/**
 * Node.js 20 to 26, bundlers, TypeScript 5 and 7, Bun, Deno, transformers.js.
 * @param {string} root the repository
 * @returns {import('./step.mjs').Step}
 */
export function consumerToolsStep(root) {
  const tools = join(root, TOOLS);
  const files = PROJECTS.flatMap(({ folder }) => PROJECT_FILES.map((name) => join(folder, name)));
  return {
    name: 'consumers',
    title: 'programs of the consumer tests (2.1 GB)',
    groups: ['consumers'],
    target: 'consumers',
    pin: [
      process.platform,
      process.arch,
      ...files.map((file) => readFileSync(join(tools, file), 'utf8')),
    ].join('\n'),
    make: async (folder, { logFile }) => {
      for (const project of PROJECTS) await installProject(tools, folder, project, logFile);
    },
  };
}

async function installProject(tools, target, project, logFile) {
  const [from, to] = [join(tools, project.folder), join(target, project.folder)];
  mkdirSync(to, { recursive: true });
  for (const name of PROJECT_FILES) copyFileSync(join(from, name), join(to, name));
  const npm = requireNpm();
  await runClient(npm, ['ci', ...QUIET, ...project.args], { logFile, cwd: to });
  requirePrograms(to);
}

/** npm passes over an optional package that it cannot get, and says nothing. */
function requirePrograms(folder) {
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(optionalDependencies)) {
    const isForHere = process.arch === 'x64' || !optionalDependencies[name].includes('x64');
    if (isForHere && !existsSync(join(folder, 'node_modules', name)))
      throw new SdkError(`npm did not install ${name} (${optionalDependencies[name]})`);
  }
}

/**
 * An npm cache that holds this package's dependencies as `npm install` asks for them, so that the tests can install
 * the tarball with `--offline`.
 * @param {string} root the repository
 * @returns {import('./step.mjs').Step}
 */
export function consumerCacheStep(root) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    name: 'consumer-cache',
    title: 'npm cache of the consumer tests',
    groups: ['consumers'],
    target: 'consumer-cache',
    pin: JSON.stringify(dependencies),
    make: async (folder, { logFile }) => {
      const project = join(folder, 'project');
      mkdirSync(project, { recursive: true });
      writeFileSync(
        join(project, 'package.json'),
        JSON.stringify({ name: 'cache', private: true, dependencies }),
      );
      const args = ['install', ...QUIET, '--ignore-scripts', '--cache', join(folder, 'npm')];
      await runClient(requireNpm(), args, { logFile, cwd: project });
      rmSync(project, { recursive: true });
    },
  };
}

function requireNpm() {
  return requireProgram(['npm'], 'install npm 10 or newer');
}
