// SPDX-License-Identifier: Apache-2.0
import type { ClusterOptions, ClusterScope } from '../../compress/cluster';
import type { Feeds } from '../../runtime/feeds';
import { flag, option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from './measure-arguments';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseInteger, parseText } from '../values/basic';

/** Options of `cluster`. */
export const clusterOptionTable = {
  output: option('<file>', 'where the model goes; <model>-clustered.onnx unless told', parseText, 'o'),
  clusters: option('<n>', 'values that weights share; 16 unless told', parseInteger(2, 65_536)),
  scope: option(
    '<scope>',
    'which weights share them: tensor (default), channel, or group=<n> for n neighbouring channels',
    parseScope,
  ),
  form: option(
    '<form>',
    'values (default) replaces weights; gather writes tables and codes into the graph',
    parseChoice('values', 'gather'),
  ),
  noCompensation: flag('assign each weight by itself, though there is data'),
  seed: option('<n>', 'of the random start where the optimum is too dear; 0 unless told', parseInteger(0)),
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
  ...exclusionOptionTable,
  compact: option('<file>', 'write the model for transfer too, e.g. model.onnx.gz', parseText),
  expand: flag('the other way: <model.onnx> is a compact file; write it as .onnx'),
} satisfies OptionTable;

/** Parsed options of `cluster`. */
export type ClusterArguments = OptionValues<typeof clusterOptionTable>;

type OwnOptions = Omit<
  ClusterOptions<Feeds>,
  'calibration' | 'runner' | 'numerics' | 'signal' | 'onProgress'
>;

/** The options of `cluster()` that do not depend on the model. Only what was written is set. */
export function toClusterOptions(given: ClusterArguments): OwnOptions {
  const options: { [Key in keyof OwnOptions]: OwnOptions[Key] | undefined } = {
    clusters: given.clusters,
    scope: given.scope,
    form: given.form,
    seed: given.seed,
    exclude: toExclusion(given),
    ...(given.noCompensation ? { compensate: false } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Reads `tensor`, `channel` and `group=8`. */
function parseScope(text: string, name: string): ClusterScope {
  if (text === 'tensor' || text === 'channel') return text;
  const match = /^group=(\d+)$/.exec(text);
  const group = match === null ? 0 : Number(match[1]);
  if (group > 0) return { group };
  throw usageError(`${name} expects tensor, channel or group=<n>, but got '${text}'.`);
}
