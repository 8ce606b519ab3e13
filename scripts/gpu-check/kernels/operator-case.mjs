// SPDX-License-Identifier: Apache-2.0
// One operator with inputs and options, to be called anywhere and to be a step of a chain.

/**
 * @typedef {object} OperatorCase
 * @property {string} name what the report says
 * @property {string} operator the public function
 * @property {() => {type: string, dims: number[], data: any}[]} inputs tensors on the host, made anew
 * @property {any[]} args what follows the inputs
 * @property {boolean} [large] not with --quick
 */

/** @returns {OperatorCase} */
export function operatorCase(operator, inputs, args = [], rest = {}) {
  const name = [operator, rest.note].filter(Boolean).join(' ');
  return { name, operator, inputs, args, ...rest };
}

/** The same, with a size that an emulated GPU would take minutes for. @returns {OperatorCase} */
export function largeCase(operator, inputs, args = [], note = 'large') {
  return operatorCase(operator, inputs, args, { large: true, note });
}

/** How the functions are called whose inputs are no list of arguments. */
const CALLS = {
  preprocessImages: ({ preprocessImages }, inputs, [images, options]) =>
    // On the host bytes alone are an image's data.
    preprocessImages(
      images.map((image, index) => ({ ...image, data: inputs[index].data ?? inputs[index] })),
      options,
    ).then(({ tensor }) => tensor),
  concatenate: ({ concatenate }, inputs, args) => concatenate(inputs, ...args),
  decodeBoxes: ({ decodeBoxes }, [head, anchors], [options]) =>
    decodeBoxes(head, anchors === undefined ? options : { ...options, anchors }),
  nonMaximumSuppression: ({ nonMaximumSuppression }, [boxes, scores, classes], [options]) =>
    nonMaximumSuppression(boxes, scores, classes === undefined ? options : { ...options, classes }),
};

/** Calls the public function; gives back its results in their order. */
export async function callOperator(ops, { operator, args }, inputs) {
  const call = CALLS[operator] ?? (() => ops[operator](...inputs, ...args));
  return listOf(await call(ops, inputs, args));
}

function listOf(result) {
  if (Array.isArray(result)) return result;
  return 'dims' in result ? [result] : Object.values(result);
}

export const planName = (operator) => `plan${operator[0].toUpperCase()}${operator.slice(1)}`;

/** How a step is planned where that differs from the call. */
const PLANS = {
  preprocessImages: (plan, _specs, [images, options]) => plan(images, options),
  rescaleBoxes: (plan, specs) => plan(specs),
  rescaleKeypoints: (plan, specs) => plan(specs),
  rescaleMasks: (plan, specs, [{ transform, ...options }]) =>
    plan(specs, { ...options, image: { width: transform.width, height: transform.height } }),
};

/** The function of a chain's step. */
export function planOf(ops, { operator, args }) {
  const plan = ops[planName(operator)];
  const special = PLANS[operator];
  return (specs) => (special === undefined ? plan(specs, ...args) : special(plan, specs, args));
}

/** Inputs that a chain's step needs besides: what the function makes of its options. */
export function moreInputs(ops, { operator, args }) {
  if (operator === 'rescaleBoxes' || operator === 'rescaleKeypoints')
    return [ops.imageTransformTensor(args[0])];
  return operator === 'rescaleMasks' ? [ops.imageTransformTensor(args[0].transform)] : [];
}
