// SPDX-License-Identifier: Apache-2.0
// Checks the built package on a host with a GPU: `npm run gpu:check -- --help`. Needs Node alone: neither network nor
// compiler nor TensorRT's headers.
import { parseOptions, USAGE, UsageError } from './gpu-check/options.mjs';

const print = (text) => process.stdout.write(text);

async function main(args) {
  const options = parseOptions(args);
  if (options.help) {
    print(USAGE);
    return 0;
  }
  // Loaded late: a wrong option is answered even where the package is not built.
  const { gpuCheck, listChecks, whyNotBuilt } = await import('./gpu-check/gpu-check.mjs');
  if (options.list) {
    print(`${listChecks().join('\n')}\n`);
    return 0;
  }
  const missing = whyNotBuilt();
  if (missing !== null) throw new UsageError(missing);
  return gpuCheck(options, print);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(isUsage ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
