// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { changelogSection, packageProblems, releaseProblems } from '../../../scripts/check-release.mjs';

const changelog = `# Changelog

## 1.2.3 (2027-01-02)

- Something new.

## 1.2.0 (2026-12-01)

- Something old.
`;
const repository = 'https://example.org/us/ours';
const manifests = {
  'package.json': { name: 'tensorrt-node', version: '1.2.3', repository: { url: `git+${repository}.git` } },
  'npm/x/package.json': {
    name: 'x',
    version: '1.2.3',
    dependencies: { 'tensorrt-node': '1.2.3' },
    repository,
  },
};

describe('check-release', () => {
  it('accepts a tag that all files agree with', () => {
    expect(releaseProblems('v1.2.3', { manifests, changelog })).toEqual([]);
    expect(releaseProblems('v1.2.3', { manifests, changelog, repository })).toEqual([]);
  });

  it('refuses a package that names no repository, or another one than that which publishes', () => {
    const unnamed = { 'package.json': { name: 'tensorrt-node', version: '1.2.3' } };
    expect(releaseProblems('v1.2.3', { manifests: unnamed, changelog })).toEqual([
      'package.json has no "repository", without which npm takes no provenance',
    ]);
    const fork = 'https://example.org/they/theirs';
    expect(releaseProblems('v1.2.3', { manifests, changelog, repository: fork })).toEqual([
      `package.json names the repository ${repository}, not ${fork}`,
      `npm/x/package.json names the repository ${repository}, not ${fork}`,
    ]);
  });

  it('takes only a package whose binaries were made of the tag', () => {
    const manifest = { version: '1.2.3', commit: 'abc' };
    expect(packageProblems('v1.2.3', { version: '1.2.3', commit: 'abc', manifest })).toEqual([]);
    expect(
      packageProblems('v1.2.3', {
        version: '1.2.2',
        commit: 'def',
        manifest: { version: '1.2.0', commit: null },
      }),
    ).toEqual([
      'the package has version 1.2.2, the tag says 1.2.3',
      'its binaries are of version 1.2.0, the tag says 1.2.3',
      'its binaries were made of commit null, the tag is def',
    ]);
    expect(packageProblems('v1.2.3', { version: '1.2.3', commit: 'abc', manifest: null })).toEqual([
      'the package has no prebuilds/manifest.json',
    ]);
  });

  it.each(['1.2.3', 'v1.2', 'v1.2.3 ', 'vnext', ''])('refuses the tag "%s"', (tag) => {
    expect(releaseProblems(tag, { manifests, changelog })).toEqual([
      expect.stringContaining('expected v1.2.3'),
    ]);
  });

  it('names every file that says another version', () => {
    expect(releaseProblems('v1.2.4', { manifests, changelog })).toEqual([
      'package.json has version 1.2.3, the tag says 1.2.4',
      'npm/x/package.json has version 1.2.3, the tag says 1.2.4',
      'npm/x/package.json depends on tensorrt-node 1.2.3, the tag says 1.2.4',
      'CHANGELOG.md has no section "## 1.2.4"',
    ]);
  });

  it('refuses a version that the changelog calls not released', () => {
    const unreleased = changelog.replace('2027-01-02', 'not released');
    expect(releaseProblems('v1.2.3', { manifests, changelog: unreleased })).toEqual([
      expect.stringContaining('give it its date'),
    ]);
  });

  it("takes a version's own section for the notes", () => {
    expect(changelogSection('1.2.3', changelog)).toEqual({
      title: '1.2.3 (2027-01-02)',
      text: '- Something new.',
    });
    expect(changelogSection('1.2', changelog)).toBeNull();
  });
});
