// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { html, scriptJson } from '../../../lib/html/markup';

describe('html', () => {
  test('escapes text, keeps markup, joins lists and leaves out nothing-values', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(html`<p title="${`"'`}">${[inner, 1, null, undefined, false]}</p>`.text).toBe(
      '<p title="&quot;&#39;"><b>&lt;i&gt;</b>1</p>',
    );
  });
});

describe('scriptJson', () => {
  test('holds nothing that ends a script or opens a comment, and reads back the same', () => {
    const value = { '</script>': '<!-- <script>' };
    const { text } = scriptJson(value);
    expect(text).not.toContain('<');
    expect(JSON.parse(text)).toEqual(value);
  });
});
