// SPDX-License-Identifier: Apache-2.0
// The process that measure-in-process.ts starts: measures once, by this package's harness whoever runs the model, and
// tells the result.

import { runBench } from '../run-bench';
import type { BenchResult, FailureReason } from '../result';
import { foreignRequest } from './foreign-module';
import type { ProcessAnswer, ProcessJob } from './measure-in-process';

process.once('message', (job: ProcessJob) => {
  measure(job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: describe(error) }),
  );
});
// The parent has gone, or has what it wanted.
process.once('disconnect', () => process.exit());

async function measure({ module, measurement }: ProcessJob): Promise<BenchResult> {
  if (module === null) return runBench(measurement);
  const opened = await foreignRequest(module, measurement);
  try {
    return await runBench(opened.request);
  } finally {
    await opened.close();
  }
}

function describe(error: unknown): FailureReason {
  const { code = 'ERR_UNKNOWN', message = String(error), hint } = error as Partial<FailureReason>;
  return { code, message, ...(hint !== undefined && { hint }) };
}

function answer(message: ProcessAnswer): void {
  process.send!(message);
}
