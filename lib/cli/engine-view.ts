// SPDX-License-Identifier: Apache-2.0
// How tensors and profiles of models and engines look; shared by the commands.

import type { EngineProfile, EngineRange } from '../runtime/manifest';
import type { TensorInfo } from '../tensor/tensor-info';
import type { Style } from './terminal/style';
import { formatTable, indent } from './terminal/table';
import { printable } from './terminal/text-width';
import { formatDims } from './values/format';

const NO_TITLES = [{ title: '' }, { title: '' }, { title: '' }, { title: '' }];

/** A titled list of tensors: name, type, dimensions. */
export function formatTensors(title: string, tensors: readonly TensorInfo[], style: Style): string[] {
  const rows = tensors.map((tensor) => [
    printable(tensor.name),
    style.cyan(tensor.type),
    printable(formatDims(tensor.dims)),
    tensor.isShapeTensor === true ? style.dim('shape tensor') : '',
  ]);
  return rows.length === 0 ? [] : [style.bold(title), ...indent(formatTable(NO_TITLES, rows))];
}

/** A titled table of optimisation profiles. */
export function formatProfiles(profiles: readonly EngineProfile[], style: Style): string[] {
  if (profiles.length === 0) return [];
  const rows = profiles.flatMap((profile, number) =>
    Object.entries(profile).map(([input, range], index) => [
      index === 0 ? String(number) : '',
      printable(input),
      ...formatRange(range),
    ]),
  );
  const columns = ['', 'input', 'min', 'opt', 'max'].map((title) => ({ title }));
  return [style.bold('Profiles'), ...indent(formatTable(columns, rows, style.dim))];
}

function formatRange(range: EngineRange): string[] {
  const isValues = 'values' in range;
  const { min, opt, max } = isValues ? range.values : range;
  return [min, opt, max].map((numbers) =>
    isValues ? `values ${numbers.join(', ')}` : numbers.join('x') || 'scalar',
  );
}

/** A census as text: `float32 ×61, int64 ×4`, the most frequent first. */
export function formatCensus(census: Readonly<Record<string, number>>): string {
  return Object.entries(census)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ×${count}`)
    .join(', ');
}
