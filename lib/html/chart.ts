// SPDX-License-Identifier: Apache-2.0
// What charts show, as data. report-client.js draws them; the tables beside them hold the same numbers as text.

import { html, type Html, type Part } from './markup';

/** A chart for report-client.js. Lengths of `xs` and every `ys` are equal. */
export interface ChartSpec {
  readonly title: string;
  /** What the numbers along x are; a percentile p is drawn at log10(1 / (1 - p)). */
  readonly x: {
    readonly label: string;
    readonly kind: 'percentile' | 'number';
    readonly isLog?: boolean;
  };
  readonly y: { readonly label: string; readonly isLog?: boolean; readonly fromZero?: boolean };
  readonly xs: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Vertical lines with a name. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** Charts of one name share their cursor. */
  readonly sync?: string;
  /** A low one, for charts that stand below each other. */
  readonly isLow?: boolean;
}

/** A line, bars, or points joined in their own order. */
export interface ChartSeries {
  readonly label: string;
  /** Place in the palette, from 1. */
  readonly color: number;
  readonly draw: 'line' | 'bars' | 'path';
  /** Lines of one chart differ in their dashes too: colour alone is not seen by all. */
  readonly dash?: readonly number[];
  readonly ys: readonly (number | null)[];
  /** Of `path`: [x, y, label] in the order in which they are joined. */
  readonly points?: readonly (readonly [number, number, string])[];
}

/** Collects the charts of a page. */
export class Charts {
  private readonly specs: ChartSpec[] = [];

  /** All of them; `data-chart` of an element is a place in this list. */
  get all(): readonly ChartSpec[] {
    return this.specs;
  }

  /**
   * A figure that the client fills.
   *
   * @param description the chart in words, for those who do not see it
   */
  figure(spec: ChartSpec, description: string, note: Part = null): Html {
    const place = this.specs.push(spec) - 1;
    return html`<figure>
      <figcaption>${spec.title}${note === null ? null : html` <span class="note">${note}</span>`}</figcaption>
      <div
        class="chart${spec.isLow === true ? ' low' : ''}"
        data-chart="${place}"
        role="img"
        tabindex="0"
        aria-label="${`${spec.title}. ${description}`}"
      ></div>
    </figure> `;
  }
}
