// SPDX-License-Identifier: Apache-2.0
// Element types against the schemas of the operators, and what inference finds contradictory.

import { dataTypeName } from '../data-type';
import { isStandard } from '../graph/graph-walk';
import type { NodeMessage, ValueMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { allowedTypes } from '../infer/element-types';
import { inferShapes } from '../infer/infer-shapes';
import type { InferredTypes } from '../infer/inferred-types';
import { operatorSchema, parameterAt, type OperatorSchema } from '../schema/operator-schema';
import type { GraphPlace, ProblemList } from './model-problem';

/** Schemas of older opsets are not in the table. */
const OLDEST_OPSET = 7;

/** Checks types of inputs and outputs of the main graph, of the inputs of all nodes, and shapes. */
export function checkTypes(model: OnnxModel, places: readonly GraphPlace[], list: ProblemList): void {
  const [main] = places;
  for (const value of model.graph.input) checkDeclared(main!, 'input', value, list);
  for (const value of model.graph.output) checkDeclared(main!, 'output', value, list);
  const inferred = inferShapes(model);
  for (const { graph, node, message } of inferred.conflicts) {
    const place = places[graph]!;
    // The branch of an If that does not fit the shapes at hand is the one that does not run.
    if (place.isBranch) list.warning(place, message, place.graph.node[node]);
    else list.error(place, message, place.graph.node[node]);
  }
  if (model.opset < OLDEST_OPSET) return;
  for (const place of places) {
    for (const node of place.graph.node) {
      const schema = isStandard(node) ? operatorSchema(node.opType, model.opset) : undefined;
      if (schema !== undefined) checkNode(node, schema, { place, list, inferred });
    }
  }
}

function checkDeclared(
  place: GraphPlace,
  what: string,
  { name, type }: ValueMessage,
  list: ProblemList,
): void {
  const isOther = type !== undefined && type.tensorType === undefined && (type.unknown ?? []).length > 0;
  if (!isOther && (type?.tensorType?.elemType ?? 0) === 0) list.error(place, `${what} "${name}" has no type`);
}

interface Report {
  readonly place: GraphPlace;
  readonly list: ProblemList;
  readonly inferred: InferredTypes;
}

function elemTypeOf(name: string, place: GraphPlace | undefined, inferred: InferredTypes): number {
  for (let at = place; at !== undefined; at = at.parent) {
    const type = inferred.typeOf(name, at.graph);
    if (type !== undefined) return type.elemType;
  }
  return 0;
}

function checkNode(node: NodeMessage, schema: OperatorSchema, { place, list, inferred }: Report): void {
  const bound = new Map<string, { input: number; type: number }>();
  for (const [input, name] of node.input.entries()) {
    const parameter = parameterAt(schema.inputs, input);
    const type = elemTypeOf(name, place, inferred);
    if (parameter === undefined || name === '' || type === 0) continue;
    if (!allowedTypes(schema, parameter.type).includes(type)) {
      list.error(
        place,
        `input ${input} ("${name}") is ${dataTypeName(type)}, which the operator does not take`,
        node,
      );
    } else if (parameter.homogeneous) {
      const first = bound.get(parameter.type);
      if (first === undefined) bound.set(parameter.type, { input, type });
      else if (first.type !== type)
        list.error(
          place,
          `inputs ${first.input} and ${input} must have the same type, but are ${dataTypeName(first.type)} and ${dataTypeName(type)}`,
          node,
        );
    }
  }
}
