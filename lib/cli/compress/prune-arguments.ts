// SPDX-License-Identifier: Apache-2.0
import type { PruneOptions, PrunePattern, Shrinkage } from '../../compress/prune';
import type { Feeds } from '../../runtime/feeds';
import { flag, option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from './measure-arguments';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseInteger, parseText } from '../values/basic';
import { parseNumberBetween, parsePositive, parseShare } from '../values/number';

const LARGEST_SEED = 2 ** 32 - 1;

/** Options of `prune`. */
export const pruneOptionTable = {
  output: option('<file>', 'where the model goes; <model>-pruned.onnx unless told', parseText, 'o'),
  sparsity: option('<share>', 'share of the weights that become zero: 50%; 2:4 needs none', parseShare),
  threshold: option(
    '<value>',
    'in its place: weights whose absolute value is below it become zero',
    parsePositive,
  ),
  pattern: option(
    '<pattern>',
    'unstructured (default), 2:4, or block=<rows>x<columns>: where zeros may be',
    parsePattern,
  ),
  criterion: option(
    '<criterion>',
    'magnitude (default without data), activation or hessian (default with data): which weights go',
    parseChoice('magnitude', 'activation', 'hessian'),
  ),
  scope: option(
    '<scope>',
    'layer (default): the same share of each layer; global: more where it costs less',
    parseChoice('layer', 'global'),
  ),
  l1: option(
    '<strength>',
    'choose by a fit with a penalty on absolute values, 0 to 1; in the place of a share',
    parseNumberBetween(0, 1),
  ),
  l2: option('<strength>', 'choose by a fit with a penalty on squares, from 0 on', parsePositive),
  noReconstruct: flag('leave the weights that stay as they are, though there is data'),
  ends: option(
    '<what>',
    'keep (default for 2:4) leaves the first and the last layers dense; prune (default otherwise)',
    parseChoice('keep', 'prune'),
  ),
  seed: option(
    '<n>',
    'of the choice of samples where there are more than needed; 0 unless told',
    parseInteger(0, LARGEST_SEED),
  ),
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
  ...exclusionOptionTable,
} satisfies OptionTable;

/** Parsed options of `prune`. */
export type PruneArguments = OptionValues<typeof pruneOptionTable>;

type OwnOptions = Omit<PruneOptions<Feeds>, 'calibration' | 'runner' | 'numerics' | 'signal' | 'onProgress'>;

/** The options of `prune()` that do not depend on the model. Only what was written is set: the defaults are the library's. */
export function toPruneOptions(given: PruneArguments): OwnOptions {
  const options: { [Key in keyof OwnOptions]: OwnOptions[Key] | undefined } = {
    sparsity: given.sparsity,
    threshold: given.threshold,
    pattern: given.pattern,
    criterion: given.criterion,
    scope: given.scope,
    shrinkage: toShrinkage(given),
    ends: given.ends,
    seed: given.seed,
    exclude: toExclusion(given),
    ...(given.noReconstruct ? { reconstruct: false } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function toShrinkage({ l1, l2 }: PruneArguments): Shrinkage | undefined {
  if (l1 === undefined && l2 === undefined) return undefined;
  return { ...(l1 === undefined ? {} : { l1 }), ...(l2 === undefined ? {} : { l2 }) };
}

/** Reads `unstructured`, `2:4` and `block=4x1`. */
function parsePattern(text: string, name: string): PrunePattern {
  if (text === 'unstructured' || text === '2:4') return text;
  const match = /^block=(\d+)x(\d+)$/.exec(text);
  const block = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)] as const;
  if (block[0] > 0 && block[1] > 0) return { block };
  throw usageError(`${name} expects unstructured, 2:4 or block=<rows>x<columns>, but got '${text}'.`);
}
