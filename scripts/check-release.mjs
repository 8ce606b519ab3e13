// SPDX-License-Identifier: Apache-2.0
// Is a tag ready to be released? `node scripts/check-release.mjs v1.2.3`; `--notes` prints the release's notes,
// `--package <folder> --commit <digest>` also looks at the unpacked package: was it made of this tag?
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readManifest } from './prebuild/manifest.mjs';
import { runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const MANIFESTS = ['package.json', 'npm/onnxruntime-node/package.json'];

/**
 * What keeps a tag from being released, one line each.
 * @param {string} tag
 * @param {{ manifests: Record<string, { name: string, version: string, dependencies?: Record<string, string>,
 *   repository?: string | { url: string } }>, changelog: string, repository?: string }} sources manifests by path, and
 *   the address of the repository that publishes
 */
export function releaseProblems(tag, { manifests, changelog, repository }) {
  const version = versionOf(tag);
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
      repositoryProblem(path, manifest, repository),
    ].filter((problem) => problem !== null);
  });
  const section = changelogSection(version, changelog);
  if (section === null) problems.push(`CHANGELOG.md has no section "## ${version}"`);
  else if (/not released/i.test(section.title))
    problems.push(`CHANGELOG.md says "${section.title}": give it its date`);
  return problems;
}

function versionOf(tag) {
  return /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
}

/** npm refuses provenance for a package that names another repository than the one that publishes it, or none. */
function repositoryProblem(path, { repository: entry }, expected) {
  const named = typeof entry === 'string' ? entry : entry?.url;
  if (named === undefined) return `${path} has no "repository", without which npm takes no provenance`;
  const address = named.replace(/^git\+|\.git$/g, '');
  const isRight = expected === undefined || address.toLowerCase() === expected.toLowerCase();
  return isRight ? null : `${path} names the repository ${address}, not ${expected}`;
}

/**
 * What keeps an unpacked package from being published under a tag, one line each.
 * @param {string} tag
 * @param {{ version: string, commit: string | undefined, manifest: { version: string, commit: string | null } | null }}
 *   found version of its package.json, the tag's commit, and the manifest of its binaries
 */
export function packageProblems(tag, { version, commit, manifest }) {
  const expected = versionOf(tag);
  if (manifest === null) return ['the package has no prebuilds/manifest.json'];
  return [
    version === expected ? null : `the package has version ${version}, the tag says ${expected}`,
    manifest.version === expected
      ? null
      : `its binaries are of version ${manifest.version}, the tag says ${expected}`,
    manifest.commit === commit
      ? null
      : `its binaries were made of commit ${manifest.commit}, the tag is ${commit}`,
  ].filter((problem) => problem !== null);
}

/** The heading and the text of one version, or null. */
export function changelogSection(version, changelog) {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.split(/\s/, 1)[0] === version);
  if (found === undefined) return null;
  const end = found.indexOf('\n');
  return { title: found.slice(0, end).trim(), text: found.slice(end + 1).trim() };
}

function readPackage(folder, commit) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { version, commit, manifest: readManifest(join(folder, 'prebuilds')) };
}

function readSources() {
  const read = (path) => readFileSync(join(ROOT, path), 'utf8');
  const manifests = Object.fromEntries(MANIFESTS.map((path) => [path, JSON.parse(read(path))]));
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  const repository = name === undefined ? undefined : `${server}/${name}`;
  return { manifests, changelog: read('CHANGELOG.md'), repository };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const { values, positionals } = parseArgs({
      options: {
        notes: { type: 'boolean' },
        package: { type: 'string' },
        commit: { type: 'string' },
      },
      allowPositionals: true,
    });
    const [tag = ''] = positionals;
    const sources = readSources();
    const problems = releaseProblems(tag, sources);
    if (values.package !== undefined)
      problems.push(...packageProblems(tag, readPackage(values.package, values.commit)));
    if (problems.length > 0) throw new ToolError(problems.join('\n'));
    const section = changelogSection(tag.slice(1), sources.changelog);
    process.stdout.write(values.notes ? `${section.text}\n` : `${tag} can be released\n`);
  });
}
