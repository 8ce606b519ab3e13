// SPDX-License-Identifier: Apache-2.0
import { html, Html } from '../../html/markup';
import { placeLabels } from './place-labels';
import type { CompressionTrial } from './trial';
import { paretoSet } from './trial';

const WIDTH = 900;
const HEIGHT = 440;
const LEFT = 64;
const RIGHT = 30;
const TOP = 40;
const BOTTOM = 52;
/** Names of choices are listed below the picture. */
const LINE = 18;
/** Ticks are at least so far apart. */
const FEWEST_PIXELS = 18;
/** Sizes lie on a logarithmic scale: those of compositions are a fraction of those of single steps. */
const SIZES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** Drops from here on lie on a logarithmic scale, smaller ones on a linear one, which zero and gains need. */
const LINEAR_DROP = 0.005;
const DROPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** Colours of its own for a picture that stands alone, in light and dark. */
const STYLE = `text{fill:#1b2129;font:12px system-ui,sans-serif}.faint{fill:#545e6b}line{stroke:#d6dbe1}.zero{stroke:#8b95a1}.point{fill:#8b95a1}.best{fill:#0072b2}.chosen{fill:#c24a00}.taken{fill:#c24a00;font-weight:600}polyline{fill:none;stroke:#0072b2;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#e5e9ef}.faint{fill:#a5afbb}line{stroke:#333c47}.zero{stroke:#8b95a1}.best{fill:#56b4e9}.chosen,.taken{fill:#ff9f4d}polyline{stroke:#56b4e9}}`;

/**
 * Size against drop of all trials, the Pareto set numbered, the chosen one in another colour. The line is the least drop at
 * each size. Both axes are logarithmic, that of drops but for small ones.
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
  const isTaken = (trial: CompressionTrial) => trial.name === chosen?.name;
  const isUnlisted = chosen !== undefined && !best.some(isTaken);
  const listed = [
    ...best.map((trial, index) => ({ trial, number: String(index + 1) })),
    ...(isUnlisted ? [{ trial: chosen, number: '–' }] : []),
  ];
  const scale = scaleOf([...trials, source], source);
  const height = HEIGHT + listed.length * LINE;
  const label = `Size and drop of ${trials.length} compressed models; ${best.length} are in the Pareto set`;
  const placeOf = ({ bytes, drop }: CompressionTrial) => ({ x: scale.x(bytes), y: scale.y(drop) });
  const numbers = placeLabels(best.map(placeOf), trials.map(placeOf));
  return `${
    html`<svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 ${WIDTH} ${height}"
      role="img"
      aria-label="${label}"
    >
      ${new Html(`<style>${STYLE}</style>`)} ${axes(scale)}
      <polyline points="${stairs(falling(best), scale)}" />
      ${[...trials]
        .sort((a, b) => Number(best.includes(a)) - Number(best.includes(b)))
        .map((trial) => drawPoint(trial, scale, { isBest: best.includes(trial), isTaken: isTaken(trial) }))}
      ${numbers.map(({ x, y }, index) => html`<text x="${x}" y="${y}" text-anchor="middle">${index + 1}</text> `)}
      ${listed.map(
        ({ trial, number }, index) =>
          html`<text
            x="${LEFT}"
            y="${HEIGHT + LINE * (index + 1) - 6}"
            ${isTaken(trial) && new Html('class="taken"')}
          >
            ${number} ${trial.name}: ${percent(trial.bytes / source.bytes)} of the size, drop
            ${percent(trial.drop)}, ${trial.sqnrDb.toFixed(1)} dB${isTaken(trial) && ' (taken)'}
          </text> `,
      )}
    </svg>`.text
  }\n`;
}

/** Those of the set that no smaller one equals in drop: the line falls from each to the next. */
function falling(best: readonly CompressionTrial[]): CompressionTrial[] {
  return best.filter(({ drop }, index) => best.slice(0, index).every((other) => other.drop > drop));
}

/** What a model drops holds for all sizes up to that of the next better one. */
function stairs(best: readonly CompressionTrial[], { x, y }: Scale): string {
  const corners = best.flatMap(({ bytes, drop }, index) => [
    ...(index === 0 ? [] : [`${x(bytes)},${y(best[index - 1]!.drop)}`]),
    `${x(bytes)},${y(drop)}`,
  ]);
  return corners.join(' ');
}

interface Scale {
  readonly x: (bytes: number) => number;
  readonly y: (drop: number) => number;
  readonly sizes: readonly Tick[];
  readonly drops: readonly Tick[];
}

interface Tick {
  readonly value: number;
  readonly at: number;
}

function scaleOf(trials: readonly CompressionTrial[], source: CompressionTrial): Scale {
  const shares = trials.map(({ bytes }) => bytes / source.bytes);
  const sizes = within(SIZES, shares);
  const drops = within(
    [...DROPS.map((drop) => -drop).reverse(), 0, ...DROPS],
    [0, LINEAR_DROP, ...trials.map(({ drop }) => drop)],
  );
  const toX = stretch(sizes.map(Math.log), [LEFT, WIDTH - RIGHT]);
  const bend = (drop: number) => Math.asinh(drop / LINEAR_DROP);
  const toY = stretch(drops.map(bend), [TOP, HEIGHT - BOTTOM]);
  const x = (share: number) => toX(Math.log(Math.max(share, sizes[0]!)));
  const y = (drop: number) => toY(bend(drop));
  return {
    x: (bytes) => x(bytes / source.bytes),
    y,
    sizes: sizes.map((value) => ({ value, at: x(value) })),
    drops: spaced(drops.map((value) => ({ value, at: y(value) }))),
  };
}

/** The steps that all values lie between. */
function within(steps: readonly number[], values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const below = steps.filter((step) => step <= least).length - 1;
  const above = steps.findIndex((step) => step >= most);
  return steps.slice(Math.max(0, below), above < 0 ? steps.length : above + 1);
}

/** Takes the first of `values` to the first pixel, and the last one to the last. */
function stretch(
  values: readonly number[],
  [from, to]: readonly [number, number],
): (value: number) => number {
  const [first, last] = [values[0]!, values.at(-1)!];
  const width = last - first || 1;
  return (value) => Math.round(100 * (from + ((to - from) * (value - first)) / width)) / 100;
}

/** Zero, and those around it that are far enough from each other. */
function spaced(ticks: readonly Tick[]): Tick[] {
  const zero = ticks.findIndex(({ value }) => value === 0);
  const kept: Tick[] = [ticks[zero]!];
  for (const tick of [...ticks.slice(zero + 1), ...ticks.slice(0, zero).reverse()])
    if (kept.every(({ at }) => Math.abs(at - tick.at) >= FEWEST_PIXELS)) kept.push(tick);
  return kept;
}

/** A small drop is good: it stands at the top. */
function axes({ sizes, drops }: Scale): Html {
  const bottom = HEIGHT - BOTTOM;
  return html`${drops.map(
      ({ value, at }) =>
        html`<line
            x1="${LEFT}"
            x2="${WIDTH - RIGHT}"
            y1="${at}"
            y2="${at}"
            ${value === 0 && new Html('class="zero"')}
          />
          <text class="faint" x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${tickText(value)}</text> `,
    )}${sizes.map(
      ({ value, at }) =>
        html`<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}" />
          <text class="faint" x="${at}" y="${bottom + 20}" text-anchor="middle">${tickText(value)}</text> `,
    )}
    <text class="faint" x="${WIDTH - RIGHT}" y="${bottom + 38}" text-anchor="end">share of the size</text>
    <text class="faint" x="${LEFT}" y="${TOP - 24}">drop, higher up is better</text>`;
}

function drawPoint(
  { name, bytes, drop }: CompressionTrial,
  { x, y }: Scale,
  { isBest, isTaken }: { readonly isBest: boolean; readonly isTaken: boolean },
): Html {
  const kind = isTaken ? 'chosen' : isBest ? 'best' : 'point';
  return html`<circle class="${kind}" cx="${x(bytes)}" cy="${y(drop)}" r="${isBest || isTaken ? 5 : 3}">
    <title>${name}</title>
  </circle> `;
}

function tickText(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
