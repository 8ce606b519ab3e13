// SPDX-License-Identifier: Apache-2.0
// `npm run demo`: brings and builds what is missing, then runs examples/digits with the arguments given.
import { buildAddon, buildTypeScript } from './build.mjs';
import { runLoud, runMain } from './run-tool.mjs';
import { prepare } from './sdk.mjs';

await runMain(async () => {
  await prepare(['build', 'run']);
  await buildAddon();
  await buildTypeScript();
  await runLoud('the demo', [process.execPath, 'examples/digits/demo.mjs', ...process.argv.slice(2)]);
});
