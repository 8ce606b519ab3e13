// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { lintWorkflows, workflowFiles } from '../../../scripts/lint-workflows.mjs';

const repository = {
  scripts: { build: 'node scripts/build.mjs' },
  exists: (path: string) => ['.ci/run', 'scripts/build.mjs', './.github/actions/setup'].includes(path),
  read: () => "parseArgs({ options: { fast: { type: 'boolean' }, 'in-place': { type: 'string' } } })",
};

const SOUND = `name: test
on: push
permissions:
  contents: read
jobs:
  one:
    runs-on: ubuntu-24.04-arm
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v5
      - uses: ./.github/actions/setup
      # A comment may name scripts/gone.mjs and npm run gone.
      - run: npm run build && node scripts/build.mjs && .ci/run
      - run: npm run build -- --in-place x && node scripts/build.mjs --fast && echo --any
`;

async function lint(text: string, path = '.github/workflows/test.yml'): Promise<string[]> {
  return lintWorkflows([[path, text]], repository);
}

describe('lint-workflows', () => {
  it('accepts a sound workflow', async () => {
    expect(await lint(SOUND)).toEqual([]);
  });

  it.each([
    ['an unknown property', 'npm run build', 'echo ${{ github.evnt }}', /evnt.*\[expression\]/],
    ['an unknown trigger', 'on: push', 'on: pushed', /pushed.*\[events\]/],
    ['an unknown key', 'timeout-minutes: 5', 'timeout-minutes: 5\n    step: 1', /step.*\[syntax-check\]/],
    ['a runner that GitHub does not have', 'ubuntu-24.04-arm', 'ubuntu-42.04', /ubuntu-42\.04/],
    ['text of a stranger in a shell', 'npm run build', 'echo ${{ github.event.issue.title }}', /untrusted/],
    ['broken YAML', 'name: test', 'name: [test', /is it YAML/],
    ['a missing npm script', 'npm run build', 'npm run gone', /13: package.json has no script "gone"/],
    ['a missing script file', 'scripts/build.mjs', 'scripts/gone.mjs', /13: there is no scripts\/gone\.mjs/],
    [
      'a missing local action',
      'actions/setup',
      'actions/gone',
      /11: there is no \.\/\.github\/actions\/gone/,
    ],
    ['an option that a script does not have', '-- --in-place', '-- --out', /14: scripts\/build\.mjs .*--out/],
    ['the same of a program', 'mjs --fast', 'mjs --slow', /14: scripts\/build\.mjs has no option --slow/],
    ['a missing shell script', '.ci/run', '.ci/gone', /13: there is no \.ci\/gone/],
    ['rights that are not named', 'permissions:\n  contents: read\n', '', /"permissions"/],
    ['a job without a limit', '    timeout-minutes: 5\n', '', /"timeout-minutes"/],
  ])('finds %s', async (_, from, to, expected) => {
    expect(SOUND).toContain(from);
    const findings = await lint(SOUND.replace(from, to));
    expect(findings.join('\n')).toMatch(expected);
    expect(findings[0]).toMatch(/^\.github\/workflows\/test\.yml:\d+:/);
  });

  it('checks what a local action runs', async () => {
    const action = 'runs:\n  using: composite\n  steps:\n    - run: npm run gone\n      shell: bash\n';
    expect(await lint(action, '.github/actions/setup/action.yml')).toEqual([
      '.github/actions/setup/action.yml:4: package.json has no script "gone"',
    ]);
  });

  it("leaves an example's npm scripts to the repository that copies it", async () => {
    const text = SOUND.replace('npm run build', 'npm run theirs');
    expect(await lint(text, 'examples/github-actions/benchmark.yml')).toEqual([]);
  });

  it('takes all workflows and actions, and fails where there are none', () => {
    const paths = [
      '.github/workflows/a.yml',
      'examples/github-actions/b.yaml',
      '.github/actions/c/action.yml',
    ];
    expect(workflowFiles([...paths, 'docs/x.yml', '.github/dependabot.yml'])).toEqual(paths);
    expect(() => workflowFiles(['docs/x.yml'])).toThrow(/no workflow found/);
  });
});
