// SPDX-License-Identifier: Apache-2.0

// eslint-disable-next-line no-control-regex -- escape sequences are what this looks for
const ESCAPES = /\u001b\[[0-9;]*m/g;

/** The text without colour sequences. */
export function stripStyle(text: string): string {
  return text.replace(ESCAPES, '');
}

/** Columns that the text takes, colour sequences not counted. */
export function textWidth(text: string): number {
  return [...stripStyle(text)].length;
}

/** Fills the text with spaces up to `width` columns. */
export function padText(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The same with the spaces before the text, for numbers. */
export function padTextStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** Breaks plain text at spaces so that no line is longer than `width`, where words allow it. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** {@link printable} for text of several lines. */
export function printableLines(text: string): string[] {
  return text.split('\n').map(printable);
}

/** Replaces control characters, which names from files may hold, so that they cannot steer the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
