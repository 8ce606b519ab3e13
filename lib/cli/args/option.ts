// SPDX-License-Identifier: Apache-2.0
// Options of a command as data: the parser, the help text and the type of the parsed values all come from one
// declaration.

/** An option without a value: present or not. */
export interface Flag {
  readonly kind: 'flag';
  readonly help: string;
  readonly short?: string;
}

/** An option with a value; the last one given counts, unless it is `repeated`. */
export interface ValueOption<T> {
  readonly kind: 'value' | 'repeated';
  /** What stands for the value in the help text, e.g. `<file>`. */
  readonly placeholder: string;
  readonly help: string;
  readonly short?: string;
  /** Turns the text into the value; throws a usage error that names `option`. */
  readonly parse: (text: string, option: string) => T;
}

/** An option that may be given several times; every value is kept, in order. */
export interface RepeatedOption<T> extends ValueOption<T> {
  readonly kind: 'repeated';
}

/** An option given at most once. */
export interface SingleOption<T> extends ValueOption<T> {
  readonly kind: 'value';
}

/** The options of a command by their camelCase key; `warmUp` is written `--warm-up`. */
export type OptionTable = Readonly<Record<string, Flag | SingleOption<unknown> | RepeatedOption<unknown>>>;

/** The parsed values of an option table. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Flag
    ? boolean
    : Table[Key] extends RepeatedOption<infer T>
      ? readonly T[]
      : Table[Key] extends SingleOption<infer T>
        ? T | undefined
        : never;
};

/** Declares a flag. */
export function flag(help: string, short?: string): Flag {
  return { kind: 'flag', help, short };
}

/** Declares an option whose value `parse` understands. */
export function option<T>(
  placeholder: string,
  help: string,
  parse: (text: string, option: string) => T,
  short?: string,
): SingleOption<T> {
  return { kind: 'value', placeholder, help, parse, short };
}

/** Declares an option that may be given several times. */
export function repeated<T>(
  placeholder: string,
  help: string,
  parse: (text: string, option: string) => T,
  short?: string,
): RepeatedOption<T> {
  return { kind: 'repeated', placeholder, help, parse, short };
}

/** `warmUp` → `warm-up`. */
export function optionName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
