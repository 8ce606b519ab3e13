// SPDX-License-Identifier: Apache-2.0
// `npm run docs:site`: builds the documentation site from docs/ into build/site, without network, and checks what was
// built. `-- --check` builds into a temporary folder, `-- --dev` serves the pages while they are written,
// `-- --base /docs/` is for a site below a path, `-- --repository <url>` links files outside docs/ to the repository.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { siteProblems } from './check-docs/built-site.mjs';
import { packageProgram, capture, runLoud, runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';
import { sourceFiles } from './source-files.mjs';

const DOCS = join(ROOT, 'docs');

/** Files that pages link and that are no pages: schemas, and models and arrays of the examples. */
function copyFiles(out) {
  for (const path of sourceFiles(ROOT)) {
    if (/^docs\/.*\.json$/.test(path)) cpSync(join(ROOT, path), join(out, relative('docs', path)));
    if (/^examples\/.*\.(onnx|npy)$/.test(path)) cpSync(join(ROOT, path), join(out, 'files', path));
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      dev: { type: 'boolean' },
      check: { type: 'boolean' },
      base: { type: 'string', default: '/' },
      repository: { type: 'string' },
      port: { type: 'string', default: '5173' },
    },
  });
  if (!/^\/([^/]+\/)*$/.test(values.base)) {
    throw new ToolError(
      `--base is a path that begins and ends with a slash, such as /docs/; got ${values.base}`,
    );
  }
  if (values.repository !== undefined && !/^https:\/\/[^/]+\/./.test(values.repository)) {
    throw new ToolError(`--repository is the address of the repository, https://…; got ${values.repository}`);
  }
  const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = typeof repository === 'string' ? repository : repository?.url;
  return { ...values, repository: values.repository ?? named?.replace(/^git\+|\.git$/g, '') };
}

await runMain(async () => {
  const { dev, check, base, repository, port } = readOptions();
  const env = { DOCS_BASE: base, ...(repository === undefined ? {} : { DOCS_REPOSITORY: repository }) };
  const vitepress = packageProgram('vitepress/bin/vitepress.js');
  if (dev) return runLoud('the site', [...vitepress, 'dev', DOCS, '--port', port], env);
  const out = check ? mkdtempSync(join(tmpdir(), 'docs-site-')) : join(ROOT, 'build', 'site');
  try {
    const { ok, output } = await capture([...vitepress, 'build', DOCS, '--outDir', out], {
      ...env,
      NO_COLOR: '1',
    });
    if (!ok) throw new ToolError(`${output.trimEnd()}\nthe site cannot be built`);
    copyFiles(out);
    const problems = siteProblems(out, base);
    if (problems.length > 0)
      throw new ToolError(`${problems.join('\n')}\nthe site has ${problems.length} problems`);
    const pages = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.html')).length;
    process.stdout.write(check ? `site: ${pages} pages, no problem\n` : `build/site: ${pages} pages\n`);
  } finally {
    if (check) rmSync(out, { recursive: true, force: true });
  }
});
