// SPDX-License-Identifier: Apache-2.0
// Is a tag ready to be released? `node scripts/check-release.mjs v1.2.3`; `--notes` prints the release's notes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const MANIFESTS = ['package.json', 'npm/onnxruntime-node/package.json'];

/**
 * What keeps a tag from being released, one line each.
 * @param {string} tag
 * @param {{ manifests: Record<string, { name: string, version: string, dependencies?: Record<string, string> }>,
 *   changelog: string }} sources manifests by path
 */
export function releaseProblems(tag, { manifests, changelog }) {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) return [`"${tag}" is no tag of a release: expected v1.2.3 or v1.2.3-beta.1`];
  const problems = Object.entries(manifests).flatMap(([path, manifest]) => {
    const dependency = manifest.dependencies?.['tensorrt-node'] ?? version;
    return [
      manifest.version === version
        ? null
        : `${path} has version ${manifest.version}, the tag says ${version}`,
      dependency === version
        ? null
        : `${path} depends on tensorrt-node ${dependency}, the tag says ${version}`,
    ].filter((problem) => problem !== null);
  });
  const section = changelogSection(version, changelog);
  if (section === null) problems.push(`CHANGELOG.md has no section "## ${version}"`);
  else if (/not released/i.test(section.title))
    problems.push(`CHANGELOG.md says "${section.title}": give it its date`);
  return problems;
}

/** The heading and the text of one version, or null. */
export function changelogSection(version, changelog) {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.split(/\s/, 1)[0] === version);
  if (found === undefined) return null;
  const end = found.indexOf('\n');
  return { title: found.slice(0, end).trim(), text: found.slice(end + 1).trim() };
}

function readSources() {
  const read = (path) => readFileSync(join(ROOT, path), 'utf8');
  const manifests = Object.fromEntries(MANIFESTS.map((path) => [path, JSON.parse(read(path))]));
  return { manifests, changelog: read('CHANGELOG.md') };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const { values, positionals } = parseArgs({
      options: { notes: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [tag = ''] = positionals;
    const sources = readSources();
    const problems = releaseProblems(tag, sources);
    if (problems.length > 0) throw new ToolError(problems.join('\n'));
    const section = changelogSection(tag.slice(1), sources.changelog);
    process.stdout.write(values.notes ? `${section.text}\n` : `${tag} can be released\n`);
  });
}
