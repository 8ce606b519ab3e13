// SPDX-License-Identifier: Apache-2.0

/** Text decorations of one stream; plain text where the stream shows none. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** What decides whether a stream gets colours. */
export interface StyleFacts {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours are for terminals only; `NO_COLOR` (any value but empty) and `TERM=dumb` switch them off. */
export function hasColor({ isTTY, env }: StyleFacts): boolean {
  return isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Makes the decorations for a stream. */
export function createStyle(facts: StyleFacts): Style {
  const isColored = hasColor(facts);
  const paint = (open: number, close: number) => (text: string) =>
    isColored && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    yellow: paint(33, 39),
    red: paint(31, 39),
    cyan: paint(36, 39),
  };
}
