// SPDX-License-Identifier: Apache-2.0

/** Three significant digits, without an exponent where people read. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

/** A row of a table. */
export function formatRow(cells: readonly string[]): string {
  return `| ${cells.map(inlineText).join(' | ')} |`;
}

/** Text of others inside a line: names of models and messages of errors may hold what Markdown and HTML read as theirs. */
export function inlineText(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/[`*_[\]]/g, '\\$&')
    .replace(/\s*\n\s*/g, ' ');
}
