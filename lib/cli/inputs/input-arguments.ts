// SPDX-License-Identifier: Apache-2.0
// The options that `run` and `bench` share about inputs.

import { option, repeated, type OptionTable, type OptionValues } from '../args/option';
import { parseInteger, parseText } from '../values/basic';
import { mergeNamedLists, parseShapes } from '../values/named-lists';
import { loadInputModule } from './input-module';
import { parseInputArgument } from './input-source';
import type { FeedRequest } from './make-feeds';

/** Where inputs come from. */
export const inputOptionTable = {
  input: repeated(
    '<name=source>',
    '@file.npy, @file.npz, @folder, random, zeros or ones; the last three with a shape if need be, random with a range: x=random:1x3x224x224:0..255',
    parseInputArgument,
  ),
  inputModule: option(
    '<file>',
    'a module whose default export makes the inputs: ({ inputs, index, seed, batch }) => ({ name: { data, dims } })',
    parseText,
  ),
  shapes: repeated('<shapes>', 'shapes of generated inputs: images:1x3x224x224,ids:1x128', parseShapes),
  seed: option('<n>', 'start of the random numbers; 0 unless told', parseInteger(0, 2 ** 32 - 1)),
} satisfies OptionTable;

/** What the command line says about inputs, as far as it does not depend on the model. */
export async function readInputArguments(
  given: OptionValues<typeof inputOptionTable>,
): Promise<Pick<FeedRequest, 'arguments' | 'shapes' | 'seed' | 'generator'>> {
  const { inputModule } = given;
  return {
    arguments: given.input,
    shapes: mergeNamedLists(given.shapes, '--shapes'),
    seed: given.seed ?? 0,
    ...(inputModule === undefined ? {} : { generator: await loadInputModule(inputModule) }),
  };
}
