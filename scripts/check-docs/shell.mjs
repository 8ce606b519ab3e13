// SPDX-License-Identifier: Apache-2.0
// Reads the shell lines of documentation: enough of the shell for what documentation has.

/** A continued line, a comment, an operator that ends a command, a redirection, or a word. */
const TOKEN =
  /(?<joined>\\\n)|(?<comment>(?<=^|\s)#.*)|(?<end>&&|\|\||[|;&\n])|(?<redirect>\d?[<>]{1,2}&?\s*[^\s|;&]+)|(?<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|;&<>])+)/g;

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

const unquote = (word) =>
  word.replace(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
    (_, single, double, escaped) => single ?? double ?? escaped,
  );

/** Only the lines after a prompt, with what continues them. */
function afterPrompts(code) {
  let isContinued = false;
  return code
    .split('\n')
    .map((line) => {
      const isCommand = isContinued || line.startsWith('$ ');
      isContinued = isCommand && line.endsWith('\\');
      return isCommand ? line.replace(/^\$ /, '') : '';
    })
    .join('\n');
}

/**
 * The commands of a block: their words without quotes, assignments and redirections.
 * @param {string} code
 * @param {boolean} isConsole only lines that begin with `$ ` are commands, the rest is output
 * @returns {{ words: string[], line: number }[]} `line` counts from 0
 */
export function shellCommands(code, isConsole) {
  const text = isConsole ? afterPrompts(code) : code;
  const found = [{ words: [], line: 0 }];
  let line = 0;
  for (const { groups } of text.matchAll(TOKEN)) {
    if (groups.joined !== undefined) line += 1;
    else if (groups.end !== undefined) {
      if (groups.end === '\n') line += 1;
      found.push({ words: [], line });
    } else if (groups.word !== undefined) {
      const { words } = found.at(-1);
      if (words.length > 0 || !ASSIGNMENT.test(groups.word)) words.push(unquote(groups.word));
    }
  }
  return found.filter(({ words }) => words.length > 0);
}
