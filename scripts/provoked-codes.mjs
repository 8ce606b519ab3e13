// SPDX-License-Identifier: Apache-2.0
// Which error codes did the tests really provoke? Reads what test/record-error-codes.ts wrote during a full run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const REPORT = join(ROOT, 'build', 'test-reports', 'error-codes.jsonl');

/**
 * Codes that no test has provoked. One counts where the package made the error while a test file ran that names the
 * code: made by chance, or named without being made, is not tested.
 * @param {readonly string[]} codes the whole table
 * @param {readonly { file: string, codes: readonly string[] }[]} records
 * @param {(file: string) => string} readSource
 */
export function unprovokedCodes(codes, records, readSource) {
  const provoked = new Set(
    records.flatMap((record) => {
      const names = new Set(readSource(record.file).match(/\bERR_TRT_\w+/g));
      return record.codes.filter((code) => names.has(code));
    }),
  );
  return codes.filter((code) => !provoked.has(code));
}

/** For the end of a run of all tests: throws with the codes that are missing. */
export function requireProvokedCodes() {
  if (!existsSync(REPORT)) throw new ToolError(`the tests wrote no ${REPORT}: is the setup file configured?`);
  const records = readFileSync(REPORT, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  // The table itself, without a build.
  const table = readFileSync(join(ROOT, 'lib', 'errors.ts'), 'utf8');
  const codes = [...table.matchAll(/^ {2}(ERR_TRT_\w+):/gm)].map(([, code]) => code);
  const missing = unprovokedCodes(codes, records, (file) => readFileSync(file, 'utf8'));
  if (missing.length > 0)
    throw new ToolError(
      `no test provokes ${missing.join(', ')}: a test file has to name the code and make it happen`,
    );
}
