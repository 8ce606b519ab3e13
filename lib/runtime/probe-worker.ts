// SPDX-License-Identifier: Apache-2.0
// The child process of probe({ isolated: true }). Says which library it is about to open before it does.

import { collectProbe, currentProbeContext } from './collect-probe';
import type { ProbeMessage, ProbeTask } from './probe';

process.once('message', (task: ProbeTask) => void answer(task));
process.once('disconnect', () => process.exit());

async function answer({ libraryPath, crashed }: ProbeTask): Promise<void> {
  const beforeOpening = (path: string): Promise<void> => post({ kind: 'opening', path });
  const report = await collectProbe(libraryPath, { ...currentProbeContext(), beforeOpening, crashed });
  await post({ kind: 'report', report });
  // Some libraries crash in their exit handlers; the answer is out.
  process.kill(process.pid, 'SIGKILL');
}

/** Resolves when the message has left this process. */
function post(message: ProbeMessage): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}
