// SPDX-License-Identifier: Apache-2.0
// The two reports: JSON for programs, Markdown for people.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentText } from './environment-text.mjs';
import { GROUPS } from './groups.mjs';
import { toPlain } from './plain.mjs';

const SCHEMA_VERSION = 1;

/** What the JSON file holds. */
export function makeReport({ environment, results, options, started, ended }) {
  const count = (status) => results.filter((result) => result.status === status).length;
  const totals = {
    checks: results.length,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
  const hasGpu = environment?.gpu.usable ?? false;
  const isProven = hasGpu || options['allow-no-gpu'];
  return {
    schemaVersion: SCHEMA_VERSION,
    started: new Date(started).toISOString(),
    durationMs: ended - started,
    options: toPlain(options),
    environment: toPlain(environment),
    checks: results,
    totals,
    gpuUsed: hasGpu,
    exitCode: totals.failed > 0 || !isProven ? 1 : 0,
  };
}

/** One line that says what came out. */
export function summaryLine({ totals, gpuUsed, exitCode, environment }) {
  const counts = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;
  if (gpuUsed) return counts;
  const reason = environment?.gpu.reason ?? 'the environment could not be read';
  const verdict = exitCode === 0 ? '' : ' (--allow-no-gpu accepts that)';
  return `${counts}. Nothing was proven about a GPU: ${reason}${verdict}`;
}

/** Writes both files; gives back their paths. */
export function writeReport(report, folder) {
  mkdirSync(folder, { recursive: true });
  const name = join(folder, `gpu-check-${gpuName(report)}-${report.started.slice(0, 10)}`);
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.md`, reportText(report));
  return [`${name}.json`, `${name}.md`];
}

/** The GPU as part of a file name: `nvidia-h200`. */
export function gpuName({ environment, gpuUsed }) {
  if (!gpuUsed) return 'no-gpu';
  return environment.gpu.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The report as Markdown. */
export function reportText(report) {
  const { checks, environment, started, durationMs } = report;
  const seconds = Math.round(durationMs / 1000);
  const parts = [
    `# gpu:check on ${report.gpuUsed ? environment.gpu.name : 'a host without a GPU'}`,
    `${started.slice(0, 16).replace('T', ' ')} UTC, ${seconds} s. **${summaryLine(report)}.** Exit code ${report.exitCode}.`,
    `\`\`\`text\n${environmentText(environment)}\n\`\`\``,
    ...failures(checks),
  ];
  for (const group of GROUPS) {
    const ofGroup = checks.filter((check) => check.group === group.name);
    if (ofGroup.length > 0) parts.push(`## ${group.title} (\`${group.name}\`)`, table(ofGroup));
    parts.push(...ofGroup.filter(({ details }) => details.table).map(ownTable));
  }
  return `${parts.join('\n\n')}\n`;
}

function failures(checks) {
  const failed = checks.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return [];
  return ['## Failures', ...failed.map(failureText)];
}

function failureText({ id, title, reason, details }) {
  const { error, stderr } = details;
  const lines = [
    error?.hint ? `hint: ${error.hint}` : '',
    error?.details ? `details: ${JSON.stringify(error.details)}` : '',
    ...(error?.log ?? []),
    error?.stack ?? '',
    stderr ? `stderr: ${stderr.slice(-2000)}` : '',
  ].filter(Boolean);
  const block =
    lines.length === 0 ? '' : `\n\n\`\`\`text\n${lines.join('\n').replaceAll('```', "'''")}\n\`\`\``;
  return `### ${id}\n\n${title}\n\n> ${reason.replaceAll('\n', '\n> ')}${block}`;
}

function table(checks) {
  const rows = checks.map(({ id, title, status, reason, details, durationMs }) => {
    const notes = [reason, notesText(details)].filter(Boolean).join('; ');
    const cells = [status, `\`${id}\``, title, `${(durationMs / 1000).toFixed(1)} s`, notes];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  });
  return ['| | check | what holds | time | notes |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** What a check puts into a table of its own. */
function ownTable({ id, details }) {
  const { head, rows } = details.table;
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `\`${id}\`:\n\n${lines.join('\n')}`;
}

/** Measurements in a table cell; the JSON has them whole. */
function notesText(details) {
  const { stdout, stderr, error, ...rest } = details;
  const text = Object.entries(rest)
    .filter(([name]) => name !== 'table')
    .map(
      ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(shortened(value))}`,
    )
    .join('; ');
  const printed = stdout || stderr || error ? ' (output in the JSON)' : '';
  return `${text.length > 400 ? `${text.slice(0, 400)}…` : text}${printed}`;
}

function shortened(value) {
  if (typeof value === 'number') return Number(value.toPrecision(4));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(shortened);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortened(one)]));
}
