// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { checkOnnxModel } from '../../onnx/check/check-onnx-model';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf } from '../../onnx/graph/tensor-values';
import type { KeptNode } from '../../onnx/passes/cast-values';
import type { OutputScore } from '../output-judge';
import type { BeforeAfter } from '../report/before-after';
import type { FactorLayer } from './factor-layers';
import { denseCost, type Cost, type FactorForm } from './rank-costs';
import type { RankChoice } from './rank-request';

/** A layer that came apart. */
export interface FactorizedLayer {
  /** Label of its node; the last of the new ones has it still. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** How it came apart. */
  readonly form: FactorForm;
  /** Of `'tucker'` the rank of the inputs and of the outputs, of the others one. */
  readonly ranks: readonly number[];
  /** Elements of its weights. */
  readonly parameters: BeforeAfter;
  /** For one sample, symbolic dimensions counted as one. */
  readonly multiplyAdds: BeforeAfter;
  /** Relative error of what it makes, as a root of the mean of squares; without data that of its weights. */
  readonly error: number;
}

/** What `factorize` did. */
export interface FactorizeReport {
  /** Layers that came apart, in the order of the graph. */
  readonly changed: readonly FactorizedLayer[];
  /** Nodes with weights that stayed whole, each with its reason. */
  readonly kept: readonly KeptNode[];
  /** Of the whole model; before: of the simplified one. */
  readonly parameters: BeforeAfter;
  /** Of the layers that could come apart, for one sample. */
  readonly multiplyAdds: BeforeAfter;
  /** Runs of data that layers were fitted to. */
  readonly dataRuns: number;
  /** How near the outputs are to the source's on that data; absent without data. */
  readonly score?: OutputScore;
  /** What computed. */
  readonly numerics: 'native' | 'reference';
  /** What the reader should know. */
  readonly warnings: readonly string[];
}

/** The layers' part of the report. */
export function reportLayers(
  layers: readonly FactorLayer[],
  choices: readonly RankChoice[],
  errors: ReadonlyMap<FactorLayer, number>,
): Pick<FactorizeReport, 'changed' | 'kept' | 'multiplyAdds'> {
  const changed: FactorizedLayer[] = [];
  const kept: FactorizeReport['kept'][number][] = [];
  const multiplyAdds = { before: 0, after: 0 };
  layers.forEach((one, index) => {
    const { label: node, op } = one.layer;
    const { point, reason = '' } = choices[index]!;
    const whole = denseCost(one.shape);
    const change = (of: keyof Cost) => ({ before: whole[of], after: point.cost[of] });
    multiplyAdds.before += whole.multiplyAdds;
    multiplyAdds.after += point.cost.multiplyAdds;
    if (point.form === undefined) kept.push({ node, op, reason });
    else
      changed.push({
        node,
        op,
        form: point.form,
        ranks: point.ranks,
        parameters: change('parameters'),
        multiplyAdds: change('multiplyAdds'),
        error: errors.get(one)!,
      });
  });
  return { changed, kept, multiplyAdds };
}

const LARGE_ERROR = 0.5;

/** What a layer was fitted to. */
export interface SampleCount {
  readonly count: number;
  readonly inputs: number;
  /** True where the inputs do not differ from sample to sample. */
  readonly isConstant: boolean;
}

/** What the reader should know. */
export function listWarnings(
  { changed, dataRuns }: Pick<FactorizeReport, 'changed' | 'dataRuns'>,
  samples: ReadonlyMap<string, SampleCount>,
): string[] {
  const warnings: string[] = [];
  if (changed.length === 0) warnings.push('Nothing came apart: the model is what it was, simplified.');
  if (dataRuns === 0 && changed.length > 0)
    warnings.push('There was no data: layers were cut by their weights alone, and outputs may be far off.');
  const few = changed.filter(({ node }) => {
    const known = samples.get(node);
    return known !== undefined && known.count < known.inputs;
  });
  if (few.length > 0) {
    const { count, inputs } = samples.get(few[0]!.node)!;
    warnings.push(
      `Too little data for ${few.length} layers, e.g. "${few[0]!.node}": ${count} samples of ${inputs} inputs. ` +
        'They were held near their old weights; give more data.',
    );
  }
  const blind = changed.filter(({ node }) => samples.get(node)?.isConstant === true);
  if (blind.length > 0)
    warnings.push(
      `What ${blind.length} layers read is constant on the data, e.g. "${blind[0]!.node}": they were cut by their weights alone.`,
    );
  const far = changed.filter(({ error }) => error > LARGE_ERROR);
  if (far.length > 0) {
    const worst = far.reduce((a, b) => (b.error > a.error ? b : a));
    const share = `${(100 * worst.error).toFixed(0)} %`;
    warnings.push(
      `What ${far.length} layers make is more than half wrong; worst "${worst.node}" by ${share}.`,
    );
  }
  return warnings;
}

/**
 * Holds what was written against what is reported.
 *
 * @param source - The simplified model that layers were taken from.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_CHECK
 */
export function checkFactorized(
  model: OnnxModel,
  source: OnnxModel,
  { changed }: Pick<FactorizeReport, 'changed'>,
): void {
  const problems = checkOnnxModel(model)
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);
  const saved = changed.reduce((sum, { parameters: { before, after } }) => sum + before - after, 0);
  const expected = countWeights(source) - saved;
  if (countWeights(model) !== expected)
    problems.push(`its weights have ${countWeights(model)} elements, its report adds up to ${expected}`);
  for (const side of ['input', 'output'] as const) {
    const [now, before] = [model, source].map(({ graph }) => graph[side].map(({ name }) => name).join(', '));
    if (now !== before) problems.push(`its ${side}s are ${now!}, those of the source ${before!}`);
  }
  if (problems.length === 0) return;
  throw new TensorRTError(
    'ERR_TRT_COMPRESS_CHECK',
    `The factorised model does not hold: ${problems.slice(0, 3).join('; ')}.`,
    { details: { problems } },
  );
}

/** Elements of matrices and kernels: a layer may have got a bias that it did not have, or another one. */
function countWeights({ graph }: OnnxModel): number {
  const added = graph.node.flatMap(({ opType, input }) =>
    opType === 'Add' ? input : opType === 'Gemm' ? input.slice(2) : [],
  );
  const biases = new Set(added);
  return graph.initializer.reduce(
    (sum, tensor) =>
      sum + (tensor.dims.length > 1 && !biases.has(tensor.name ?? '') ? elementsOf(tensor) : 0),
    0,
  );
}
