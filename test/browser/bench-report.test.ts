// SPDX-License-Identifier: Apache-2.0
// The report in a real browser: what it draws, how it is used, and that it asks the network for nothing.
import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatHtml } from '../../lib/bench/formats/html/format-html';
import {
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleRateSearch,
  sampleResult,
  sampleSweep,
} from '../bench-documents';
import { sampleComparison } from '../comparison-documents';
import { openPage, type OpenedPage, startBrowser } from '../browser-page';

let browser: Browser | null = null;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
});

beforeEach((context) => {
  if (browser === null) context.skip('no Chromium starts');
});

const REPORTS = {
  cpu: formatHtml(sampleResult()),
  gpu: formatHtml(sampleGpuResult()),
  sweep: formatHtml(sampleSweep()),
  precisions: formatHtml(samplePrecisions()),
  search: formatHtml(sampleRateSearch()),
  failed: formatHtml(sampleFailed()),
  comparison: formatHtml(sampleResult(), { comparison: sampleComparison() }),
};

/** Opens a report, and holds that nothing went wrong and nothing was asked for until the test ended. */
async function withReport(
  name: keyof typeof REPORTS,
  options: Parameters<typeof openPage>[2],
  look: (opened: OpenedPage) => Promise<void>,
): Promise<void> {
  const opened = await openPage(browser!, REPORTS[name], options);
  try {
    await look(opened);
    expect(opened.problems).toEqual([]);
    expect(opened.requests).toEqual([]);
  } finally {
    await opened.close();
  }
}

/** For each canvas that is seen: how many colours its pixels have, and a sum that tells drawings apart. */
const canvases = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('canvas')]
      .filter((canvas) => canvas.clientWidth > 0)
      .map((canvas) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const pixels = new Uint32Array(data.buffer);
        return { colors: new Set(pixels).size, drawn: pixels.filter((pixel) => pixel !== 0).length };
      }),
  );

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Elements whose text is wider or higher than the box that cuts it; boxes that scroll are meant to. */
const clipped = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main *, .top *')]
      .filter((element) => {
        const style = getComputedStyle(element);
        const cuts = style.overflowX === 'hidden' || style.textOverflow === 'ellipsis';
        const isHiddenLegend = element.tagName === 'LEGEND';
        return cuts && !isHiddenLegend && element.scrollWidth > element.clientWidth + 1;
      })
      .map((element) => element.outerHTML.slice(0, 100)),
  );

describe.each(Object.keys(REPORTS) as (keyof typeof REPORTS)[])('the report of %s', (name) => {
  test('draws every chart in view, with no error and no request', async () => {
    await withReport(name, {}, async ({ page }) => {
      const drawn = await canvases(page);
      const seen = await page.locator('.chart:visible').count();
      expect(drawn).toHaveLength(seen);
      expect(seen).toBeGreaterThan(3);
      for (const { colors, drawn: pixels } of drawn) {
        expect(colors).toBeGreaterThan(10);
        expect(pixels).toBeGreaterThan(1000);
      }
    });
  });

  test('fits every width, and cuts no text', async () => {
    await withReport(name, {}, async ({ page }) => {
      for (const width of [1600, 768, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await expect.poll(() => overflow(page)).toBe(0);
        await expect.poll(() => clipped(page)).toEqual([]);
      }
    });
  });

  test('moves nothing while it loads', async () => {
    await withReport(name, {}, async ({ page }) => {
      const shift = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            let sum = 0;
            const add = (entry: PerformanceEntry) =>
              (sum += (entry as PerformanceEntry & { value: number }).value);
            new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({
              type: 'layout-shift',
              buffered: true,
            });
            setTimeout(() => resolve(sum), 300);
          }),
      );
      expect(shift).toBeLessThan(0.01);
    });
  });
});

describe('themes', () => {
  const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  test('follow the system', async () => {
    const seen: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const)
      await withReport('gpu', { colorScheme }, async ({ page }) => void seen.push(await background(page)));
    expect(seen).toEqual(['rgb(245, 246, 248)', 'rgb(15, 19, 24)']);
  });

  test('are switched with the keyboard, and the charts with them', async () => {
    await withReport('gpu', { colorScheme: 'light' }, async ({ page }) => {
      const lightPixels = () =>
        page.evaluate(() => {
          const canvas = document.querySelector('canvas')!;
          const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
          // #0072b2, the first colour of the light palette, as four bytes of a little-endian word.
          return new Uint32Array(data.buffer).filter((pixel) => pixel === 0xffb27200).length;
        });
      expect(await lightPixels()).toBeGreaterThan(50);
      await page.locator('input[value=auto]').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      expect(await background(page)).toBe('rgb(15, 19, 24)');
      expect(await lightPixels()).toBe(0);
      for (const { colors } of await canvases(page)) expect(colors).toBeGreaterThan(10);
    });
  });

  test('are remembered', async () => {
    await withReport('cpu', { colorScheme: 'light' }, async ({ page }) => {
      await page.locator('input[value=dark]').check();
      await page.reload();
      expect(await background(page)).toBe('rgb(15, 19, 24)');
    });
  });

  test('print on white', async () => {
    await withReport('gpu', { colorScheme: 'dark' }, async ({ page }) => {
      await page.emulateMedia({ media: 'print' });
      const text = await page.evaluate(() => getComputedStyle(document.body).color);
      expect(text).toBe('rgb(27, 33, 41)');
      expect(await page.locator('.themes').isVisible()).toBe(false);
      expect(await page.locator('.layers tbody tr:visible').count()).toBe(41);
    });
  });

  test.each(['light', 'dark'] as const)(
    '%s: text and lines are told from their background',
    async (colorScheme) => {
      await withReport('gpu', { colorScheme }, async ({ page }) => {
        const ratios = await page.evaluate(() => {
          const style = getComputedStyle(document.documentElement);
          const light = (name: string) => {
            const hex = style.getPropertyValue(name).trim();
            const [r, g, b] = [1, 3, 5]
              .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
              .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
          };
          const contrast = (a: string, b: string) => {
            const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
            return (high! + 0.05) / (low! + 0.05);
          };
          const on = (back: string, names: string[]) => names.map((name) => contrast(name, back));
          return {
            text: [
              ...on('--card', ['--text', '--muted', '--link']),
              ...on('--page', ['--text', '--muted', '--link']),
              ...['good', 'warn', 'bad'].map((tone) => contrast(`--${tone}`, `--${tone}-back`)),
            ],
            lines: on('--card', ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6']),
          };
        });
        expect(Math.min(...ratios.text)).toBeGreaterThan(4.5);
        expect(Math.min(...ratios.lines)).toBeGreaterThan(3);
      });
    },
  );
});

describe('cases of a suite', () => {
  const shown = (page: Page) =>
    page.locator('article.case:visible').evaluateAll((panels) => panels.map((panel) => panel.id));

  test('are shown one at a time, chosen with the keyboard', async () => {
    await withReport('sweep', {}, async ({ page }) => {
      expect(await shown(page)).toEqual(['case-1']);
      await page.locator('#case-select').focus();
      await page.keyboard.press('ArrowDown');
      expect(await shown(page)).toEqual(['case-2']);
      const drawn = await canvases(page);
      expect(drawn).toHaveLength(await page.locator('.chart:visible').count());
      for (const { colors } of drawn) expect(colors).toBeGreaterThan(10);
    });
  });

  test('are reached from the table and by their address', async () => {
    await withReport('sweep', { hash: '#case-4' }, async ({ page }) => {
      expect(await shown(page)).toEqual(['case-4']);
      await page.getByRole('link', { name: 'cuda:0 · concurrency 8' }).click();
      await page.locator('#case-9').waitFor();
      expect(await shown(page)).toEqual(['case-9']);
      expect(await page.locator('#case-select').inputValue()).toBe('case-9');
    });
  });
});

describe('layers', () => {
  const names = (page: Page) =>
    page
      .locator('.layers tbody tr:visible th')
      .evaluateAll((cells) => cells.map((cell) => cell.textContent?.trim()));

  test('are the 20 slowest until all are asked for', async () => {
    await withReport('gpu', {}, async ({ page }) => {
      expect(await names(page)).toHaveLength(20);
      await page.getByRole('button', { name: 'Show all 41 layers' }).press('Enter');
      expect(await names(page)).toHaveLength(41);
    });
  });

  test('are sorted by a column', async () => {
    await withReport('gpu', {}, async ({ page }) => {
      await page.locator('button.show-all').click();
      const before = await names(page);
      await page.locator('.layers th button', { hasText: 'layer' }).click();
      expect(await names(page)).toEqual([...before].sort((a, b) => a.localeCompare(b)));
      await page.locator('.layers th button', { hasText: 'mean ms' }).click();
      expect((await names(page))[0]).toBe(before[0]);
    });
  });
});

describe('a reader', () => {
  test('moves the cursor of a chart with the arrow keys and reads the numbers below it', async () => {
    await withReport('cpu', {}, async ({ page }) => {
      const chart = page.locator('.chart').first();
      await chart.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => chart.locator('.u-legend').innerText()).toMatch(/[\d.]+ %/);
    });
  });

  test('reaches every control with the tab key', async () => {
    await withReport('sweep', {}, async ({ page }) => {
      const reached = new Set<string>();
      for (let press = 0; press < 60; press++) {
        await page.keyboard.press('Tab');
        reached.add(
          await page.evaluate(() => {
            const element = document.activeElement!;
            return element.id || element.getAttribute('name') || element.className || element.tagName;
          }),
        );
      }
      for (const control of ['theme', 'chart', 'scroll', 'case-select'])
        expect([...reached]).toContain(control);
    });
  });

  test('without JavaScript sees every case, every layer and no empty chart', async () => {
    await withReport('sweep', { javaScriptEnabled: false }, async ({ page }) => {
      expect(await page.locator('article.case:visible').count()).toBe(10);
      expect(await page.locator('.chart:visible').count()).toBe(0);
      expect(await page.locator('#case-select:visible').count()).toBe(0);
      expect(await page.getByText('Charts need JavaScript').isVisible()).toBe(true);
    });
  });

  test('gets a description of every chart', async () => {
    await withReport('gpu', {}, async ({ page }) => {
      const labels = await page
        .locator('.chart')
        .evaluateAll((charts) => charts.map((chart) => chart.ariaLabel));
      for (const label of labels) expect(label).toMatch(/^\w.+\. .*\d.*\.$/);
    });
  });
});

test('a hostile name is shown as text', async () => {
  const name = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;
  const text = formatHtml(sampleGpuResult({ model: name, label: name, fallbackReason: name }), {
    title: name,
  });
  const opened = await openPage(browser!, text);
  expect(await opened.page.title()).toBe(`${name} – benchmark`);
  expect(await opened.page.locator('h1').innerText()).toBe(name);
  expect(await opened.page.locator('img').count()).toBe(0);
  expect(opened.problems).toEqual([]);
  await opened.close();
});
