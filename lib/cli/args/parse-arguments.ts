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
export type OptionAdvice = (name: string) => string | undefined;

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
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const key = keys.get(token.name);
    if (key === undefined) throw unknownOption(token.rawName, [...keys.keys()], advise);
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

function unknownOption(rawName: string, names: readonly string[], advise: OptionAdvice): Error {
  const bare = rawName.replace(/^-+/, '');
  const advice = advise(bare);
  if (advice !== undefined)
    return usageError(`${rawName} is not an option of this command.`, advice, { option: rawName });
  const nearest = nearestName(optionName(bare), names);
  return usageError(
    `${rawName} is not an option of this command${nearest === undefined ? '' : `; did you mean --${nearest}?`}`,
    undefined,
    { option: rawName, ...(nearest === undefined ? {} : { nearest: `--${nearest}` }) },
  );
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
