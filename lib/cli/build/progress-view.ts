// SPDX-License-Identifier: Apache-2.0
import type { Terminal } from '../terminal/terminal';
import { printable, textWidth } from '../terminal/text-width';
import { formatElapsed } from '../values/format';

/** What the view shows of a build's progress. */
export interface ProgressFacts {
  readonly phase: string;
  readonly parent: string | null;
  readonly fraction: number;
  readonly finished: boolean;
}

/** Shows how a build goes. */
export interface ProgressView {
  /** The build said something. */
  update(progress: ProgressFacts): void;
  /** Prints a line of talk without disturbing the bar. */
  note(line: string): void;
  /** Removes the bar; nothing is shown afterwards. */
  end(): void;
}

const BAR_COLUMNS = 24;
const REDRAW_MS = 100;
const PLAIN_INTERVAL_MS = 1000;
/** A long phase gets a line at each tenth of the build. */
const PLAIN_STEP = 0.1;

/** A bar that changes in place on a terminal; elsewhere a line per outer phase and tenth, at most one a second. */
export function createProgressView(terminal: Terminal, now: () => number = Date.now): ProgressView {
  return terminal.isLive ? createLiveView(terminal, now) : createPlainView(terminal, now);
}

function createLiveView(terminal: Terminal, now: () => number): ProgressView {
  const startMs = now();
  let latest: ProgressFacts = { phase: 'starting', parent: null, fraction: 0, finished: false };
  const draw = () => terminal.writeTalk(`\r${formatBar(latest, now() - startMs, terminal)}\u001b[K`);
  const erase = () => terminal.writeTalk('\r\u001b[K');
  draw();
  // On a timer and not at each event: thousands may come in a second, and the seconds go on when none come.
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    update: (progress) => {
      latest = progress;
    },
    note: (line) => {
      erase();
      terminal.writeTalk(`${line}\n`);
      draw();
    },
    end: () => {
      clearInterval(timer);
      erase();
    },
  };
}

function createPlainView(terminal: Terminal, now: () => number): ProgressView {
  const startMs = now();
  let lastMs = -Infinity;
  let lastPhase = '';
  let lastFraction = 0;
  return {
    update: ({ phase, parent, fraction }) => {
      const isNews = (parent === null && phase !== lastPhase) || fraction >= lastFraction + PLAIN_STEP;
      if (!isNews || now() - lastMs < PLAIN_INTERVAL_MS) return;
      if (parent === null) lastPhase = phase;
      lastFraction = fraction;
      lastMs = now();
      terminal.writeTalk(`${percent(fraction)}  ${formatElapsed(now() - startMs)}  ${printable(phase)}\n`);
    },
    note: (line) => terminal.writeTalk(`${line}\n`),
    end: () => undefined,
  };
}

/** One line: bar, percentage, time, phase; never wider than the terminal. */
export function formatBar(progress: ProgressFacts, elapsedMs: number, terminal: Terminal): string {
  const { cyan, dim } = terminal.talkStyle;
  const filled = Math.round(progress.fraction * BAR_COLUMNS);
  const bar = `${cyan('━'.repeat(filled))}${dim('─'.repeat(BAR_COLUMNS - filled))}`;
  const head = `${bar}  ${percent(progress.fraction)}  ${formatElapsed(elapsedMs)}  `;
  const room = terminal.talkWidth - textWidth(head) - 1;
  const phase = printable(progress.phase);
  return `${head}${dim(room < 4 ? '' : phase.length > room ? `${phase.slice(0, room - 1)}…` : phase)}`;
}

function percent(fraction: number): string {
  return `${String(Math.floor(Math.min(1, Math.max(0, fraction)) * 100)).padStart(3)} %`;
}
