// SPDX-License-Identifier: Apache-2.0
// Compiles the code blocks of pages, all in one program, against the sources of the package. A block is a module. A
// name that it neither declares nor imports comes from, in this order: the nearest earlier block of its page; the
// prelude of its folder, which declares what the prose introduces; on pages of the API, the package's exports, those of the
// page's module first.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { codeBlocks } from '../../scripts/check-docs/markdown.mjs';

const LANGUAGES = new Set(['js', 'mjs', 'cjs', 'javascript', 'ts', 'mts', 'cts', 'typescript']);
/** "Parameter …" and "Binding element implicitly has an 'any' type". */
const IMPLICIT_ANY = new Set([7006, 7031]);
const OPT_OUT = /^not compiled: (.+)/s;

export interface Block {
  readonly page: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** JavaScript: parameters have no types that could be written. */
  readonly isJavaScript: boolean;
}

/** A block that says why it is not compiled. */
export interface OptOut {
  readonly page: string;
  readonly line: number;
  readonly reason: string;
}

/** The blocks of pages that are programs, and those that say why they are not compiled. */
export function programBlocks(pages: ReadonlyMap<string, string>): { blocks: Block[]; optOuts: OptOut[] } {
  const found = [...pages].flatMap(([page, text]) =>
    codeBlocks(text)
      .filter(({ language }) => LANGUAGES.has(language))
      .map((block) => ({
        page,
        line: block.line,
        code: block.code,
        isJavaScript: block.language.includes('j'),
        reason: OPT_OUT.exec(block.comment ?? '')?.[1],
      })),
  );
  return {
    blocks: found.filter(({ reason }) => reason === undefined),
    optOuts: found.flatMap(({ page, line, reason }) =>
      reason === undefined ? [] : [{ page, line, reason }],
    ),
  };
}

/** The sources behind the entry points of package.json: `tensorrt-node/onnx` → lib/onnx/index.ts. */
function entryPoints(root: string): Record<string, string> {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, { require?: { types: string } } | string>;
  };
  const entries = Object.entries(exports).flatMap(([path, conditions]) => {
    const types = typeof conditions === 'string' ? undefined : conditions.require?.types;
    if (types === undefined) return [];
    const source = types.replace(/^\.\/dist\//, './lib/').replace(/\.d\.ts$/, '.ts');
    return [[path.replace('.', name), source] as const];
  });
  return Object.fromEntries(entries);
}

/** Names that a module declares or imports at its top. */
function topLevelNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const addBinding = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const part of name.elements) if (ts.isBindingElement(part)) addBinding(part.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const declaration of statement.declarationList.declarations) addBinding(declaration.name);
    } else if (ts.isImportDeclaration(statement)) {
      const clause = statement.importClause;
      if (clause?.name) names.add(clause.name.text);
      const bindings = clause?.namedBindings;
      if (bindings && ts.isNamespaceImport(bindings)) names.add(bindings.name.text);
      if (bindings && ts.isNamedImports(bindings))
        for (const part of bindings.elements) names.add(part.name.text);
    } else if (
      (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
      statement.name !== undefined
    ) {
      names.add(statement.name.text);
    } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      names.add(statement.name.text);
    }
  }
  return names;
}

/** Identifiers that may refer to something outside: all but names of properties. */
function usedNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      if (!isProperty) names.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** The names that a module exports, as TypeScript sees it. */
function exportedNames(program: ts.Program, path: string): Set<string> {
  const source = program.getSourceFile(path);
  const symbol = source && program.getTypeChecker().getSymbolAtLocation(source);
  return new Set(
    symbol
      ? program
          .getTypeChecker()
          .getExportsOfModule(symbol)
          .map(({ name }) => name)
      : [],
  );
}

interface Module {
  readonly block: Block;
  readonly path: string;
  readonly text: string;
  /** Lines before the block's own. */
  readonly lead: number;
}

/** A list of options, a feed, a configuration: an expression in braces or brackets is looked at as such. */
function asModule(code: string): string {
  return /^\s*[{[]/.test(code) ? `(${code.trimEnd().replace(/;$/, '')});\n` : code;
}

export interface CompileOptions {
  readonly root: string;
  /** Path of the prelude of a page, from the root; null for none. */
  readonly preludeOf: (page: string) => string | null;
  /** The package's entry points whose names a page of the API has without an import, its own module first. */
  readonly modulesOf: (page: string) => readonly string[];
}

const compilerOptions = (root: string): ts.CompilerOptions => ({
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.esnext.asynciterable.d.ts'],
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
  baseUrl: root,
  paths: Object.fromEntries(Object.entries(entryPoints(root)).map(([name, path]) => [name, [path]])),
});

/** Where the blocks seem to be: at the root, so that packages are found as a project's own files find them. */
function makeModules(
  blocks: readonly Block[],
  options: CompileOptions,
  exportsOf: (path: string) => Set<string>,
): Module[] {
  const { root, preludeOf, modulesOf } = options;
  const entries = entryPoints(root);
  const declared = new Map<string, { path: string; names: Set<string> }[]>();
  return blocks.map((block, index) => {
    const name = `block-${index}`;
    const code = asModule(block.code);
    const source = ts.createSourceFile(`${name}.mts`, code, ts.ScriptTarget.ES2022, true);
    const own = topLevelNames(source);
    const earlier = declared.get(block.page) ?? [];
    const prelude = preludeOf(block.page);
    const places = [
      ...[...earlier].reverse(),
      ...(prelude === null
        ? []
        : [{ path: `./${prelude.replace(/\.d\.ts$/, '')}`, names: exportsOf(join(root, prelude)) }]),
      ...modulesOf(block.page).map((path) => ({ path, names: exportsOf(join(root, entries[path]!)) })),
    ];
    const imports = [...usedNames(source)].flatMap((used) => {
      const place = own.has(used) ? undefined : places.find(({ names }) => names.has(used));
      return place === undefined ? [] : [`import { ${used} } from '${place.path}';`];
    });
    // A block may export some of its names itself.
    const exported = [...own].filter((one) => !new RegExp(`export\\b[^;{]*\\b${one}\\b`).test(code));
    declared.set(block.page, [...earlier, { path: `./${name}`, names: own }]);
    const text = `${imports.join(' ')}\n${code}export { ${exported.join(', ')} };\n`;
    return { block, path: join(root, `${name}.ts`), text, lead: 1 };
  });
}

let base: { roots: readonly string[]; program: ts.Program } | undefined;

/** The package and the preludes, read once for all calls. */
function baseProgram(root: string): { roots: readonly string[]; program: ts.Program } {
  if (base === undefined) {
    const folder = join(root, 'test/docs/preludes');
    const preludes = readdirSync(folder).map((name) => join(folder, name));
    const entries = Object.values(entryPoints(root)).map((path) => join(root, path));
    const roots = [...preludes, ...entries].filter((path) => existsSync(path));
    base = { roots, program: ts.createProgram(roots, compilerOptions(root)) };
  }
  return base;
}

/** What TypeScript says of the blocks, one line per error, with the line of the page. */
export function compileBlocks(blocks: readonly Block[], options: CompileOptions): string[] {
  const settings = compilerOptions(options.root);
  const { roots, program: first } = baseProgram(options.root);
  const modules = makeModules(blocks, options, (path) => exportedNames(first, path));
  const texts = new Map(modules.map(({ path, text }) => [path, text]));
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, languageVersion, true);
    return first.getSourceFile(path) ?? getSourceFile.call(host, path, languageVersion, ...rest);
  };
  const program = ts.createProgram([...roots, ...texts.keys()], settings, host, first);
  return modules.flatMap((module) => errorsOf(program, module));
}

function errorsOf(program: ts.Program, { block, path, lead }: Module): string[] {
  const source = program.getSourceFile(path)!;
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  const shown = found.filter(({ code }) => !(block.isJavaScript && IMPLICIT_ANY.has(code)));
  return shown.map(({ start, messageText }) => {
    const line = source.getLineAndCharacterOfPosition(start ?? 0).line - lead + block.line;
    return `${block.page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}
