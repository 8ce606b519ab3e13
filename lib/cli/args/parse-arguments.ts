// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { nearestName } from '../../text/nearest-name';
import { optionName, type OptionTable, type OptionValues } from './option';
import { usageError } from './usage-error';

/** One option as it stood on the command line; commands whose options form groups read them in order. */
export interface Occurrence {
  readonly key: string;
  readonly value: unknown;
}

/** What a command line holds. */
export interface ParsedArguments<Table extends OptionTable = OptionTable> {
  readonly options: OptionValues<Table>;
  readonly positionals: readonly string[];
  readonly occurrences: readonly Occurrence[];
}

/** Advice for an option name that is no option, e.g. one of another tool; undefined where there is none. */
export type OptionAdvice = (name: string, value?: string) => string | undefined;

/**
 * Reads `args` by the option table.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for unknown options (naming the nearest), missing and surplus
 * values; whatever an option's own `parse` throws.
 */
export function parseArguments<Table extends OptionTable>(
  args: readonly string[],
  table: Table,
  advise: OptionAdvice = () => undefined,
): ParsedArguments<Table> {
  const keys = new Map(Object.keys(table).map((key) => [optionName(key), key]));
  // Not strict: our own errors name the nearest option and say what to write.
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(table),
    strict: false,
    tokens: true,
  });
  const positionals: string[] = [];
  const occurrences: Occurrence[] = [];
  const unknown = tokens.flatMap((token, index): UnknownOption[] => {
    if (token.kind !== 'option' || keys.has(token.name)) return [];
    const next = tokens[index + 1];
    return [
      {
        rawName: token.rawName,
        value: token.value ?? (next?.kind === 'positional' ? next.value : undefined),
      },
    ];
  });
  if (unknown.length > 0) throw unknownOptions(unknown, [...keys.keys()], advise);
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const key = keys.get(token.name)!;
    occurrences.push({ key, value: readValue(table[key]!, token.rawName, token.value, token.inlineValue) });
  }
  return { options: collect(table, occurrences), positionals, occurrences };
}

function parserOptions(table: OptionTable) {
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => [
      optionName(key),
      {
        type: spec.kind === 'flag' ? ('boolean' as const) : ('string' as const),
        ...(spec.short === undefined ? {} : { short: spec.short }),
      },
    ]),
  );
}

function readValue(
  spec: OptionTable[string],
  rawName: string,
  value: string | undefined,
  inline?: boolean,
): unknown {
  if (spec.kind === 'flag') {
    if (value !== undefined)
      throw usageError(`${rawName} takes no value, but got '${value}'.`, `Write ${rawName} alone.`);
    return true;
  }
  if (value === undefined) {
    throw usageError(`${rawName} needs a value: ${rawName} ${spec.placeholder}.`, spec.help);
  }
  if (inline !== true && /^--?[a-z]/i.test(value)) {
    throw usageError(
      `${rawName} needs a value, but ${value} follows.`,
      `Write ${rawName} ${spec.placeholder}, or ${rawName}=${value} if that is the value.`,
    );
  }
  return spec.parse(value, rawName);
}

interface UnknownOption {
  readonly rawName: string;
  /** What follows it and may be its value. */
  readonly value: string | undefined;
}

/** All of them at once: a command line of another tool has many. */
function unknownOptions(
  unknown: readonly UnknownOption[],
  names: readonly string[],
  advise: OptionAdvice,
): Error {
  if (unknown.length === 1) return unknownOption(unknown[0]!, names, advise);
  const errors = unknown.map((one) => {
    const nearest = nearestOption(one.rawName, names);
    const near = nearest === undefined ? 'there is nothing like it' : `did you mean --${nearest}?`;
    return `${one.rawName}: ${advise(bareName(one.rawName), one.value) ?? near}`;
  });
  const written = unknown.map(({ rawName }) => rawName);
  return usageError(`${written.join(', ')} are not options of this command.`, errors.join('\n'), {
    options: written,
  });
}

function unknownOption(
  { rawName, value }: UnknownOption,
  names: readonly string[],
  advise: OptionAdvice,
): Error {
  const advice = advise(bareName(rawName), value);
  if (advice !== undefined)
    return usageError(`${rawName} is not an option of this command.`, advice, { option: rawName });
  const nearest = nearestOption(rawName, names);
  return usageError(
    `${rawName} is not an option of this command${nearest === undefined ? '' : `; did you mean --${nearest}?`}`,
    undefined,
    { option: rawName, ...(nearest === undefined ? {} : { nearest: `--${nearest}` }) },
  );
}

function bareName(rawName: string): string {
  return rawName.replace(/^-+/, '');
}

function nearestOption(rawName: string, names: readonly string[]): string | undefined {
  return nearestName(optionName(bareName(rawName)), names);
}

function collect<Table extends OptionTable>(
  table: Table,
  occurrences: readonly Occurrence[],
): OptionValues<Table> {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(table)) {
    if (spec.kind === 'flag') values[key] = false;
    if (spec.kind === 'repeated') values[key] = [];
  }
  for (const { key, value } of occurrences) {
    if (table[key]!.kind === 'repeated') (values[key] as unknown[]).push(value);
    else values[key] = value;
  }
  return values as OptionValues<Table>;
}
