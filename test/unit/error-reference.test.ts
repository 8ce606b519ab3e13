// SPDX-License-Identifier: Apache-2.0
// The error table, its documentation and the tests say the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../lib/errors';

const root = join(__dirname, '..', '..');
const reference = readFileSync(join(root, 'docs', 'reference', 'errors.md'), 'utf8');

/** Code -> text below its heading. */
const paragraphs = new Map(
  reference
    .split(/^### /m)
    .slice(1)
    .map((section) => [
      section.split('\n', 1)[0]!,
      section.slice(section.indexOf('\n')).split(/^## /m)[0]!.trim(),
    ]),
);

function testSources(): string {
  const folders = [join(root, 'test'), join(root, 'native', 'test')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(\.test\.ts|_test\.cc)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return files
    .filter((file) => file !== __filename)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

describe('docs/reference/errors.md', () => {
  it('has one paragraph for each code, in the order of the table', () => {
    expect([...paragraphs.keys()]).toEqual([...errorCodes]);
  });

  it('says more than a few words about each code', () => {
    const short = [...paragraphs].filter(([, text]) => text.split(/\s+/).length < 8).map(([code]) => code);
    expect(short).toEqual([]);
  });
});

describe('the tests', () => {
  it('name each code in at least one test', () => {
    const sources = testSources();
    const missing = errorCodes.filter((code) => !new RegExp(`\\b${code}\\b`).test(sources));
    expect(missing).toEqual([]);
  });
});
