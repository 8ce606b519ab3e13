// SPDX-License-Identifier: Apache-2.0
// How a benchmark tells its results: Markdown for people, one JSON document with --json, a file with --write.

import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installedVersions, ROOT } from './paths.mjs';

/** Reads `--json`, `--write` and the benchmark's own options. */
export function readOptions(own = {}) {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, write: { type: 'boolean' }, ...own },
  });
  return values;
}

/** What the numbers depend on: processor, system, versions. */
export function environment() {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${processors[0].model.trim()}, ${processors.length} logical`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    ...installedVersions(),
  };
}

/** A Markdown table; columns after the first are numbers, aligned to the right. */
export function markdownTable(titles, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = titles.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(titles), line(rule), ...rows.map((row) => line(row.map(String)))].join('\n');
}

/** Talk, so that stdout holds results alone. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Prints the results, and keeps them in `benchmarks/results` with --write.
 *
 * @param name of the benchmark, as in `npm run bench:<name>`
 * @param options of readOptions()
 * @param report `{ results, verdicts }`: plain data
 * @param body Markdown below the title
 */
export function publish(name, options, report, body) {
  const facts = environment();
  const document = { benchmark: name, environment: facts, ...report };
  const markdown = [
    `# ${name}`,
    `Made by \`npm run bench:${name} -- --write\`.`,
    body,
    ...(report.verdicts ? ['## Verdict', formatVerdicts(report.verdicts)] : []),
    '## Environment',
    Object.entries(facts)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join('\n'),
  ].join('\n\n');
  if (options.write) writeFileSync(join(ROOT, 'benchmarks/results', `${name}.md`), `${markdown}\n`);
  console.log(options.json ? JSON.stringify(document) : markdown);
}

/** A verdict is `{ claim, value, target, isMet }`, computed from the numbers of the run. */
function formatVerdicts(verdicts) {
  return markdownTable(
    ['target', 'measured', 'wanted', 'reached'],
    verdicts.map(({ claim, value, target, isMet }) => [claim, value, target, isMet ? 'yes' : 'no']),
  );
}
