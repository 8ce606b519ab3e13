// SPDX-License-Identifier: Apache-2.0
import { padText, padTextStart, textWidth } from './text-width';

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * Lays out a table without lines: two spaces between columns, titles above where any is not empty.
 *
 * @param decorateTitle how titles look, e.g. `style.dim`
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  decorateTitle: (title: string) => string = (title) => title,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[index] ?? ''))),
  );
  const layOut = (cells: readonly string[]) =>
    columns
      .map((column, index) =>
        (column.align === 'right' ? padTextStart : padText)(cells[index] ?? '', widths[index]!),
      )
      .join('  ')
      .trimEnd();
  const hasTitles = columns.some((column) => column.title !== '');
  const titles = hasTitles ? [layOut(columns.map((column) => decorateTitle(column.title)))] : [];
  return [...titles, ...rows.map(layOut)];
}

/** Lays out `label  value` lines with aligned values. */
export function formatFacts(
  facts: readonly (readonly [label: string, value: string])[],
  decorateLabel: (label: string) => string = (label) => label,
): string[] {
  return formatTable(
    [{ title: '' }, { title: '' }],
    facts.map(([label, value]) => [decorateLabel(label), value]),
  );
}

/** Indents lines by two spaces. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
