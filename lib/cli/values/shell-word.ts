// SPDX-License-Identifier: Apache-2.0

/** The text as one word of a shell's command line, quoted where it needs to be. */
export function shellWord(text: string): string {
  if (/^[\w.,:=/@+-]+$/.test(text)) return text;
  // In single quotes nothing has a meaning; names that hold them themselves read better in double quotes.
  return /["\\$`!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}
