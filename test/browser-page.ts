// SPDX-License-Identifier: Apache-2.0
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

interface BrowserProgram {
  readonly path: string;
  readonly args: readonly string[];
}

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

/** TENSORRT_NODE_BROWSER, else the Chromium of the npm package `@sparticuz/chromium`: the same one everywhere. */
async function findBrowser(): Promise<BrowserProgram> {
  const named = process.env.TENSORRT_NODE_BROWSER;
  if (named !== undefined && named !== '') return { path: named, args: ARGS };
  const packed = (await import('@sparticuz/chromium')).default;
  // Made for one page a process: with a single process the browser ends with its first page.
  const args = packed.args.filter((arg) => arg !== '--single-process');
  return { path: await packed.executablePath(), args: [...args, ...ARGS] };
}

/**
 * Starts the browser. Where none starts, tests are skipped and the reason is printed; in CI they have to run, and the
 * reason is thrown.
 */
export async function startBrowser(): Promise<Browser | null> {
  try {
    const { path, args } = await findBrowser();
    return await chromium.launch({ executablePath: path, args: [...args] });
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = String(error).split('\n')[0];
    console.warn(
      `browser tests are skipped: no Chromium starts (TENSORRT_NODE_BROWSER names another): ${reason}`,
    );
    return null;
  }
}

/** A page, and what went wrong on it. */
export interface OpenedPage {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, violations of the content security policy. */
  readonly problems: readonly string[];
  /** Addresses that the page asked for besides itself; none of them is answered. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Where the page is said to be: nothing answers there but the page itself. */
const ADDRESS = 'http://report.test/report.html';

/** Opens a page from its text, with the network cut off. */
export async function openPage(
  browser: Browser,
  text: string,
  options: BrowserContextOptions & { hash?: string } = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // The browser's advice to tests that read pixels, not to the page.
    if (message.text().includes('getImageData')) return;
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== ADDRESS && !request.url().startsWith('data:'))
      requests.push(request.url());
  });
  await page.route('**/*', (route) =>
    route.request().url() === ADDRESS
      ? route.fulfill({ contentType: 'text/html; charset=utf-8', body: text })
      : route.abort(),
  );
  await page.goto(`${ADDRESS}${options.hash ?? ''}`, { waitUntil: 'load' });
  return { page, problems, requests, close: () => context.close() };
}
