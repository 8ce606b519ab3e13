// SPDX-License-Identifier: Apache-2.0
import { html, Html } from '../../html/markup';
import type { LayerError } from '../layers/layer-error';

const WIDTH = 1000;
const HEIGHT = 240;
const LEFT = 48;
const TOP = 16;
const BOTTOM = 24;
const LINE = 18;
/** Layers that are named. */
const NAMED = 8;
/** What is above says no more than "equal". */
const HIGHEST_DB = 100;
/** Decibels between two lines of the grid. */
const GRID_DB = 20;

/** Colours of its own for a picture that stands alone, in light and dark. */
const STYLE = `text{fill:#1b2129;font:12px system-ui,sans-serif}.faint{fill:#545e6b}line{stroke:#d6dbe1}.fill-1{fill:#0072b2}.fill-2{fill:#c24a00}@media(prefers-color-scheme:dark){text{fill:#e5e9ef}.faint{fill:#a5afbb}line{stroke:#333c47}.fill-1{fill:#56b4e9}.fill-2{fill:#ff9f4d}}`;

/** The layers with the lowest ratio, the worst first. Those that are equal are not among them. */
export function worstLayers(layers: readonly LayerError[], count = NAMED): LayerError[] {
  return layers
    .filter(({ sqnrDb }) => sqnrDb !== null && sqnrDb < HIGHEST_DB)
    .sort((a, b) => a.sqnrDb! - b.sqnrDb!)
    .slice(0, count);
}

/**
 * The errors of layers as a picture of its own, for documents: bars of the signal-to-noise ratio in the order of the graph,
 * a short one is a large error; the worst are named. Colours follow the reader's theme.
 *
 * @returns an SVG document
 */
export function drawLayerErrors(layers: readonly LayerError[]): string {
  return `${draw(layers, new Html(`<style>${STYLE}</style>`)).text}\n`;
}

/** The same for the inside of a report, with its colours. */
export function layerDrawing(layers: readonly LayerError[]): Html {
  return draw(layers, null);
}

function draw(layers: readonly LayerError[], style: Html | null): Html {
  const worst = worstLayers(layers);
  const known = layers.map(heightDb).filter((db) => db < HIGHEST_DB);
  const top = Math.max(GRID_DB, Math.ceil(Math.max(0, ...known) / GRID_DB) * GRID_DB);
  const height = HEIGHT + BOTTOM + worst.length * LINE;
  const y = (db: number) => round(TOP + (HEIGHT - TOP) * (1 - db / top));
  const step = (WIDTH - LEFT) / Math.max(1, layers.length);
  const label = `Signal-to-noise ratio of ${layers.length} layers in the order of the graph`;
  const lines = Array.from({ length: top / GRID_DB + 1 }, (_, index) => index * GRID_DB);
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    class="drawing"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-label="${label}"
  >
    ${style}
    ${lines.map(
      (db) =>
        html`<line x1="${LEFT}" x2="${WIDTH}" y1="${y(db)}" y2="${y(db)}" />
          <text class="faint" x="${LEFT - 6}" y="${y(db) + 4}" text-anchor="end">${db} dB</text> `,
    )}
    ${layers.map((layer, index) => drawBar(layer, { x: LEFT + index * step, step, y, place: worst.indexOf(layer), top }))}
    <text class="faint" x="${LEFT}" y="${HEIGHT + 16}">first layer</text>
    <text class="faint" x="${WIDTH}" y="${HEIGHT + 16}" text-anchor="end">last layer</text>
    ${worst.map(
      (layer, index) =>
        html`<text x="${LEFT}" y="${HEIGHT + BOTTOM + LINE * (index + 1) - 6}">
          ${index + 1} ${layer.node} (${layer.op}): ${layer.sqnrDb!.toFixed(1)} dB
        </text> `,
    )}
  </svg> `;
}

interface BarPlace {
  readonly x: number;
  readonly step: number;
  readonly y: (db: number) => number;
  /** Among the worst, from 0; -1 if it is none of them. */
  readonly place: number;
  readonly top: number;
}

function drawBar(layer: LayerError, { x, step, y, place, top }: BarPlace): Html {
  const db = Math.max(0, Math.min(top, heightDb(layer)));
  // A ratio of zero and less is the worst there is: it must be seen.
  const from = Math.min(y(db), y(0) - 2);
  const said = layer.sqnrDb === null ? 'equal' : `${layer.sqnrDb.toFixed(1)} dB`;
  const middle = round(x + step / 2);
  return html`<rect
      class="fill-${place < 0 ? 1 : 2}"
      x="${round(x + step * 0.1)}"
      y="${from}"
      width="${round(step * 0.8)}"
      height="${round(y(0) - from)}"
    >
      <title>${layer.node} (${layer.op}): ${said}</title>
    </rect>
    ${place >= 0 && html`<text x="${middle}" y="${from - 4}" text-anchor="middle">${place + 1}</text>`} `;
}

function heightDb({ sqnrDb }: LayerError): number {
  return sqnrDb === null ? Infinity : sqnrDb;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
