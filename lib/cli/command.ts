// SPDX-License-Identifier: Apache-2.0
import type { OptionAdvice, ParsedArguments } from './args/parse-arguments';
import { flag, type OptionTable } from './args/option';
import type { Terminal } from './terminal/terminal';
import type { ToolApi } from './tool-api';

/** What a command works with besides its arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly api: ToolApi;
  /** Version of the package. */
  readonly version: string;
  /** `--json`: the result is one JSON document. */
  readonly isJson: boolean;
  /** `--verbose`: more details, stacks of errors. */
  readonly isVerbose: boolean;
  /** Calls `onInterrupt` at the first Ctrl-C instead of ending the process; returns how to stop listening. */
  readonly onInterrupt: (listener: () => void) => () => void;
}

/** What a command hands back: the dispatcher prints one of the two forms. */
export interface CommandResult {
  /** The document of `--json`. */
  readonly json: unknown;
  /** Lines for people. */
  readonly lines: () => readonly string[];
  /** Exit code, 0 unless told. */
  readonly exitCode?: number;
}

/** An argument that is no option. */
export interface Positional {
  readonly name: string;
  readonly help: string;
  /** True for one that may be left out; only others of the kind follow it. */
  readonly isOptional?: boolean;
}

/** An example of a command line and what it does. */
export interface Example {
  readonly line: string;
  readonly help: string;
}

/** A command as data plus a short `run`. */
export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly options: Table;
  readonly examples: readonly Example[];
  /** Advice for options of other tools that users bring along. */
  readonly adviseOption?: OptionAdvice;
  run(args: ParsedArguments<Table>, context: CommandContext): Promise<CommandResult>;
}

/** Options that every command has. */
export const commonOptions = {
  json: flag('print one JSON document on stdout and nothing else'),
  verbose: flag('more details; stacks of errors'),
  help: flag('show this help', 'h'),
} satisfies OptionTable;

/** Declares a command; its options' types reach `run`. */
export function defineCommand<Table extends OptionTable>(command: Command<Table>): Command {
  return command;
}
