// SPDX-License-Identifier: Apache-2.0
import { html, Html } from '../../html/markup';
import type { CompressionTrial } from './trial';
import { paretoSet } from './trial';

const WIDTH = 900;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 20;
const BOTTOM = 48;
/** Names of choices are listed below the picture. */
const LINE = 18;
const TICKS = 5;

/** Colours of its own for a picture that stands alone, in light and dark. */
const STYLE = `text{fill:#1b2129;font:12px system-ui,sans-serif}.faint{fill:#545e6b}line{stroke:#d6dbe1}.point{fill:#8b95a1}.best{fill:#0072b2}.chosen{fill:#c24a00}polyline{fill:none;stroke:#0072b2;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#e5e9ef}.faint{fill:#a5afbb}line{stroke:#333c47}.best{fill:#56b4e9}.chosen{fill:#ff9f4d}polyline{stroke:#56b4e9}}`;

/**
 * Size against drop of all trials, the Pareto set joined and numbered, the chosen one in another colour.
 *
 * @param source - The trial of the unchanged model: sizes are shares of its bytes.
 * @returns an SVG document
 */
export function drawPareto(
  trials: readonly CompressionTrial[],
  source: CompressionTrial,
  chosen?: CompressionTrial,
): string {
  const best = paretoSet(trials);
  const scale = scaleOf(trials, source);
  const height = HEIGHT + best.length * LINE;
  const label = `Size and drop of ${trials.length} compressed models; ${best.length} are in the Pareto set`;
  const points = best.map((trial) => `${scale.x(trial)},${scale.y(trial)}`).join(' ');
  return `${
    html`<svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 ${WIDTH} ${height}"
      role="img"
      aria-label="${label}"
    >
      ${new Html(`<style>${STYLE}</style>`)} ${axes(scale)}
      <polyline points="${points}" />
      ${trials.map((trial) => drawPoint(trial, scale, { best, chosen }))}
      ${best.map(
        (trial, index) =>
          html`<text x="${LEFT}" y="${HEIGHT + LINE * (index + 1) - 6}">
            ${index + 1} ${trial.name}: ${percent(trial.bytes / source.bytes)} of the size, drop
            ${percent(trial.drop)}
          </text> `,
      )}
    </svg>`.text
  }\n`;
}

interface Scale {
  readonly x: (trial: CompressionTrial) => number;
  readonly y: (trial: CompressionTrial) => number;
  readonly largestSize: number;
  readonly leastDrop: number;
  readonly largestDrop: number;
}

function scaleOf(trials: readonly CompressionTrial[], source: CompressionTrial): Scale {
  const largestSize = Math.max(1, ...trials.map(({ bytes }) => bytes / source.bytes));
  const largestDrop = Math.max(0.01, ...trials.map(({ drop }) => drop));
  const leastDrop = Math.min(0, ...trials.map(({ drop }) => drop));
  const width = WIDTH - LEFT - RIGHT;
  const height = HEIGHT - TOP - BOTTOM;
  return {
    largestSize,
    leastDrop,
    largestDrop,
    x: ({ bytes }) => round(LEFT + (width * bytes) / source.bytes / largestSize),
    y: ({ drop }) => round(TOP + (height * (drop - leastDrop)) / (largestDrop - leastDrop)),
  };
}

/** A small drop is good: it stands at the top. */
function axes({ largestSize, leastDrop, largestDrop }: Scale): Html {
  const steps = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const bottom = HEIGHT - BOTTOM;
  return html`${steps.map((step) => {
      const y = round(TOP + (bottom - TOP) * step);
      const drop = leastDrop + (largestDrop - leastDrop) * step;
      return html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" />
        <text class="faint" x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${percent(drop)}</text> `;
    })}${steps.map((step) => {
      const x = round(LEFT + (WIDTH - LEFT - RIGHT) * step);
      return html`<text class="faint" x="${x}" y="${bottom + 18}" text-anchor="middle">
        ${percent(largestSize * step)}
      </text> `;
    })}
    <text class="faint" x="${WIDTH - RIGHT}" y="${bottom + 36}" text-anchor="end">share of the size</text>
    <text class="faint" x="${LEFT}" y="${bottom + 36}">drop of accuracy, downwards</text>`;
}

function drawPoint(
  trial: CompressionTrial,
  { x, y }: Scale,
  { best, chosen }: { best: readonly CompressionTrial[]; chosen: CompressionTrial | undefined },
): Html {
  const place = best.indexOf(trial);
  const kind = trial === chosen ? 'chosen' : place >= 0 ? 'best' : 'point';
  return html`<circle class="${kind}" cx="${x(trial)}" cy="${y(trial)}" r="${place >= 0 ? 5 : 3}">
      <title>${trial.name}</title>
    </circle>
    ${place >= 0 && html`<text x="${x(trial)}" y="${y(trial) - 9}" text-anchor="middle">${place + 1}</text>`} `;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
