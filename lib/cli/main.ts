#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from './cli';
import { onInterrupt } from './interrupts';
import { createTerminal } from './terminal/terminal';
import { createToolApi } from './tool-api';

function packageVersion(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

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
