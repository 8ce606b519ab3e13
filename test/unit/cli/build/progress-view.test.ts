// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressView, formatBar } from '../../../../lib/cli/build/progress-view';
import { createTerminal } from '../../../../lib/cli/terminal/terminal';
import { textWidth } from '../../../../lib/cli/terminal/text-width';

function fakeTerminal(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { terminal: createTerminal(stream, stream, { NO_COLOR: '1' }), written };
}

const step = (phase: string, fraction: number, parent: string | null = null) => ({
  phase,
  parent,
  fraction,
  finished: false,
});

describe('progress on a terminal', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('redraws one line ten times a second, however many events come', () => {
    const { terminal, written } = fakeTerminal(true);
    const view = createProgressView(terminal, Date.now);
    for (let event = 0; event < 1000; event += 1) view.update(step('Building', event / 1000));
    expect(written).toHaveLength(1);
    vi.advanceTimersByTime(1000);
    expect(written).toHaveLength(11);
    expect(written.at(-1)).toMatch(/^\r━{24} {3}99 % {2}1 s {2}Building.\[K$/);
    view.end();
    vi.advanceTimersByTime(1000);
    expect(written).toHaveLength(12);
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('prints talk above the bar', () => {
    const { terminal, written } = fakeTerminal(true);
    const view = createProgressView(terminal, Date.now);
    written.length = 0;
    view.note('a warning');
    expect(written).toEqual(['\r\u001b[K', 'a warning\n', expect.stringMatching(/^\r─{24}/)]);
    view.end();
  });

  it.each([20, 40, 60, 120])('never fills a terminal of %i columns', (columns) => {
    const { terminal } = fakeTerminal(true, columns);
    const bar = formatBar(
      step('A very long phase with many words that do not end '.repeat(4), 0.5),
      5000,
      terminal,
    );
    if (columns >= 40) expect(textWidth(bar)).toBeLessThan(columns);
  });
});

describe('progress elsewhere', () => {
  it('prints a line per outer phase and tenth of the build, at most one a second', () => {
    const { terminal, written } = fakeTerminal(false);
    let now = 0;
    const view = createProgressView(terminal, () => now);
    for (const [at, phase, fraction, parent] of [
      [0, 'Parsing', 0, null],
      [10, 'Parsing', 0.01, null],
      [200, 'Building', 0.05, null],
      [1500, 'Building', 0.3, null],
      [1600, 'Tactics', 0.45, 'Building'],
      [2600, 'Tactics', 0.46, 'Building'],
      [2700, 'Tactics', 0.47, 'Building'],
      [9000, 'Tactics', 0.5, 'Building'],
      [9100, 'Finishing', 0.9, null],
      [10_100, 'Finishing', 0.95, null],
    ] as const) {
      now = at;
      view.update(step(phase, fraction, parent));
    }
    view.end();
    expect(written).toEqual([
      '  0 %  0 s  Parsing\n',
      ' 30 %  1 s  Building\n',
      ' 46 %  2 s  Tactics\n',
      ' 90 %  9 s  Finishing\n',
    ]);
  });
});
