// SPDX-License-Identifier: Apache-2.0
import { nearestName } from '../text/nearest-name';
import { parseArguments } from './args/parse-arguments';
import { usageError } from './args/usage-error';
import { commonOptions, type Command, type CommandContext, type CommandResult } from './command';
import { commandList, type CommandEntry } from './command-list';
import { EXIT, exitCodeOf, failureDocument, formatFailure } from './failure';
import { formatCommandHelp, formatOverview } from './help-text';
import { formatJson } from './json';
import type { Terminal } from './terminal/terminal';
import type { ToolApi } from './tool-api';

/** The world around the command line; tests put their own here. */
export interface CliEnvironment {
  readonly terminal: Terminal;
  readonly api: ToolApi;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: () => string;
  readonly onInterrupt: CommandContext['onInterrupt'];
  readonly commands?: readonly CommandEntry[];
}

/** Runs one command line and tells its exit code. Never rejects. */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const { terminal } = environment;
  // Read before parsing: a line that cannot be parsed must still fail in the form that was asked for.
  const options = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);
  const isJson = options.includes('--json');
  const isVerbose = options.includes('--verbose') || (environment.env['DEBUG'] ?? '') !== '';
  try {
    return await dispatch(args, environment, isJson, isVerbose);
  } catch (error) {
    if (isJson) terminal.writeResult(formatJson(failureDocument(error)));
    else terminal.writeTalk(`${formatFailure(error, terminal, isVerbose).join('\n')}\n`);
    return exitCodeOf(error);
  }
}

async function dispatch(
  args: readonly string[],
  environment: CliEnvironment,
  isJson: boolean,
  isVerbose: boolean,
): Promise<number> {
  const { terminal } = environment;
  const commands = environment.commands ?? commandList;
  const first = args[0];
  if (first === '--version') {
    terminal.writeResult(
      isJson ? formatJson({ version: environment.version() }) : `${environment.version()}\n`,
    );
    return EXIT.done;
  }
  const isHelp = first === 'help' || first === '--help' || first === '-h';
  if (isHelp && (args[1] === undefined || args[1].startsWith('-')))
    return printLines(terminal, formatOverview(commands, terminal.style));
  if (first === undefined || (first.startsWith('-') && !isHelp)) throw missingCommand(first);
  const command = await findCommand(isHelp ? args[1]! : first, commands).load();
  if (isHelp || isHelpAsked(args))
    return printLines(terminal, formatCommandHelp(command, terminal.style, terminal.width));
  const context = {
    terminal,
    api: environment.api,
    version: environment.version(),
    isJson,
    isVerbose,
    onInterrupt: environment.onInterrupt,
  };
  return printResult(await runCommand(command, args.slice(1), context), terminal, isJson);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  context: CommandContext,
): Promise<CommandResult> {
  const parsed = parseArguments(args, { ...command.options, ...commonOptions }, command.adviseOption);
  const expected = command.positionals;
  const missing = expected[parsed.positionals.length];
  if (missing !== undefined && missing.isOptional !== true) {
    throw usageError(
      `tensorrt-node ${command.name} needs ${missing.help}.`,
      `Write for example: tensorrt-node ${command.examples[0]!.line}`,
    );
  }
  if (parsed.positionals.length > expected.length) {
    throw usageError(
      `'${parsed.positionals[expected.length]}' is one argument too many for tensorrt-node ${command.name}.`,
      `Quote paths with spaces; tensorrt-node ${command.name} --help shows the arguments.`,
    );
  }
  return command.run(parsed, context);
}

function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h');
}

function findCommand(name: string, commands: readonly CommandEntry[]): CommandEntry {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name);
  const nearest = nearestName(name, names);
  throw usageError(
    `'${name}' is not a command${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
    `Commands are ${names.join(', ')}; tensorrt-node --help shows what they do.`,
    { command: name, ...(nearest === undefined ? {} : { nearest }) },
  );
}

function missingCommand(first: string | undefined): Error {
  return usageError(
    first === undefined ? 'A command is missing.' : `The command must come first, but got '${first}'.`,
    `Write tensorrt-node <command> [options]; commands are ${commandList.map(({ name }) => name).join(', ')}.`,
  );
}

function printLines(terminal: Terminal, lines: readonly string[]): number {
  terminal.writeResult(`${lines.join('\n')}\n`);
  return EXIT.done;
}

function printResult(result: CommandResult, terminal: Terminal, isJson: boolean): number {
  if (isJson) terminal.writeResult(formatJson(result.json));
  else printLines(terminal, result.lines());
  return result.exitCode ?? EXIT.done;
}
