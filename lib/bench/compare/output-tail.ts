// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream';

const KEPT_CHARACTERS = 4000;

/** The end of what a process printed: enough for an error, whatever it prints. */
export class OutputTail {
  #text = '';

  constructor(stream: Readable | null) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-KEPT_CHARACTERS);
    });
  }

  /** The last 4,000 characters. */
  get text(): string {
    return this.#text.trimEnd();
  }

  /** The last line as the end of a sentence. */
  get lastLine(): string {
    const line = this.text.split('\n').at(-1);
    return line === undefined || line === '' ? '.' : `: ${line}`;
  }
}
