// SPDX-License-Identifier: Apache-2.0
// The model's inputs that are neither image nor sound.

import { formatDims } from '../../runtime/feeds';
import { elementArray, elementCount } from '../../tensor/element-arrays';
import type { TensorInfo } from '../../tensor/tensor-info';
import { didYouMean } from '../../text/nearest-name';
import { fixedSize, listTensors, type ModelTensors } from './model-tensors';
import type { ConstantInput, OtherInput, OtherInputs } from './pipeline-spec';
import { specError } from './spec-error';

/** An input of the model with what it gets. */
export interface FittedOther {
  readonly info: TensorInfo;
  readonly source: OtherInput;
  /** Of constants: dims, without a batch that is open. */
  readonly dims: readonly number[];
  /** Of constants: they are given once for each image. */
  readonly isRepeated: boolean;
}

const SIZE_TYPES: readonly string[] = ['int64', 'int32', 'float32', 'float64'];
const CONSTANT_TYPES: readonly string[] = [
  ...SIZE_TYPES,
  ...['uint8', 'int8', 'uint16', 'int16', 'uint32', 'uint64', 'bool'],
];

/**
 * Holds the other inputs against the model's.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for names that the model does not have, for inputs that get nothing, and
 *   for what does not fit.
 */
export function fitOthers(others: OtherInputs, model: ModelTensors, main: TensorInfo): FittedOther[] {
  const rest = model.inputs.filter((info) => info !== main);
  const unknown = Object.keys(others).find((name) => !rest.some((info) => info.name === name));
  if (unknown !== undefined)
    throw specError('ERR_TRT_ARG_VALUE', 'pre.others', {
      problem:
        unknown === main.name
          ? `"${unknown}" is the input that the ${model.inputs.length > 1 ? 'image or sound' : 'pipeline'} goes into.`
          : `the model has no input "${unknown}".${didYouMean(
              unknown,
              rest.map(({ name }) => name),
            )} It has ${listTensors(model.inputs)}.`,
      details: { option: unknown, expected: rest.map(({ name }) => name), received: unknown },
    });
  const missing = rest.filter(({ name }) => !Object.hasOwn(others, name));
  if (missing.length > 0)
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `the model has further inputs, which "others" must say something of: ${listTensors(missing)}.`,
      details: { option: 'others', inputs: missing.map(({ name }) => name) },
    });
  return rest.map((info) => fitOther(info, others[info.name]!));
}

function fitOther(info: TensorInfo, source: OtherInput): FittedOther {
  if (source.kind === 'image-size') fitSize(info);
  const plain = { info, source, dims: [], isRepeated: false };
  return source.kind === 'constant' ? { ...plain, ...fitConstant(info, source) } : plain;
}

function unfit(info: TensorInfo, problem: string, details: Record<string, unknown> = {}): Error {
  return specError('ERR_TRT_ARG_VALUE', `pre.others.${info.name}`, {
    problem: `${problem}, but the model's "${info.name}" is ${info.type} ${formatDims(info)}.`,
    details: { ...details, tensor: info.name, type: info.type, dims: info.dims },
  });
}

function fitSize(info: TensorInfo): void {
  if (!SIZE_TYPES.includes(info.type)) throw unfit(info, `sizes are ${SIZE_TYPES.join(', ')}`);
  if (info.hasShape === false) return;
  if (info.dims.length !== 2 || (fixedSize(info, 1) ?? 2) !== 2) throw unfit(info, 'sizes are [N, 2]');
}

function fitConstant(
  info: TensorInfo,
  { values, dims: given }: ConstantInput,
): Pick<FittedOther, 'dims' | 'isRepeated'> {
  if (!CONSTANT_TYPES.includes(info.type) || elementArray(info.type) === undefined)
    throw unfit(info, `constants are ${CONSTANT_TYPES.join(', ')}`);
  const isWhole = !['float32', 'float64'].includes(info.type);
  const broken = isWhole ? values.find((value) => !Number.isSafeInteger(value)) : undefined;
  if (broken !== undefined) throw unfit(info, `"values" has ${broken}`, { option: 'values' });
  const isRepeated = info.dims.length > 0 && fixedSize(info, 0) === undefined;
  if (info.hasShape === false) return { dims: given ?? [values.length], isRepeated };
  const known = info.dims
    .slice(isRepeated ? 1 : 0)
    .map((_, axis) => fixedSize(info, axis + Number(isRepeated)));
  const dims = given ?? known.map((size) => size ?? values.length);
  const fits =
    dims.length === known.length &&
    dims.every((size, axis) => (known[axis] ?? size) === size) &&
    elementCount(dims) === values.length;
  if (!fits)
    throw unfit(
      info,
      `"values" has ${values.length} numbers${given === undefined ? '' : ` of dims [${given.join(', ')}]`}`,
      {
        option: given === undefined ? 'values' : 'dims',
      },
    );
  return { dims, isRepeated };
}
