// SPDX-License-Identifier: Apache-2.0
import { repeated, type OptionTable, type OptionValues } from '../args/option';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import { parseList, parseText } from '../values/basic';

/** Which nodes stay as they are. */
export const exclusionOptionTable = {
  exclude: repeated(
    '<names>',
    'nodes that stay in floating point, by name; * stands for any characters',
    parseList(parseText),
  ),
  excludeOp: repeated(
    '<operators>',
    'operators that stay in floating point, e.g. Gemm,MatMul',
    parseList(parseText),
  ),
} satisfies OptionTable;

/** The exclusion; undefined where nothing is excluded. */
export function toExclusion(given: OptionValues<typeof exclusionOptionTable>): NodeExclusion | undefined {
  const names = given.exclude.flat();
  const ops = given.excludeOp.flat();
  if (names.length + ops.length === 0) return undefined;
  return {
    ops,
    names: names.filter((name) => !name.includes('*')),
    patterns: names.filter((name) => name.includes('*')),
  };
}
