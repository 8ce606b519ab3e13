// SPDX-License-Identifier: Apache-2.0
// The process in which the checks of one group are made. It ends by itself when the last one is done: a process that
// native threads keep alive, or that they bring down at its end, is a finding too.
import { CheckContext } from './check-context.mjs';
import { runCheck } from './check.mjs';
import { GROUPS } from './groups.mjs';
import { loadPackage } from './load-package.mjs';

process.once('message', ({ checks, settings }) => {
  void runAll(checks, settings).finally(() => process.disconnect());
});

async function runAll(checks, settings) {
  const api = loadPackage();
  for (const { id, library } of checks) {
    process.send({ kind: 'started', id });
    const context = new CheckContext({ api, device: settings.device, library, settings });
    const result = await runCheck({ id, check: findCheck(id) }, context);
    if (context.environment) process.send({ kind: 'environment', environment: context.environment });
    process.send({ kind: 'finished', result });
  }
}

function findCheck(id) {
  const [group, name] = id.split('@')[0].split('.');
  return GROUPS.find((one) => one.name === group).checks.find((check) => check.name === name);
}
