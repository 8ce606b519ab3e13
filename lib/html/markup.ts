// SPDX-License-Identifier: Apache-2.0
// Names, labels and reasons come from models, drivers and files: they are text, whatever they contain. Markup is made
// by html`…` alone, which escapes all that it did not make itself.

/** A piece of the page that may be inserted as it is. */
export class Html {
  constructor(readonly text: string) {}
}

/** What html`…` takes: text and numbers are escaped, lists are joined, null and false leave nothing. */
export type Part = Html | string | number | null | undefined | false | readonly Part[];

/** Makes markup from a template; every value is escaped unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0]!;
  parts.forEach((part, index) => (text += textOf(part) + strings[index + 1]!));
  return new Html(text);
}

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return escapeHtml(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/**
 * JSON for the inside of a script tag: a `</script>` or `<!--` within a string would end the tag or comment out what
 * follows, so every `<` is written as an escape of JSON.
 */
export function scriptJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replace(/</g, '\\u003c'));
}
