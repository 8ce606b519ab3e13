#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { packageVersion } from '../package-root';
import { runCli } from './cli';
import { onInterrupt } from './interrupts';
import { createTerminal } from './terminal/terminal';
import { createToolApi } from './tool-api';

// A reader that stops early (`… | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

void runCli(process.argv.slice(2), {
  terminal: createTerminal(process.stdout, process.stderr, process.env),
  api: createToolApi(),
  env: process.env,
  version: packageVersion,
  onInterrupt,
}).then((code) => {
  // exitCode and not exit(): what is written to a pipe must arrive whole.
  process.exitCode = code;
});
