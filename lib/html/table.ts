// SPDX-License-Identifier: Apache-2.0
import { html, Html, type Part } from './markup';

/** A column: text to the left, numbers to the right. */
export interface Column {
  readonly title: string;
  readonly isText?: boolean;
  /** Longer words for the title. */
  readonly hint?: string;
}

/** A table; the first cell of each row is its heading. Wide ones scroll in their own box, with the keyboard too. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Part[])[],
  className = '',
): Html {
  const kind = (index: number) => (columns[index]?.isText === true ? 'text' : 'number');
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table class="${className}">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            ({ title, hint }, index) =>
              html`<th
                scope="col"
                class="${kind(index)}"
                ${hint === undefined ? null : html` title="${hint}"`}
              >
                ${title}
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell, index) => (index === 0 ? html`<th scope="row" class="${kind(0)}">${cell}</th>` : html`<td class="${kind(index)}">${cell}</td>`))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `;
}

/** Names and values, one below the other. */
export function facts(rows: readonly (readonly [string, Part])[]): Html {
  return html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div> `,
    )}
  </dl> `;
}

/** A bar of `share` (0 to 1) of its cell. SVG, because the page's policy forbids style attributes, and printers leave out backgrounds. */
export function bar(share: number, color = 1): Html {
  const width = Math.max(0, Math.min(100, share * 100)).toFixed(2);
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="fill-${color}" width="${width}" height="10" />
  </svg>`;
}

/** A part of the page that the contents name. */
export class Section extends Html {
  constructor(
    readonly id: string,
    readonly title: string,
    content: Html,
  ) {
    super(content.text);
  }
}

/** A section with its heading; `id` is unique on the page. */
export function section(id: string, title: string, ...parts: readonly Part[]): Section {
  const content = html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${parts}
  </section> `;
  return new Section(id, title, content);
}

/** Links to the sections, and the sections. */
export function withContents(sections: readonly Section[]): Html {
  return html`<nav class="contents" aria-label="Sections">
      ${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}
    </nav>
    ${sections}`;
}
