// SPDX-License-Identifier: Apache-2.0
// Recorded sessions of a shell in documentation: commands after `$ `, then what they print.

/**
 * @param {string} code of a `console` block
 * @returns {{ command: string, expected: string }[]}
 */
export function sessionSteps(code) {
  const joined = code.replace(/ *\\\n */g, ' ');
  return joined
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = step.indexOf('\n');
      return { command: step.slice(0, end).trim(), expected: step.slice(end + 1) };
    });
}

/** Numbers, and the spaces that align them, differ from machine to machine; so do units with them. */
const shape = (line) =>
  line
    .replace(/\d[\d.,]*/g, '#')
    .replace(/# (ms|s)\b/g, '# time')
    .replace(/\s+/g, ' ')
    .trim();

const toLines = (text) => {
  const lines = text.split('\n').map(shape);
  while (lines.at(-1) === '') lines.pop();
  return lines;
};

/**
 * Holds output against what a page shows, where a line `…` stands for any lines.
 * @param {string} expected
 * @param {string} output
 * @returns {string | null} the first line that was not printed, or "end of the output" where more was
 */
export function unexpectedLine(expected, output) {
  const found = toLines(output);
  let at = 0;
  let isOpen = false;
  for (const line of toLines(expected)) {
    if (line === '…') {
      isOpen = true;
      continue;
    }
    const next = isOpen ? found.indexOf(line, at) : found[at] === line ? at : -1;
    if (next === -1) return line;
    at = next + 1;
    isOpen = false;
  }
  return isOpen || at >= found.length ? null : 'end of the output';
}
