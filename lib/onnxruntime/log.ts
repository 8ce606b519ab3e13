// SPDX-License-Identifier: Apache-2.0
// What the drop-in itself has to say, in the way of onnxruntime-common: on the console, as far as `env.logLevel` allows.

const LEVELS = ['verbose', 'info', 'warning', 'error', 'fatal'];

/** The part of `env` that says what is logged. */
export interface LogSettings {
  readonly logLevel?: string;
}

/** What the drop-in takes of the copy of onnxruntime-common that it serves. */
export interface BackendHost {
  /** Read at each use: `env.logLevel` may change. */
  readonly env: LogSettings;
}

/** The number that ONNX Runtime has for `env.logLevel`: 0 verbose to 4 fatal. */
export function logSeverity({ logLevel = 'warning' }: LogSettings): 0 | 1 | 2 | 3 | 4 {
  const level = LEVELS.indexOf(logLevel);
  return (level < 0 ? 2 : level) as 0 | 1 | 2 | 3 | 4;
}

/** A line that matters to everyone who does not ask for silence. */
export function warn(env: LogSettings, text: string): void {
  // eslint-disable-next-line no-console -- as onnxruntime-common does, and env.logLevel silences it
  if (logSeverity(env) <= 2) console.warn(text);
}

/** A line for those who ask. */
export function inform(env: LogSettings, text: string): void {
  // eslint-disable-next-line no-console -- only for those who set env.logLevel to 'info' or 'verbose'
  if (logSeverity(env) <= 1) console.info(text);
}
