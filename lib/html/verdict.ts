// SPDX-License-Identifier: Apache-2.0
// What stands at the head of a report: its result in words, and the few numbers that are quoted.

import { html, type Html, type Part } from './markup';
import { NOTHING } from './numbers';

/** How good the result is. */
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** Tone, headline, and the sentences below it. */
export interface Judgement {
  readonly tone: Tone;
  readonly title: string;
  readonly reasons: readonly Part[];
}

const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕', plain: '=' };

/** The verdict as a banner. */
export function verdict({ tone, title, reasons }: Judgement): Html {
  return html`<div class="verdict ${tone}">
    <span class="sign" aria-hidden="true">${SIGNS[tone]}</span>
    <div>
      <strong>${title}</strong>
      ${reasons.map((reason) => html`<p>${reason}</p>`)}
    </div>
  </div> `;
}

/** One tile. */
export function key(title: string, value: string, unit: string, note: string): Html {
  return html`<div>
    <dt>${title}</dt>
    <dd>
      <b>${value}</b>${value !== NOTHING && html` <span class="unit">${unit}</span>`}<small>${note}</small>
    </dd>
  </div> `;
}
