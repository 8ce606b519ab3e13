// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../graph/onnx-model';
import { NameCheck } from './check-names';
import { checkOperators } from './check-operators';
import { checkTensors } from './check-tensors';
import { checkTypes } from './check-types';
import { checkVersions } from './check-versions';
import { placesOf, ProblemList, type ModelProblem } from './model-problem';

/** Problems that a message names; all are in its details. */
const MOST_NAMED = 3;

/**
 * Checks a model against the rules of ONNX and the schemas of its operators, and lists all that is wrong with it:
 * versions; operators that the opset does not have; attributes that are missing, unknown or of another type; too few or
 * too many inputs and outputs; values that nothing makes, that are used before, or made twice; cycles; tensors whose
 * content does not fit their dims; element types that an operator does not take; shapes that contradict each other.
 * Custom operators are a warning each and not looked into. The model is not changed, and no weights are read.
 */
export function checkOnnxModel(model: OnnxModel): ModelProblem[] {
  const list = new ProblemList();
  const places = placesOf(model.graph);
  const [main] = places;
  checkVersions(model, main!, list);
  if (model.graph.output.length === 0) list.error(main!, 'the graph has no outputs');
  for (const place of places) checkOperators(place, model.opset, list);
  new NameCheck(places, model.message.irVersion ?? 0, list).check(model.graph);
  for (const place of places) checkTensors(place, list);
  checkTypes(model, places, list);
  return list.problems;
}

/**
 * Throws if a model has errors; warnings do not count.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_INVALID with all problems in `details.problems`
 */
export function assertOnnxModel(model: OnnxModel): void {
  const problems = checkOnnxModel(model);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const named = errors.slice(0, MOST_NAMED).map(({ message }) => message);
  const more = errors.length > MOST_NAMED ? `; and ${errors.length - MOST_NAMED} more` : '';
  throw new TensorRTError('ERR_TRT_ONNX_INVALID', `The model is not valid: ${named.join('; ')}${more}.`, {
    details: { reason: 'check', problems },
  });
}
