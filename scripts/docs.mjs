// SPDX-License-Identifier: Apache-2.0
// Writes what is generated below docs/reference: api/ from the docstrings of the public surface, and the schemas of
// benchmark results from their types. --check only compares.
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { benchSchemas } from './bench-schemas.mjs';
import { pipelineSchemas } from './pipeline-schema.mjs';
import { capture, packageProgram, runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const REFERENCE = join(ROOT, 'docs', 'reference', 'api');

/** Lets typedoc write its pages; what it warns of (an export without a docstring) is an error. */
async function generate(folder) {
  const options = ['--options', 'typedoc.json', '--out', folder, '--logLevel', 'Warn'];
  const { ok, output } = await capture([...packageProgram('typedoc/bin/typedoc'), ...options], {
    NO_COLOR: '1',
  });
  if (!ok) throw new ToolError(`${output.trimEnd()}\nthe docstrings of the public surface are not complete`);
}

function readPages(folder) {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

function differences(expected, found) {
  const names = [...new Set([...expected.keys(), ...found.keys()])];
  return names.filter((name) => expected.get(name) !== found.get(name));
}

/** The schemas that differ from those that are there. */
function changedSchemas() {
  const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null);
  const schemas = [...benchSchemas(), ...pipelineSchemas()].map(([name, text]) => ({
    path: join(ROOT, 'docs', 'reference', name),
    text,
  }));
  return schemas.filter(({ path, text }) => textOf(path) !== text);
}

await runMain(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
  const staging = mkdtempSync(join(values.check ? tmpdir() : join(ROOT, 'docs', 'reference'), 'api-'));
  try {
    const pages = join(staging, 'api');
    await generate(pages);
    const schemas = changedSchemas();
    const changed = [
      ...differences(readPages(pages), readPages(REFERENCE)),
      ...schemas.map(({ path }) => relative(ROOT, path)),
    ];
    if (values.check && changed.length > 0) {
      throw new ToolError(`docs/reference is not up to date (${changed.join(', ')}): run npm run docs`);
    }
    if (values.check) return;
    rmSync(REFERENCE, { recursive: true, force: true });
    renameSync(pages, REFERENCE);
    for (const { path, text } of schemas) writeFileSync(path, text);
    process.stderr.write(`docs: ${changed.length} pages changed\n`);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
});
