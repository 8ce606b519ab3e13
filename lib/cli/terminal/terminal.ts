// SPDX-License-Identifier: Apache-2.0
import { createStyle, type Style } from './style';

/** A stream of the process as the command line needs it. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where results and talk go: results to stdout, everything else to stderr. */
export interface Terminal {
  /** Style of results on stdout. */
  readonly style: Style;
  /** Style of talk on stderr. */
  readonly talkStyle: Style;
  /** Columns of stdout; 100 where it is no terminal. */
  readonly width: number;
  /** Columns of stderr. */
  readonly talkWidth: number;
  /** Whether stderr can show a line that changes in place. */
  readonly isLive: boolean;
  writeResult(text: string): void;
  writeTalk(text: string): void;
}

const USUAL_COLUMNS = 100;
const FEWEST_COLUMNS = 40;

/** Terminals that do not know their width say 0. */
function widthOf({ columns = 0 }: OutputStream): number {
  return columns === 0 ? USUAL_COLUMNS : Math.max(columns, FEWEST_COLUMNS);
}

/** Makes the terminal over two streams. */
export function createTerminal(
  stdout: OutputStream,
  stderr: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  return {
    style: createStyle({ isTTY: stdout.isTTY === true, env }),
    talkStyle: createStyle({ isTTY: stderr.isTTY === true, env }),
    get width() {
      return widthOf(stdout);
    },
    get talkWidth() {
      return widthOf(stderr);
    },
    isLive: stderr.isTTY === true && env['TERM'] !== 'dumb',
    writeResult: (text) => void stdout.write(text),
    writeTalk: (text) => void stderr.write(text),
  };
}
