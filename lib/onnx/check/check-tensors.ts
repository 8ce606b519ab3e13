// SPDX-License-Identifier: Apache-2.0
import { dataTypeName, tensorBytes } from '../data-type';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { elementsOf } from '../graph/tensor-values';
import type { GraphPlace, ProblemList } from './model-problem';

const EXTERNAL = 1;
const STRING = 8;
/** Elements in one entry of `int32_data` of types that are packed there. */
const PACKED_IN_LIST: Readonly<Record<string, number>> = {
  UINT4: 2,
  INT4: 2,
  FLOAT4E2M1: 2,
  UINT2: 4,
  INT2: 4,
};

/** Checks that initializers and constants have a type, and as many elements as their dims say. */
export function checkTensors(place: GraphPlace, list: ProblemList): void {
  for (const tensor of place.graph.initializer) {
    if ((tensor.name ?? '') === '') list.error(place, 'an initializer has no name');
    const problem = problemOf(tensor);
    if (problem !== undefined) list.error(place, `initializer "${tensor.name ?? ''}" ${problem}`);
  }
  for (const node of place.graph.node) checkNodeTensors(place, node, list);
}

function checkNodeTensors(place: GraphPlace, node: NodeMessage, list: ProblemList): void {
  for (const { name, t } of node.attribute) {
    const problem = t && problemOf(t);
    if (problem !== undefined) list.error(place, `attribute "${name}" ${problem}`, node);
  }
}

function problemOf(tensor: TensorMessage): string | undefined {
  const { dims, dataType } = tensor;
  const type = dataTypeName(dataType ?? 0);
  if (type === 'UNDEFINED' || type.startsWith('TYPE_'))
    return `has no element type that ONNX knows (${dataType ?? 0})`;
  if (dims.some((dim) => dim < 0)) return `has a negative size: [${dims.join(', ')}]`;
  const shape = `dims [${dims.join(', ')}] of ${type}`;
  const count = elementsOf(tensor);
  if (tensor.rawData !== undefined) return rawProblem(tensor, shape, count);
  if (tensor.dataLocation === EXTERNAL) return undefined;
  const [found, wanted] = listCounts(tensor, type, count);
  return found === wanted ? undefined : `has ${found} values in its list, but ${shape} need ${wanted}`;
}

function rawProblem({ rawData, dataType }: TensorMessage, shape: string, count: number): string | undefined {
  if (dataType === STRING) return 'has strings as raw data, which ONNX does not allow';
  const needed = tensorBytes(dataType, count);
  return needed === undefined || rawData!.length === needed
    ? undefined
    : `has ${rawData!.length} bytes, but ${shape} need ${needed}`;
}

/** Entries of the list that holds elements of a type: how many there are, and how many there must be. */
function listCounts(tensor: TensorMessage, type: string, count: number): [number, number] {
  switch (type) {
    case 'FLOAT':
      return [tensor.floatData.length, count];
    case 'COMPLEX64':
      return [tensor.floatData.length, 2 * count];
    case 'DOUBLE':
      return [tensor.doubleData.length, count];
    case 'COMPLEX128':
      return [tensor.doubleData.length, 2 * count];
    case 'INT64':
      return [tensor.int64Data.length, count];
    case 'UINT32':
    case 'UINT64':
      return [tensor.uint64Data.length, count];
    case 'STRING':
      return [tensor.stringData.length, count];
    default:
      return [tensor.int32Data.length, Math.ceil(count / (PACKED_IN_LIST[type] ?? 1))];
  }
}
