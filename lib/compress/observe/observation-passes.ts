// SPDX-License-Identifier: Apache-2.0
// Which tensors are looked at together. How large they are is told by the model itself: one run of it, on the first
// feeds, counts their elements by Size operators, so that nothing large is handed out before it is known to fit.

import { unknownTensor, valueNames } from '../../onnx/extract/tensor-names';
import { UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { firstRuns } from '../calibrate/split-feeds';
import { runModel } from '../run-model';
import type { FeedSource, Runner, RunnerOutputs } from '../runner';

const DEFAULT_BYTES = 256 * 2 ** 20;
/** So few tensors are looked at together without asking how large they are. */
const FEW_TENSORS = 16;
const BYTES_PER_ELEMENT = 4;
const INT64 = 7;

interface PassRequest<Feeds> {
  readonly tensors: readonly string[];
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly passBytes?: number;
}

/** Groups of tensors whose values fit the bytes, or of one tensor where it does not; each tensor is in one group. */
export async function planPasses<Feeds>(
  model: OnnxModel,
  { tensors, feeds, runner, passBytes = DEFAULT_BYTES }: PassRequest<Feeds>,
): Promise<string[][]> {
  const unique = [...new Set(tensors)];
  if (unique.length <= FEW_TENSORS && passBytes >= DEFAULT_BYTES) return unique.length === 0 ? [] : [unique];
  const sizes = await measureSizes(model, unique, { feeds, runner });
  return packInto(unique, sizes, passBytes);
}

/** Largest first into the first pass with room. */
function packInto(
  tensors: readonly string[],
  sizes: ReadonlyMap<string, number>,
  passBytes: number,
): string[][] {
  const passes: { tensors: string[]; bytes: number }[] = [];
  const sorted = [...tensors].sort((a, b) => sizes.get(b)! - sizes.get(a)!);
  for (const tensor of sorted) {
    const bytes = sizes.get(tensor)!;
    const pass = passes.find((one) => one.bytes + bytes <= passBytes);
    if (pass === undefined) passes.push({ tensors: [tensor], bytes });
    else {
      pass.tensors.push(tensor);
      pass.bytes += bytes;
    }
  }
  return passes.map((pass) => pass.tensors);
}

async function measureSizes<Feeds>(
  model: OnnxModel,
  tensors: readonly string[],
  { feeds, runner }: Pick<PassRequest<Feeds>, 'feeds' | 'runner'>,
): Promise<Map<string, number>> {
  const known = new Set(valueNames(model));
  const unknown = tensors.find((tensor) => !known.has(tensor));
  if (unknown !== undefined) throw unknownTensor(unknown, [...known]);
  const copy = model.clone();
  const names = new UniqueNames(copy.graph);
  const outputs = tensors.map((tensor) => {
    const output = names.make(`${tensor}_size`);
    copy.graph.node.push(makeNode({ op: 'Size', name: output, inputs: [tensor], outputs: [output] }));
    copy.graph.output.push({ name: output, type: { tensorType: { elemType: INT64, shape: { dim: [] } } } });
    return output;
  });
  const results = await firstOf(runModel(copy, firstRuns(feeds, 1), runner));
  return new Map(
    tensors.map((tensor, index) => [
      tensor,
      Number(results[outputs[index]!]?.data[0] ?? 0) * BYTES_PER_ELEMENT,
    ]),
  );
}

async function firstOf(results: AsyncIterable<RunnerOutputs>): Promise<RunnerOutputs> {
  for await (const one of results) return one;
  return {};
}
