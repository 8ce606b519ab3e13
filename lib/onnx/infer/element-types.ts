// SPDX-License-Identifier: Apache-2.0
// Element types of the outputs of a node: mostly what the type variables of its schema say.

import { DATA_TYPE } from '../data-type';
import { attributeOf, intAttribute, isStandard } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { operatorSchema, parameterAt, type OperatorSchema, type TypeList } from '../schema/operator-schema';

const { FLOAT, INT64, UINT8, STRING } = DATA_TYPE;
const INT32 = 6;

/** What element types follow from. */
export interface TypeSources {
  /** Number of the type of input `index`; `undefined` where it is not known or no tensor. */
  readonly input: (index: number) => number | undefined;
  /** Number of the type of an output of a body. */
  readonly body: (graph: GraphMessage, output: number) => number | undefined;
}

type TypeRule = (node: NodeMessage, index: number, sources: TypeSources) => number | undefined;

const attributeType =
  (name: string, absent: number | 'input'): TypeRule =>
  (node, _index, { input }) =>
    intAttribute(node, name, 0) || (absent === 'input' ? input(0) : absent || undefined);

const ofBody =
  (attribute: string, offset: number): TypeRule =>
  (node, index, { body }) => {
    const graph = attributeOf(node, attribute)?.g;
    return graph === undefined ? undefined : body(graph, index + offset);
  };

/** Types that no type variable of an input tells. */
const TYPE_RULES: Readonly<Record<string, TypeRule>> = {
  Cast: attributeType('to', 0),
  BitCast: attributeType('to', 0),
  Bernoulli: attributeType('dtype', 'input'),
  EyeLike: attributeType('dtype', 'input'),
  RandomNormalLike: attributeType('dtype', 'input'),
  RandomUniformLike: attributeType('dtype', 'input'),
  RandomNormal: attributeType('dtype', FLOAT),
  RandomUniform: attributeType('dtype', FLOAT),
  Multinomial: attributeType('dtype', INT32),
  HannWindow: attributeType('output_datatype', FLOAT),
  HammingWindow: attributeType('output_datatype', FLOAT),
  BlackmanWindow: attributeType('output_datatype', FLOAT),
  MelWeightMatrix: attributeType('output_datatype', FLOAT),
  Constant: constantType,
  ConstantOfShape: (node) => attributeOf(node, 'value')?.t?.dataType ?? FLOAT,
  DequantizeLinear: (node, _index, { input }) => intAttribute(node, 'output_dtype', 0) || input(1),
  QuantizeLinear: (node, _index, { input }) => {
    if ((node.input[2] ?? '') !== '') return input(2);
    return intAttribute(node, 'output_dtype', 0) || UINT8;
  },
  LayerNormalization: (node, index, { input }) =>
    index === 0 ? input(0) : intAttribute(node, 'stash_type', FLOAT),
  LinearAttention: (node, index, { input }) => input(index === 1 && (node.input[3] ?? '') !== '' ? 3 : 0),
  // Of an optional tensor, which has no type here, nothing is known.
  OptionalGetElement: (_node, _index, { input }) => input(0),
  If: (node, index, sources) => {
    const [first, second] = ['then_branch', 'else_branch'].map((name) =>
      ofBody(name, 0)(node, index, sources),
    );
    // ONNX wants the same type of both.
    return first === undefined || second === undefined || first === second ? (first ?? second) : undefined;
  },
  // The first output of a loop's body says whether to go on.
  Loop: ofBody('body', 1),
  Scan: ofBody('body', 0),
};

function constantType(node: NodeMessage): number | undefined {
  const value = attributeOf(node, 'value')?.t;
  if (value !== undefined) return value.dataType;
  for (const { name } of node.attribute) {
    if (/^value_floats?$/.test(name)) return FLOAT;
    if (/^value_ints?$/.test(name)) return INT64;
    if (/^value_strings?$/.test(name)) return STRING;
  }
  return undefined;
}

/**
 * Number of the element type of an output; `undefined` where it does not follow, or the output is no tensor.
 *
 * @param opset - The newest version of the operator where it is not known: types hardly ever changed.
 */
export function outputElementType(
  node: NodeMessage,
  index: number,
  sources: TypeSources,
  opset = Infinity,
): number | undefined {
  if (!isStandard(node)) return undefined;
  const special = Object.hasOwn(TYPE_RULES, node.opType) ? TYPE_RULES[node.opType] : undefined;
  if (special !== undefined) return special(node, index, sources);
  const schema = operatorSchema(node.opType, opset);
  return schema && typeBySchema(node, index, sources, schema);
}

function typeBySchema(
  node: NodeMessage,
  index: number,
  sources: TypeSources,
  schema: OperatorSchema,
): number | undefined {
  const type = parameterAt(schema.outputs, index)?.type;
  if (type === undefined) return undefined;
  const allowed = allowedTypes(schema, type);
  const [only] = allowed;
  if (allowed.length === 1) return typeof only === 'number' ? only : undefined;
  for (const [position, name] of node.input.entries()) {
    const parameter = parameterAt(schema.inputs, position);
    if (name === '' || parameter?.type !== type || !parameter.homogeneous) continue;
    const found = sources.input(position);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TENSOR_TYPES = new Map<string, number>([
  ['tensor(float)', FLOAT],
  ['tensor(int64)', INT64],
  ['tensor(string)', STRING],
]);

/** Types that a type variable, or a type written out, of a schema stands for. */
export function allowedTypes(schema: OperatorSchema, type: string): TypeList {
  return schema.typeConstraints.get(type) ?? [TENSOR_TYPES.get(type) ?? type];
}
