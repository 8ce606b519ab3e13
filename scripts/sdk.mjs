// SPDX-License-Identifier: Apache-2.0
// Set-up: brings what building, testing and comparing need into .sdk, through the registries' own clients.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SdkError } from './sdk/client.mjs';
import { isReady, removeLeftovers, runStep } from './sdk/step.mjs';
import { GROUPS, SDK, allSteps } from './sdk/steps.mjs';

const USAGE = `usage: node scripts/sdk.mjs [--group <name>[,<name>]]… [--check] [--help]

Brings what is missing into .sdk; run again at any time. --check only tells what is missing.
Groups (default: build, test, check):
${Object.entries(GROUPS)
  .map(([name, text]) => `  ${name.padEnd(6)} ${text}`)
  .join('\n')}
`;

/**
 * Brings the steps of the groups up to date. Tries all of them before it fails, so that one run names all that
 * is missing.
 * @param {string[]} groups
 * @param {(text: string) => void} [say]
 */
export async function prepare(groups, say = (text) => process.stderr.write(`sdk: ${text}\n`)) {
  removeLeftovers(SDK);
  const failures = [];
  for (const step of stepsOf(groups)) {
    await runStep(SDK, step, say).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw new SdkError(summarize(failures));
}

function stepsOf(groups) {
  const unknown = groups.find((group) => !Object.hasOwn(GROUPS, group));
  if (unknown !== undefined)
    throw new SdkError(`no group "${unknown}"; there are ${Object.keys(GROUPS).join(', ')}`);
  return allSteps().filter((step) => step.groups.some((group) => groups.includes(group)));
}

/** One line per reason: three families that want the same client are one thing to mend. */
function summarize(failures) {
  const titles = new Map();
  for (const { title, reason } of failures) titles.set(reason, [...(titles.get(reason) ?? []), title]);
  return [...titles].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('\n');
}

/** Prints what each step has, makes nothing; 1 if something is missing. */
async function check(groups) {
  const states = [];
  for (const step of stepsOf(groups)) {
    const state = await stateOf(step);
    process.stdout.write(`${step.title}: ${state}\n`);
    states.push(state);
  }
  return states.every((state) => state === 'ready' || state.startsWith('given')) ? 0 : 1;
}

async function stateOf(step) {
  const given = step.given?.() ?? null;
  if (given !== null) return `given: ${given}`;
  if (isReady(SDK, step)) return 'ready';
  if (step.target !== undefined) return 'missing';
  return step.make('', { logFile: '/dev/null' }).then(
    () => 'ready',
    (error) => error.message,
  );
}

async function main() {
  const { values } = parseArgs({
    options: {
      group: { type: 'string', multiple: true },
      check: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const groups = (values.group ?? ['build,test,check']).flatMap((text) => text.split(','));
  if (values.check) return void (process.exitCode = await check(groups));
  await prepare(groups);
  process.stderr.write(`sdk: ready (${groups.join(', ')})\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    process.stderr.write(error.message.replace(/^/gm, 'sdk: ') + '\n');
    process.exitCode = 1;
  });
}
