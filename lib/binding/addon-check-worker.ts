// SPDX-License-Identifier: Apache-2.0
// The child process of addon-check.ts: opens the binary that it is given, and says so before and after.

import { writeSync } from 'node:fs';

import { CHECK_STARTED, CHECK_SURVIVED } from './addon-check';

writeSync(1, `${CHECK_STARTED}\n`);
try {
  process.dlopen({ exports: {} }, process.argv[2]!);
} catch {
  // Refused without harm; who asked opens it again and gets the reason.
}
writeSync(1, `${CHECK_SURVIVED}\n`);
// Nothing that the binary does at the end of a process counts.
process.kill(process.pid, 'SIGKILL');
