// SPDX-License-Identifier: Apache-2.0
// Values as they can be written to JSON.

const MAX_LIST = 64;
const MAX_LOG_LINES = 40;

/** A copy that JSON can hold: bigints as numbers or text, typed arrays and long lists cut short, no cycles. */
export function toPlain(value, depth = 0) {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 8) return '…';
  if (value instanceof Error) return describeError(value, depth);
  if (ArrayBuffer.isView(value)) return toPlain(Array.from(value), depth);
  if (Array.isArray(value)) return listToPlain(value, depth);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toPlain(one, depth + 1)]));
}

function listToPlain(list, depth) {
  const shown = list.slice(0, MAX_LIST).map((one) => toPlain(one, depth + 1));
  return list.length > MAX_LIST ? [...shown, `… ${list.length - MAX_LIST} more`] : shown;
}

/** All that an error tells: code, message, hint, log lines, details, stack and cause. */
export function describeError(error, depth = 0) {
  if (!(error instanceof Error)) return { message: `thrown: ${String(error)}` };
  const { log, ...details } = error.details ?? {};
  const lines = Array.isArray(log) ? log.slice(-MAX_LOG_LINES) : [];
  return {
    ...(error.code === undefined ? {} : { code: String(error.code) }),
    message: error.message,
    ...(error.hint ? { hint: error.hint } : {}),
    ...(lines.length > 0 ? { log: lines.map(logText) } : {}),
    ...(Object.keys(details).length > 0 ? { details: toPlain(details, depth + 1) } : {}),
    stack: (error.stack ?? '').split('\n').slice(1, 9).join('\n'),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: toPlain(error.cause, depth + 1) }),
  };
}

function logText(line) {
  return typeof line === 'string'
    ? line
    : `${line.severity ?? 'log'}: ${line.message ?? JSON.stringify(line)}`;
}
