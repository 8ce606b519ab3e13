// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { formatJson } from './json';
import type { Terminal } from './terminal/terminal';
import { printable, printableLines, wrapText } from './terminal/text-width';

/** Exit codes; documented in the command line guide. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The exit code that an error leads to. Every `ERR_TRT_ARG_*` is about what the user wrote. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TensorRTError)) return EXIT.failed;
  if (error.code === 'ERR_TRT_BUILD_CANCELLED' || error.code === 'ERR_TRT_RUN_ABORTED')
    return EXIT.interrupted;
  return error.code.startsWith('ERR_TRT_ARG_') ? EXIT.usage : EXIT.failed;
}

/** The JSON form of a failure. */
export function failureDocument(error: unknown): { readonly error: unknown } {
  if (error instanceof TensorRTError) {
    const { code, message, hint, details, log } = error;
    return { error: { code, message, hint, details, ...(log.length > 0 ? { log } : {}) } };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return { error: { code: code ?? null, message: message ?? String(error), hint: null, details: {} } };
}

/** A failure for people: message, code, hint, details, log; a stack only where it is asked for. */
export function formatFailure(error: unknown, terminal: Terminal, isVerbose: boolean): string[] {
  const { red, yellow, dim } = terminal.talkStyle;
  const width = Math.min(terminal.talkWidth, 110);
  const stack =
    isVerbose && error instanceof Error && error.stack !== undefined
      ? ['', ...printableLines(error.stack).map(dim)]
      : [];
  if (!(error instanceof TensorRTError)) {
    const message = error instanceof Error ? error.message : String(error);
    const advice = isVerbose ? [] : ['', dim('This is not an expected error; --verbose shows its stack.')];
    return [`${red('error')}  ${printableLines(message).join('\n')}`, ...advice, ...stack];
  }
  // Nothing went wrong: the user stopped it.
  if (exitCodeOf(error) === EXIT.interrupted)
    return [`${yellow('stopped')}  ${printable(error.message)}`, ...stack];
  return [...formatReport(error, terminal, width, isVerbose), ...stack];
}

/** The parts of TensorRTError.toReport(), laid out for a terminal: the first line says it, the hint stands out. */
function formatReport(error: TensorRTError, terminal: Terminal, width: number, isVerbose: boolean): string[] {
  const { red, bold, dim, cyan } = terminal.talkStyle;
  const [first, ...others] = printableLines(error.message);
  const hint = printableLines(error.hint).flatMap((line) => wrapText(line, width - 7));
  // What is wrong with the command line is all in its message.
  const isShort = error.code === 'ERR_TRT_ARG_USAGE' && !isVerbose;
  return [
    `${red('error')}  ${bold(first!)}`,
    ...others.map((line) => `       ${line}`),
    `       ${dim(error.code)}`,
    ...hint.map((line, index) => `${index === 0 ? cyan('hint   ') : '       '}${line}`),
    ...(isShort
      ? []
      : [...formatDetails(error.details, dim, isVerbose), ...formatLog(error.log, terminal, isVerbose)]),
  ];
}

const LIST_LIMIT = 12;

function formatDetails(
  details: TensorRTError['details'],
  dim: (text: string) => string,
  isVerbose: boolean,
): string[] {
  const lines = Object.entries(details).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const label = dim(`${name}:`);
    if (!Array.isArray(value) || isShort(value)) return [`  ${label} ${formatValue(value)}`];
    const shown = (isVerbose ? value : value.slice(0, LIST_LIMIT)).map((item) => `    ${formatValue(item)}`);
    const rest = value.length - shown.length;
    return [`  ${label}`, ...shown, ...(rest > 0 ? [dim(`    … ${rest} more; --verbose shows all`)] : [])];
  });
  return lines.length === 0 ? [] : [dim('details'), ...lines];
}

const SHORT_LIST_COLUMNS = 60;

/** Whether a list reads well on one line. */
function isShort(list: readonly unknown[]): boolean {
  return list.every((item) => typeof item !== 'object') && list.join(', ').length <= SHORT_LIST_COLUMNS;
}

function formatLog(log: TensorRTError['log'], terminal: Terminal, isVerbose: boolean): string[] {
  const { dim, yellow } = terminal.talkStyle;
  // The cause of a failure is in the last lines.
  const shown = isVerbose ? log : log.slice(-LIST_LIMIT);
  const title =
    shown.length < log.length
      ? `log (last ${shown.length} of ${log.length} lines; --verbose shows all)`
      : 'log';
  const lines = shown.map(
    (line) => `  ${yellow(line.severity)}  ${printable(line.message)}${countSuffix(line.count)}`,
  );
  return lines.length === 0 ? [] : [dim(title), ...lines];
}

function countSuffix(count: number | undefined): string {
  return count !== undefined && count > 1 ? ` (${count} times)` : '';
}

/** A value on one line; plain objects as `key value` pairs, lists with commas, the rest as JSON. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(formatValue).join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([key, part]) => `${key} ${formatValue(part)}`)
      .join(' · ');
  }
  return printable(formatJson(value).trim());
}
