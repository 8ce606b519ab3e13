// SPDX-License-Identifier: Apache-2.0
import type { Dimension } from '../tensor/tensor-info';
import { isShapeInput, type ProfiledModel } from './profile-spec';

type Range = readonly [min: number, opt: number, max: number];

/** Ranges to start from, by what exporters call dimensions. They are a proposal to edit. */
const RANGES: readonly (readonly [RegExp, Range])[] = [
  [/seq|len|token|time|step|frame/i, [1, 128, 512]],
  [/height|width|^h$|^w$|rows|col/i, [64, 224, 512]],
];
const BATCH: Range = [1, 8, 32];

/** The two ways to give a model its ranges, written with its own names and ready to paste. */
export interface ProfileSuggestion {
  /** E.g. `profiles: [{ images: { min: [1, 3, 64, 64], opt: …, max: … } }]`. */
  readonly profiles: string;
  /** E.g. `dynamicAxes: { batch: [1, 8, 32] }`; absent for a model none of whose dynamic dimensions has a name. */
  readonly dynamicAxes?: string;
}

/** Proposes ranges for all dynamic dimensions of a model. */
export function suggestProfiles(model: ProfiledModel): ProfileSuggestion {
  const inputs = model.inputs.flatMap(({ name, dims }) => {
    if (isShapeInput(model, name)) return [`${key(name)}: { values: ${shapes(proposeValues(dims))} }`];
    return dims.some(isDynamic) ? [`${key(name)}: ${shapes(dims.map(propose))}`] : [];
  });
  const axes = model.symbols.map((symbol) => `${key(symbol)}: [${propose(symbol).join(', ')}]`);
  return {
    profiles: `profiles: [{ ${inputs.join(', ')} }]`,
    ...(axes.length > 0 ? { dynamicAxes: `dynamicAxes: { ${axes.join(', ')} }` } : {}),
  };
}

/** Both suggestions as the text of a hint. */
export function suggestionText(model: ProfiledModel): string {
  const { profiles, dynamicAxes } = suggestProfiles(model);
  const lines = ['Give ranges, for example (edit the numbers):', `  ${profiles}`];
  if (dynamicAxes !== undefined) lines.push('or by the names of dimensions:', `  ${dynamicAxes}`);
  return lines.join('\n');
}

/** The shortest suggestion in such a hint, on one line. */
export function shortSuggestion(hint: string): string {
  const lines = hint.split('\n').map((line) => line.trim());
  const pick = (option: string) => lines.find((line) => line.startsWith(`${option}: `));
  return pick('dynamicAxes') ?? pick('profiles') ?? 'dynamicAxes: { … }';
}

/** True for a dimension that a profile has to fix. */
export function isDynamic(dim: Dimension): boolean {
  return typeof dim === 'string' || dim < 0;
}

/** The range to start from for a dimension; a fixed one stays as it is. */
export function propose(dim: Dimension): Range {
  if (!isDynamic(dim)) return [dim as number, dim as number, dim as number];
  return RANGES.find(([pattern]) => typeof dim === 'string' && pattern.test(dim))?.[1] ?? BATCH;
}

function proposeValues(dims: readonly Dimension[]): Range[] {
  const count = dims.length === 0 ? 1 : Number(dims[0]);
  return Array.from({ length: count > 0 && count <= 8 ? count : 1 }, () => BATCH);
}

function shapes(ranges: readonly Range[]): string {
  const pick = (index: 0 | 1 | 2) => `[${ranges.map((range) => range[index]).join(', ')}]`;
  return `{ min: ${pick(0)}, opt: ${pick(1)}, max: ${pick(2)} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
