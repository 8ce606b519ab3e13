// SPDX-License-Identifier: Apache-2.0
import type { FactorizeOptions, FactorizeTarget } from '../../compress/factorize';
import type { Feeds } from '../../runtime/feeds';
import { option, repeated, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from './measure-arguments';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseText } from '../values/basic';

/** Options of `factorize`. */
export const factorizeOptionTable = {
  output: option('<file>', 'where the model goes; <model>-low-rank.onnx unless told', parseText, 'o'),
  target: option(
    '<budget>',
    'what is to be left: parameters=0.5 (default), flops=0.5 for multiply-adds, or error=0.1 for each layer',
    parseTarget,
  ),
  ratio: option('<share>', 'share of its parameters that each layer keeps, in place of a target', parsePart),
  rank: repeated(
    '<rank>',
    'a rank for all layers, or <node>=<rank>; may be given several times, in place of a target',
    parseRank,
  ),
  form: option(
    '<form>',
    'how convolutions come apart: auto (default), channel, spatial or tucker',
    parseChoice('auto', 'channel', 'spatial', 'tucker'),
  ),
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
  ...exclusionOptionTable,
} satisfies OptionTable;

/** Parsed options of `factorize`. */
export type FactorizeArguments = OptionValues<typeof factorizeOptionTable>;

type OwnOptions = Omit<
  FactorizeOptions<Feeds>,
  'calibration' | 'runner' | 'numerics' | 'signal' | 'onProgress'
>;

/**
 * The options of `factorize()` that do not depend on the model. Only what was written is set.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for ranks of all and of single nodes together
 */
export function toFactorizeOptions(given: FactorizeArguments): OwnOptions {
  const options: { [Key in keyof OwnOptions]: OwnOptions[Key] | undefined } = {
    target: given.target,
    ratio: given.ratio,
    rank: toRank(given.rank),
    form: given.form,
    exclude: toExclusion(given),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

interface NodeRank {
  readonly node: string | undefined;
  readonly rank: number;
}

function toRank(ranks: readonly NodeRank[]): FactorizeOptions<Feeds>['rank'] {
  const [first] = ranks;
  if (first === undefined) return undefined;
  if (ranks.length === 1 && first.node === undefined) return first.rank;
  if (ranks.some(({ node }) => node === undefined))
    throw usageError('--rank is either one number for all layers, or <node>=<rank> for each.');
  return Object.fromEntries(ranks.map(({ node, rank }) => [node!, rank]));
}

/** Reads `16` and `layer1.up=16`. */
function parseRank(text: string, name: string): NodeRank {
  const match = /^(?:(.+)=)?(\d+)$/.exec(text);
  const rank = match === null ? 0 : Number(match[2]);
  if (rank > 0) return { node: match![1], rank };
  throw usageError(`${name} expects a rank such as 16, or <node>=16, but got '${text}'.`);
}

/** Reads `parameters=0.5`, `flops=50%` and `error=0.1`. */
function parseTarget(text: string, name: string): FactorizeTarget {
  const match = /^(parameters|flops|error)=(.+)$/.exec(text.trim());
  if (match !== null) return { [match[1]!]: parsePart(match[2]!, name) };
  throw usageError(
    `${name} expects parameters=, flops= or error= and a share such as 0.5, but got '${text}'.`,
  );
}

/** Reads `0.5` and `50%`. */
function parsePart(text: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  const value = match === null ? NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw usageError(`${name} expects a part of the whole such as 0.5 or 50%, but got '${text}'.`);
}
