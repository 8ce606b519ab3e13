// SPDX-License-Identifier: Apache-2.0
// Which tensor parts first. Rewriting keeps the names of tensors, so those of the same name are compared, in the order of
// the source's graph, some at a time: all at once would be every activation of both models.

import type { Feeds, SessionOptions, TensorInfo } from '../../index';
import { exposeTensors } from '../../onnx/extract/expose-tensors';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import { loadModel, type OnnxModel } from '../../onnx/graph/onnx-model';
import { alignNames } from '../layers/align-names';
import { openModel, type ModelOutputs } from '../evaluated-model';
import { numbersOf } from '../numbers-of';
import { DifferenceSums } from './difference-sums';
import type { Tolerance } from './tolerance';
import type { Divergence, InnerDifference } from './validation';

/** Tensors that are handed out in one run. */
const AT_ONCE = 32;

/** What the search works on. */
export interface DivergenceRequest {
  readonly candidate: string | Uint8Array;
  readonly source: string | Uint8Array;
  readonly feeds: Feeds;
  /** Its number, for the report. */
  readonly run: number;
  readonly tolerance: Tolerance;
  readonly session?: SessionOptions;
  readonly sourceSession?: SessionOptions;
  readonly signal?: AbortSignal;
}

interface CommonTensor {
  readonly tensor: string;
  readonly node: string;
  readonly op: string;
}

/**
 * Looks for the first tensor outside of the tolerance. Handing tensors out keeps a runtime from fusing around them, so that
 * a fault of a fusion may be gone: then no tensor is found.
 *
 * @throws {TensorRTError} what loading and running the models throws
 */
export async function findDivergence(request: DivergenceRequest): Promise<Divergence> {
  const source = await loadModel(request.source);
  const candidate = alignNames(source, await loadModel(request.candidate));
  const common = commonTensors(source, candidate);
  let lastGood: InnerDifference | null = null;
  for (let from = 0; from < common.length; from += AT_ONCE) {
    const some = common.slice(from, from + AT_ONCE);
    const names = some.map(({ tensor }) => tensor);
    const { feeds, signal } = request;
    const expected = await runExposed(source, names, { feeds, signal, session: request.sourceSession });
    const actual = await runExposed(candidate, names, { feeds, signal, session: request.session });
    for (const one of some) {
      const found = compare(one, expected.get(one.tensor), actual.get(one.tensor), request);
      if (found === undefined) continue;
      if (!found.passed) return { first: found, lastGood, tensors: common.length, run: request.run };
      lastGood = found;
    }
  }
  return { first: null, lastGood, tensors: common.length, run: request.run };
}

function commonTensors(source: OnnxModel, candidate: OnnxModel): CommonTensor[] {
  const there = new Set(candidate.graph.node.flatMap(({ output }) => output));
  return source.graph.node
    .filter(({ opType }) => opType !== 'Constant')
    .flatMap((node) =>
      node.output
        .filter((tensor) => tensor !== '' && there.has(tensor))
        .map((tensor) => ({ tensor, node: nodeLabel(node), op: node.opType })),
    );
}

interface ExposedRun {
  readonly feeds: Feeds;
  readonly signal: AbortSignal | undefined;
  readonly session: SessionOptions | undefined;
}

async function runExposed(
  model: OnnxModel,
  names: readonly string[],
  { feeds, signal, session }: ExposedRun,
): Promise<Map<string, ModelOutputs[string] | undefined>> {
  const { model: exposed, outputs } = exposeTensors(model, names);
  const open = await openModel(exposed.toBytes(), session);
  try {
    const wanted = feedsFor(open.model.inputs, feeds);
    const found = await open.model.run(wanted, signal === undefined ? {} : { signal });
    return new Map([...outputs].map(([tensor, output]) => [tensor, found[output]]));
  } finally {
    await open.close();
  }
}

/** A rewritten model may have lost an input that nothing uses. */
export function feedsFor(inputs: readonly TensorInfo[], feeds: Feeds): Feeds {
  return Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]!]));
}

/** Tensors without numbers, and those of which a rewriting changed the shape, say nothing. */
function compare(
  one: CommonTensor,
  expected: ModelOutputs[string] | undefined,
  actual: ModelOutputs[string] | undefined,
  { run, tolerance }: DivergenceRequest,
): InnerDifference | undefined {
  if (expected === undefined || actual === undefined || expected.data.length !== actual.data.length)
    return undefined;
  const sums = new DifferenceSums(tolerance);
  sums.add(numbersOf(expected, one.tensor), numbersOf(actual, one.tensor), run);
  return { ...one, ...sums.difference };
}
