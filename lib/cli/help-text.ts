// SPDX-License-Identifier: Apache-2.0
import { optionName, type OptionTable } from './args/option';
import { commonOptions, type Command } from './command';
import type { CommandEntry } from './command-list';
import type { Style } from './terminal/style';
import { formatTable, indent } from './terminal/table';
import { padText, textWidth, wrapText } from './terminal/text-width';

/** Help of the whole tool. */
export function formatOverview(commands: readonly CommandEntry[], style: Style): string[] {
  const rows = commands.map((command) => [style.cyan(command.name), command.summary]);
  return [
    `${style.bold('tensorrt-node')} — build TensorRT engines from ONNX models and run them`,
    '',
    `${style.bold('Usage')}  tensorrt-node <command> [options]`,
    '',
    style.bold('Commands'),
    ...indent(formatTable([{ title: '' }, { title: '' }], rows)),
    '',
    style.bold('Options'),
    ...indent(['-h, --help  show this help, or that of a command', '--version   print the version']),
    '',
    style.bold('Example'),
    ...indent(['tensorrt-node build model.onnx -o model.engine']),
    '',
    style.dim('Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.'),
  ];
}

/** Help of one command, generated from its declaration. */
export function formatCommandHelp(command: Command, style: Style, width: number): string[] {
  const usage = [
    ...command.positionals.map(({ name, isOptional }) => (isOptional === true ? `[${name}]` : `<${name}>`)),
    '[options]',
  ].join(' ');
  return [
    `${style.bold('Usage')}  tensorrt-node ${command.name} ${usage}`,
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.positionals.length === 0 ? [] : ['', style.bold('Arguments')]),
    ...formatEntries(
      command.positionals.map(({ name, help }) => [`<${name}>`, help]),
      style,
      width,
    ),
    '',
    style.bold('Options'),
    ...formatEntries(optionEntries({ ...command.options, ...commonOptions }), style, width),
    '',
    style.bold(command.examples.length === 1 ? 'Example' : 'Examples'),
    ...command.examples.flatMap((example) =>
      indent([style.dim(`# ${example.help}`), `tensorrt-node ${example.line}`]),
    ),
  ];
}

function optionEntries(table: OptionTable): [string, string][] {
  return Object.entries(table).map(([key, spec]) => {
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    const value = spec.kind === 'flag' ? '' : ` ${spec.placeholder}`;
    return [`${short}--${optionName(key)}${value}`, spec.help];
  });
}

/** Two columns; the right one wraps. A left part that is too long stands on a line of its own. */
function formatEntries(
  entries: readonly (readonly [string, string])[],
  style: Style,
  width: number,
): string[] {
  const left = Math.min(32, Math.max(0, ...entries.map(([name]) => textWidth(name))));
  const right = Math.max(24, Math.min(width, 110) - left - 4);
  return entries.flatMap(([name, help]) => {
    const lines = wrapText(help, right);
    const isLong = textWidth(name) > left;
    const head = isLong ? [`  ${style.cyan(name)}`] : [`  ${padText(style.cyan(name), left)}  ${lines[0]}`];
    const rest = isLong ? lines : lines.slice(1);
    return [...head, ...rest.map((line) => `${' '.repeat(left + 4)}${line}`)];
  });
}
