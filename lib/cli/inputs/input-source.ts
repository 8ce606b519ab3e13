// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';
import { parseDims } from '../values/named-lists';

/** Where the elements of an input come from. */
export type InputSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'random' | 'zeros' | 'ones'; readonly dims?: readonly number[] };

/** What one `--input` says; a null name is for all inputs that are not named. */
export interface InputArgument {
  readonly name: string | null;
  readonly source: InputSource;
}

/**
 * Reads `x=@x.npy`, `x=random`, `x=zeros:1x3x224x224`, or `random` for all inputs. Names with `=` are quoted.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseInputArgument(text: string, option: string): InputArgument {
  if (isGenerator(text)) return { name: null, source: parseSource(text, option) };
  const match = /^(?:'([^']+)'|"([^"]+)"|([^=]+))=(.+)$/s.exec(text);
  if (match === null) {
    throw usageError(
      `${option} expects name=source, but got '${text}'.`,
      `Write ${option} x=@x.npy, ${option} x=random, ${option} x=zeros:1x3x224x224, or ${option} random for all inputs.`,
    );
  }
  return { name: (match[1] ?? match[2] ?? match[3])!, source: parseSource(match[4]!, option) };
}

function isGenerator(text: string): boolean {
  return /^(random|zeros|ones)(:|$)/.test(text);
}

function parseSource(text: string, option: string): InputSource {
  if (text.startsWith('@') && text.length > 1) return { kind: 'file', path: text.slice(1) };
  const match = /^(random|zeros|ones)(?::(.+))?$/.exec(text);
  if (match === null) {
    throw usageError(
      `${option}: '${text}' is no source of data.`,
      `Write @file.npy, random, zeros or ones; the last three may have a shape: random:1x3x224x224.`,
    );
  }
  const dims = match[2] === undefined ? undefined : parseDims(match[2], option);
  return { kind: match[1] as 'random' | 'zeros' | 'ones', ...(dims === undefined ? {} : { dims }) };
}
