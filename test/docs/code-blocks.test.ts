// SPDX-License-Identifier: Apache-2.0
// Every JavaScript and TypeScript block that users read compiles against the package, and every JSON block parses.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from '../../scripts/check-docs/markdown.mjs';
import { readPages } from '../../scripts/check-docs/pages.mjs';
import { compileBlocks, programBlocks } from './compile-blocks';

const ROOT = join(__dirname, '../..');
const API = 'docs/reference/api/';

/** The prelude of a folder; pages of the root have that of the guides. */
function preludeOf(page: string): string | null {
  const folder = page.startsWith(API)
    ? 'api'
    : (/^docs\/(\w+)\//.exec(page)?.[1] ?? /^(\w+)\//.exec(page)?.[1] ?? 'guides');
  const path = `test/docs/preludes/${folder}.d.ts`;
  return existsSync(join(ROOT, path)) ? path : null;
}

function modulesOf(page: string): string[] {
  if (!page.startsWith(API)) return [];
  const all = [
    'tensorrt-node',
    ...['bench', 'compress', 'evaluate', 'onnx', 'ops', 'pipeline'].map((name) => `tensorrt-node/${name}`),
  ];
  const own = /^(.*?)\/(?:README\.md|[\w-]+\/[\w.-]+\.md)$/.exec(page.slice(API.length))?.[1];
  const first = own === undefined || own === 'index' ? 'tensorrt-node' : `tensorrt-node/${own}`;
  return [first, ...all.filter((name) => name !== first)];
}

const options = { root: ROOT, preludeOf, modulesOf };
const pages = readPages(ROOT);

describe('code blocks of the documentation', () => {
  it('compile, all in one program', { timeout: 600_000 }, () => {
    const { blocks } = programBlocks(pages);
    expect(blocks.length).toBeGreaterThan(40);
    expect(compileBlocks(blocks, options)).toEqual([]);
  });

  it('are left out only with a reason', () => {
    const { optOuts } = programBlocks(pages);
    expect(optOuts.map(({ page, reason }) => `${page}: ${reason}`)).toEqual([]);
  });

  it('are valid where they are JSON', () => {
    const invalid = [...pages].flatMap(([page, text]) =>
      codeBlocks(text)
        .filter(({ language }) => language === 'json')
        .flatMap(({ code, line }) => {
          try {
            // What is left out is no JSON: `[ … ]`.
            JSON.parse(code.replace(/,?\s*…/g, ''));
            return [];
          } catch (error) {
            return [`${page}:${line}: ${String(error)}`];
          }
        }),
    );
    expect(invalid).toEqual([]);
  });
});

describe('the check of code blocks', () => {
  const compile = (text: string, page = 'docs/guides/x.md'): string[] =>
    compileBlocks(programBlocks(new Map([[page, text]])).blocks, options);

  it('names the page and the line of what does not compile', () => {
    const errors = compile(
      "# X\n\n```js\nimport { creatSession } from 'tensorrt-node';\nawait creatSession('m.onnx');\n```\n",
    );
    expect(errors).toEqual([
      expect.stringMatching(/^docs\/guides\/x\.md:4: .*no exported member .*creatSession/),
    ]);
  });

  it('finds an option that does not exist, a wrong type, and a name that nobody introduced', () => {
    const errors = compile(
      [
        '```ts',
        "import { createSession } from 'tensorrt-node';",
        "const session = await createSession('m.onnx', { devise: 'cpu' });",
        '```',
        '```js',
        'const n: string = await session.run({ nobody });',
        '```',
        '',
      ].join('\n'),
    );
    expect(errors).toHaveLength(3);
    expect(errors.join('\n')).toMatch(/x\.md:3: .*'devise'/);
    expect(errors.join('\n')).toMatch(/x\.md:6: .*'nobody'/);
  });

  it('takes names from earlier blocks of the page, and from the module of a page of the API', () => {
    expect(
      compile(
        "```js\nimport { loadModel } from 'tensorrt-node/onnx';\nconst model = await loadModel('a');\n```\n\n```js\nawait model.save('b');\n```\n",
      ),
    ).toEqual([]);
    const api = 'docs/reference/api/onnx/functions/loadModel.md';
    expect(compile("```ts\nconst model = await loadModel('a');\n```\n", api)).toEqual([]);
    expect(compile("```ts\nawait createSession('a');\n```\n")).toHaveLength(1);
  });

  it('leaves out a block whose comment says why, and says so', () => {
    const text = '<!-- not compiled: what the file holds -->\n\n```js\n{ a: … }\n```\n';
    expect(programBlocks(new Map([['x.md', text]]))).toEqual({
      blocks: [],
      optOuts: [{ page: 'x.md', line: 4, reason: 'what the file holds' }],
    });
  });
});
