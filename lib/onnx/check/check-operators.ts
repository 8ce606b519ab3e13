// SPDX-License-Identifier: Apache-2.0
import { isStandard } from '../graph/graph-walk';
import type { AttributeMessage, NodeMessage } from '../graph/onnx-messages';
import { didYouMean } from '../../text/nearest-name';
import {
  newestOpset,
  operatorNames,
  operatorSchema,
  operatorVersions,
  type OperatorSchema,
  type ParameterSchema,
} from '../schema/operator-schema';
import type { GraphPlace, ProblemList } from './model-problem';

/** Names of AttributeProto.AttributeType at the position of their number. */
const ATTRIBUTE_TYPES = (
  'UNDEFINED FLOAT INT STRING TENSOR GRAPH FLOATS INTS STRINGS TENSORS GRAPHS SPARSE_TENSOR SPARSE_TENSORS TYPE_PROTO ' +
  'TYPE_PROTOS'
).split(' ');
/** Schemas of older opsets are not in the table. */
const OLDEST_OPSET = 7;

/** Checks each node of a graph against the schema of its operator: attributes, and how many inputs and outputs it has. */
export function checkOperators(place: GraphPlace, opset: number, list: ProblemList): void {
  for (const node of place.graph.node) {
    if (node.opType === '') {
      list.error(place, 'has no operator', node);
    } else if (!isStandard(node)) {
      checkCustom(place, node, list);
    } else {
      const schema = operatorSchema(node.opType, opset);
      if (schema === undefined) unknownOperator(node, { place, list, opset });
      else if (opset >= OLDEST_OPSET) checkNode(node, schema, { place, list, opset });
    }
  }
}

interface Report {
  readonly place: GraphPlace;
  readonly list: ProblemList;
  readonly opset: number;
}

function checkCustom(place: GraphPlace, node: NodeMessage, list: ProblemList): void {
  const names = operatorNames(node.domain);
  if (names.includes(node.opType)) return;
  if (names.length === 0)
    list.warning(place, `is a custom operator of domain "${node.domain}": it is not checked`, node);
  else
    list.error(place, `domain "${node.domain}" has no such operator.${didYouMean(node.opType, names)}`, node);
}

function unknownOperator(node: NodeMessage, { place, list, opset }: Report): void {
  const versions = operatorVersions(node.opType);
  if (versions.length > 0)
    list.error(place, `opset ${opset} does not have the operator: it came with opset ${versions[0]}`, node);
  else if (opset > newestOpset())
    list.warning(place, `the operator is not known; opset ${opset} is newer than the newest known`, node);
  else list.error(place, `ONNX has no such operator.${didYouMean(node.opType, operatorNames())}`, node);
}

function checkNode(node: NodeMessage, schema: OperatorSchema, report: Report): void {
  const { place, list, opset } = report;
  if (schema.deprecated)
    list.error(
      place,
      `the operator was taken out of ONNX with opset ${schema.sinceVersion}; the model has ${opset}`,
      node,
    );
  checkCount('inputs', node, schema.inputs, report);
  checkCount('outputs', node, schema.outputs, report);
  checkAttributes(node, schema, report);
}

/** Fewest values that these parameters take. */
function leastCount(parameters: readonly ParameterSchema[]): number {
  const singles = parameters.map(({ option }) => option).lastIndexOf('single');
  const last = parameters.at(-1);
  const variadic = last?.option === 'variadic' ? parameters.length - 1 + last.least : 0;
  return Math.max(singles + 1, variadic);
}

function checkCount(
  what: 'inputs' | 'outputs',
  node: NodeMessage,
  parameters: readonly ParameterSchema[],
  { place, list }: Report,
): void {
  const names = what === 'inputs' ? node.input : node.output;
  const least = leastCount(parameters);
  const isOpen = parameters.at(-1)?.option === 'variadic';
  if (names.length < least || (!isOpen && names.length > parameters.length)) {
    const most = isOpen ? ' or more' : parameters.length > least ? ` to ${parameters.length}` : '';
    list.error(place, `has ${names.length} ${what}, but takes ${least}${most}`, node);
  }
  if (what === 'outputs') return;
  names.forEach((name, index) => {
    if (name === '' && parameters[index]?.option === 'single')
      list.error(place, `input ${index} is left out, but is required`, node);
  });
}

function checkAttributes(node: NodeMessage, schema: OperatorSchema, { place, list }: Report): void {
  const seen = new Set<string>();
  for (const attribute of node.attribute) {
    const { name } = attribute;
    if (seen.has(name)) list.error(place, `has the attribute "${name}" twice`, node);
    seen.add(name);
    const known = schema.attributes.get(name);
    if (known === undefined) {
      list.error(place, `has no attribute "${name}".${didYouMean(name, schema.attributes.keys())}`, node);
    } else if (!isOfType(attribute, known.type)) {
      const [wanted, given] = [known.type, attribute.type ?? 0].map(
        (type) => ATTRIBUTE_TYPES[type] ?? `type ${type}`,
      );
      list.error(place, `attribute "${name}" must be ${wanted}, but is ${given}`, node);
    }
  }
  for (const { name, required } of schema.attributes.values())
    if (required && !seen.has(name)) list.error(place, `lacks its attribute "${name}"`, node);
  if (node.opType === 'Constant' && node.attribute.length !== 1)
    list.error(place, `must have exactly one value, but has ${node.attribute.length}`, node);
}

/** Models of the first versions do not write the type of an attribute. */
function isOfType({ type }: AttributeMessage, wanted: number): boolean {
  return type === undefined || type === 0 || type === wanted;
}
