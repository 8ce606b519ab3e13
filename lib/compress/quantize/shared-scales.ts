// SPDX-License-Identifier: Apache-2.0
// Tensors that only differ by where their values lie need one scale: two would make TensorRT quantise again between.

import type { TensorRanges } from '../calibrate/collect-ranges';
import type { QuantizationPlan } from './plan-quantization';

/** Operators that move values and make none: quantising before or after them is the same. */
const MOVERS = new Set([
  'MaxPool',
  'Reshape',
  'Transpose',
  'Flatten',
  'Slice',
  'Squeeze',
  'Unsqueeze',
  'Identity',
]);

/**
 * The amplitude of each activation of a plan: its own, or the largest of those that share a scale with it, through
 * operators that move values and through Concat.
 */
export function shareAmplitudes(
  { links, activations, fixedAmplitudes }: QuantizationPlan,
  ranges: TensorRanges,
): Map<string, number> {
  const amplitudes = new Map(
    [...activations.keys()].map((name) => [name, fixedAmplitudes.get(name) ?? ranges[name]!.amplitude]),
  );
  const pairs = [...amplitudes.keys()].flatMap((name) =>
    sources(name).map((source) => [name, source] as const),
  );
  // Chains are short: until nothing changes is a few rounds.
  for (let isStable = false; !isStable;) {
    isStable = true;
    for (const [name, source] of pairs) {
      const largest = Math.max(amplitudes.get(name)!, amplitudes.get(source)!);
      for (const one of [name, source]) {
        if (amplitudes.get(one) !== largest) isStable = false;
        amplitudes.set(one, largest);
      }
    }
  }
  return amplitudes;

  /** Quantised tensors that a tensor takes its values from; each tensor is looked at once, however many ways lead to it. */
  function sources(name: string, seen = new Set<string>()): string[] {
    if (seen.has(name)) return [];
    seen.add(name);
    const node = links.uses.producer(name);
    if (node === undefined) return [];
    const inputs = node.opType === 'Concat' ? node.input : MOVERS.has(node.opType) ? [node.input[0]!] : [];
    return inputs.flatMap((input) => (amplitudes.has(input) ? [input] : sources(input, seen)));
  }
}
