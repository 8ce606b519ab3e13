// SPDX-License-Identifier: Apache-2.0
// Writes the public surface of every entry point of the package to docs/reference/public-api, one file each, so that a
// change of it shows in a review. --check only compares, and says which lines differ. Either fails where something public
// has no docstring.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { packageProgram, runMain, runQuiet, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const REPORTS = join(ROOT, 'docs', 'reference', 'public-api');
/** Inside the repository, so that the types of dependencies are found. */
const WORK = join(ROOT, 'build', 'api-report');
const SHOWN_LINES = 12;

/**
 * The entry points of package.json's `exports` that have types.
 * @returns {{ name: string, types: string }[]} name of the report and path of the declarations from the root
 */
export function entryPoints(exports) {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => ({
      name: subpath === '.' ? 'tensorrt-node' : subpath.slice(2).replaceAll('/', '-'),
      types: target.require.types,
    }));
}

/** Compiles the declarations alone: dist/ may be older than lib/. */
async function compileTypes(folder) {
  const flags = ['--emitDeclarationOnly', '--outDir', folder];
  await runQuiet('compiling the types', [...packageProgram('typescript/bin/tsc'), '-p', '.', ...flags]);
}

/** What the tool is told about one entry point. */
function prepareConfig({ name, types }, typesFolder) {
  const declarations = join(typesFolder, relative('dist', types));
  if (!existsSync(declarations))
    throw new ToolError(`package.json names ${types}, and compiling lib/ makes no such file`);
  return ExtractorConfig.prepare({
    configObject: configOf({ name, declarations, typesFolder }),
    configObjectFullPath: join(ROOT, 'api-extractor.json'),
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
}

/** The report of one entry point as text. `compilerState` is shared: most of the time goes into reading types. */
function makeReport(config, compilerState) {
  const problems = [];
  Extractor.invoke(config, {
    localBuild: true,
    compilerState,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === 'error') problems.push(message.text);
    },
  });
  if (problems.length > 0) throw new ToolError(`${config.reportFilePath}: ${problems.join('\n')}`);
  return readFileSync(config.reportFilePath, 'utf8');
}

function configOf({ name, declarations, typesFolder }) {
  const quiet = { default: { logLevel: 'none' } };
  return {
    projectFolder: ROOT,
    mainEntryPointFilePath: declarations,
    compiler: {
      // The compiled declarations alone, as a user's compiler sees them.
      overrideTsconfig: {
        compilerOptions: {
          module: 'Node16',
          moduleResolution: 'Node16',
          target: 'ES2022',
          types: ['node'],
          skipLibCheck: true,
        },
        include: [`${relative(ROOT, typesFolder)}/**/*.d.ts`],
      },
    },
    apiReport: {
      enabled: true,
      reportFileName: `${name}.api.md`,
      reportFolder: join(WORK, 'reports'),
      reportTempFolder: join(WORK, 'temporary'),
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    newlineKind: 'lf',
    messages: {
      compilerMessageReporting: { default: { logLevel: 'error' } },
      // Names that are not exported and docstrings are the business of `npm run docs`.
      extractorMessageReporting: quiet,
      tsdocMessageReporting: quiet,
    },
  };
}

/** All reports by file name, made from lib/ as it is. */
export async function makeReports() {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(join(WORK, 'reports'), { recursive: true });
  mkdirSync(join(WORK, 'temporary'), { recursive: true });
  const typesFolder = join(WORK, 'types');
  await compileTypes(typesFolder);
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const configs = entryPoints(exports).map((entry) => prepareConfig(entry, typesFolder));
  const state = CompilerState.create(configs[0], {
    additionalEntryPoints: configs.map((config) => config.mainEntryPointFilePath),
  });
  return new Map(configs.map((config) => [basename(config.reportFilePath), makeReport(config, state)]));
}

/** @returns {Map<string, string>} */
function readReports() {
  const names = existsSync(REPORTS) ? readdirSync(REPORTS).filter((name) => name.endsWith('.api.md')) : [];
  return new Map(names.map((name) => [name, readFileSync(join(REPORTS, name), 'utf8')]));
}

/**
 * What differs between two sets of reports, as lines for people: `+` is new in the sources, `-` is gone from them.
 * @param {ReadonlyMap<string, string>} kept
 * @param {ReadonlyMap<string, string>} made
 * @returns {string[]} one text per report that differs
 */
export function compareReports(kept, made) {
  const names = [...new Set([...kept.keys(), ...made.keys()])].sort();
  return names.flatMap((name) => {
    const before = (kept.get(name) ?? '').split('\n');
    const after = (made.get(name) ?? '').split('\n');
    if (before.join('\n') === after.join('\n')) return [];
    const lines = [
      ...without(before, after).map((line) => `- ${line}`),
      ...without(after, before).map((line) => `+ ${line}`),
    ];
    const shown = lines.length > 0 ? lines : ['the order of lines'];
    const more = shown.length > SHOWN_LINES ? [`and ${shown.length - SHOWN_LINES} lines more`] : [];
    return [[`${name}:`, ...shown.slice(0, SHOWN_LINES), ...more].join('\n  ')];
  });
}

/**
 * What the reports show without a docstring: exports and the members of their interfaces and classes.
 * @param {ReadonlyMap<string, string>} reports
 * @returns {string[]} one line each
 */
export function undocumentedItems(reports) {
  return [...reports].flatMap(([name, text]) =>
    [...text.matchAll(/\(undocumented\)\n *(.+)/g)].map(([, item]) => `${name}: ${item}`),
  );
}

/** Lines of `list` beyond those that `other` has as often. */
function without(list, other) {
  const counts = new Map();
  for (const line of other) counts.set(line, (counts.get(line) ?? 0) + 1);
  return list.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0 && line.trim() !== '';
  });
}

function writeReports(made) {
  mkdirSync(REPORTS, { recursive: true });
  for (const name of readReports().keys()) if (!made.has(name)) rmSync(join(REPORTS, name));
  for (const [name, text] of made) writeFileSync(join(REPORTS, name), text);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
    const made = await makeReports();
    const differences = compareReports(readReports(), made);
    if (values.check && differences.length > 0) {
      const advice = 'the public surface is not the one of docs/reference/public-api: if that is meant, run';
      throw new ToolError(`${differences.join('\n')}\n${advice} npm run docs:api-report and commit it`);
    }
    if (!values.check) writeReports(made);
    const undocumented = undocumentedItems(made);
    if (undocumented.length > 0)
      throw new ToolError(
        `${undocumented.join('\n')}\n${undocumented.length} public names have no docstring`,
      );
    process.stderr.write(`${basename(REPORTS)}: ${made.size} entry points, ${differences.length} changed\n`);
  });
}
