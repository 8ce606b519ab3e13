// SPDX-License-Identifier: Apache-2.0

/** In which form weights are stored in the end. */
export const STORAGES = ['fp32', 'fp16', 'int8', 'cluster'] as const;

/** In which form weights are stored in the end. */
export type Storage = (typeof STORAGES)[number];

/** One way to make a model smaller: steps in this order. */
export interface Choice {
  /** Share of channels, heads and neurons that are removed, 0 to 1. */
  readonly channels: number;
  /** Share of the parameters that is left by low rank, 0 to 1; 1: not factorised. */
  readonly rank: number;
  /** In which form weights are stored in the end. */
  readonly storage: Storage;
  /** Share of layers, the most sensitive ones, that no step changes. */
  readonly spared: number;
}

/** The model as it comes. */
export const UNCHANGED: Choice = { channels: 0, rank: 1, storage: 'fp32', spared: 0 };

const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`;

/** In words that also tell choices apart: "channels -30%, rank 50%, int8, 10% of layers spared". */
export function nameChoice({ channels, rank, storage, spared }: Choice): string {
  const parts = [
    ...(channels === 0 ? [] : [`channels -${percent(channels)}`]),
    ...(rank === 1 ? [] : [`low rank ${percent(rank)}`]),
    ...(storage === 'fp32' ? [] : [storage === 'cluster' ? 'shared values' : storage]),
  ];
  if (parts.length === 0) return 'unchanged';
  return [...parts, ...(spared === 0 ? [] : [`${percent(spared)} of layers spared`])].join(', ');
}

/** True if a choice has one step only, with no layer spared. */
export function isSingle({ channels, rank, storage, spared }: Choice): boolean {
  const steps = Number(channels > 0) + Number(rank < 1) + Number(storage !== 'fp32');
  return steps === 1 && spared === 0;
}

/** The single steps that a choice is made of. */
export function singlesOf({ channels, rank, storage }: Choice): Choice[] {
  return [
    ...(channels === 0 ? [] : [{ ...UNCHANGED, channels }]),
    ...(rank === 1 ? [] : [{ ...UNCHANGED, rank }]),
    ...(storage === 'fp32' ? [] : [{ ...UNCHANGED, storage }]),
  ];
}
