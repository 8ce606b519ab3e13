// SPDX-License-Identifier: Apache-2.0
// Packages that pip installs into a folder of .sdk, from a requirements file with the SHA-256 of every wheel.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SdkError, findProgram, requireProgram, runClient } from './client.mjs';

const FLAGS = [
  '--no-deps',
  '--require-hashes',
  '--only-binary=:all:',
  '--disable-pip-version-check',
  '--no-input',
  '--no-compile',
  '--no-warn-script-location',
  '--quiet',
];

/**
 * @param {string} name the requirements file's name without prefix, and the stamp's
 * @param {{ title: string, groups: string[], target: string, advice: string, given?: () => string | null,
 *   perPython?: boolean }} options `perPython`: the wheels differ by Python version
 * @returns {import('./step.mjs').Step}
 */
export function pythonStep(name, { advice, perPython = false, ...step }) {
  const requirements = fileURLToPath(new URL(`requirements-${name}.txt`, import.meta.url));
  return {
    ...step,
    name: `python-${name}`,
    pin: [
      process.platform,
      process.arch,
      perPython ? findProgram('python3') : '',
      readFileSync(requirements, 'utf8'),
    ].join('\n'),
    make: async (folder, { logFile }) => {
      const python = requireProgram(['python3', 'python'], `install Python 3.10 or newer with pip${advice}`);
      await requirePip(python, advice);
      const args = ['-m', 'pip', 'install', ...FLAGS, '--target', folder, '--requirement', requirements];
      // A user's own `--user` or prefix setting contradicts --target.
      await runClient(python, args, { logFile, env: { ...process.env, PIP_USER: '0', PIP_PREFIX: '' } });
    },
  };
}

async function requirePip(python, advice) {
  try {
    await runClient(python, ['-m', 'pip', '--version'], { logFile: '/dev/null' });
  } catch {
    throw new SdkError(`pip not found for ${python}: install it (Debian: apt install python3-pip)${advice}`);
  }
}
