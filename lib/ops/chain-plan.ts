// SPDX-License-Identifier: Apache-2.0
// What a chain does, from its steps: every value gets a number, a type and dims.

import type { NativeChainRequest } from '../binding/contract';
import { TensorRTError } from '../errors';
import { describeType, isPlainObject } from '../option-checks';
import { elementArray } from '../tensor/element-arrays';
import { ELEMENT_TYPES } from '../tensor/element-type';
import { didYouMean } from '../text/nearest-name';
import { requireResult, type OperatorPlan, type TensorSpec } from './tensor-spec';

/** One operator of a chain. */
export interface ChainStep {
  /**
   * Plans the operator for the types and dims of its inputs: one of the `plan` functions, as in
   * `(inputs) => planSoftmax(inputs, { axis: 1 })`.
   */
  readonly plan: (inputs: readonly TensorSpec[]) => OperatorPlan;
  /** Names of the values that it reads: inputs of the chain, or outputs of steps before it. */
  readonly inputs: readonly string[];
  /** New names for its results, in the operator's order. */
  readonly outputs: readonly string[];
}

/** Types and dims by name. */
export type NamedSpecs = Readonly<Record<string, TensorSpec>>;

/** A chain with numbers for names. */
export interface PlannedChain {
  readonly inputs: NamedSpecs;
  readonly outputs: NamedSpecs;
  readonly request: Pick<NativeChainRequest, 'values' | 'inputs' | 'steps' | 'outputs'>;
}

/**
 * Plans the steps one after the other.
 *
 * @param wanted - Names of the chain's outputs. Default: what no step reads.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TENSOR`, and what the steps' plans throw.
 */
export function planChain(
  steps: readonly ChainStep[],
  inputs: NamedSpecs,
  wanted: readonly string[] | undefined,
): PlannedChain {
  if (!Array.isArray(steps) || steps.length === 0)
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `createChain() takes a list of steps, not ${listType(steps)}.`,
    );
  const values = new ValueTable(inputs);
  const read = new Set<string>();
  const planned = (steps as readonly ChainStep[]).map((step, index) => {
    const { plan, inputs: sources, outputs: results } = readStep(step, index);
    const from = sources.map((name) => values.numberOf(name, index));
    sources.forEach((name) => read.add(name));
    const specs = from.map((number) => values.specs[number]!);
    const { operator, attributes, outputs } = runPlan(() => plan(specs), index);
    if (outputs.length !== results.length)
      throw stepError(
        index,
        `${operator} has ${outputs.length} results, but the step names ${results.length}`,
      );
    const to = results.map((name, place) => values.add(name, outputs[place]!, index));
    return { operator, attributes, inputs: from, outputs: to };
  });
  const inputNames = Object.keys(inputs);
  const names = wanted ?? values.names.slice(inputNames.length).filter((name) => !read.has(name));
  const outputs = names.map((name) => outputNumber(values, name, inputNames.length));
  if (names.length === 0 || new Set(names).size !== names.length)
    throw new TensorRTError('ERR_TRT_ARG_VALUE', 'createChain() needs outputs, each named once.', {
      details: { option: 'outputs', received: names },
    });
  return {
    // Not the caller's own list, which may change.
    inputs: Object.fromEntries(inputNames.map((name, index) => [name, values.specs[index]!])),
    outputs: Object.fromEntries(names.map((name, index) => [name, values.specs[outputs[index]!]!])),
    request: { values: values.specs, inputs: inputNames.length, steps: planned, outputs },
  };
}

/** Values by name, numbered as they come. */
class ValueTable {
  readonly names: string[] = [];
  readonly specs: TensorSpec[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(inputs: NamedSpecs) {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `Option "inputs" of createChain() must be { name: { type, dims } }, not ${describeType(inputs)}.`,
      );
    for (const [name, spec] of Object.entries(inputs)) {
      checkSpec(name, spec);
      this.#enter(name, { type: spec.type, dims: [...spec.dims] });
    }
  }

  numberOf(name: string, step: number): number {
    const number = this.#numbers.get(name);
    if (number !== undefined) return number;
    throw stepError(
      step,
      `it reads "${name}", which is no input of the chain and made by no step before it.${didYouMean(name, this.names)}`,
    );
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  add(name: string, spec: TensorSpec, step: number): number {
    if (this.#numbers.has(name)) throw stepError(step, `it makes "${name}", which is there already`);
    return this.#enter(name, spec);
  }

  #enter(name: string, spec: TensorSpec): number {
    const number = this.specs.length;
    this.#numbers.set(name, number);
    this.names.push(name);
    this.specs.push(spec);
    return number;
  }
}

function isSpec(spec: unknown): spec is TensorSpec {
  const { type, dims } = (spec ?? {}) as Partial<TensorSpec>;
  return (
    type !== undefined &&
    ELEMENT_TYPES.includes(type) &&
    elementArray(type) !== undefined &&
    Array.isArray(dims) &&
    [...(dims as readonly unknown[])].every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0)
  );
}

function checkSpec(name: string, spec: TensorSpec): void {
  if (isSpec(spec)) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_TENSOR',
    `createChain() expected { type, dims } of fixed size for input "${name}", got ${JSON.stringify(spec)}.`,
    { details: { input: name, received: spec } },
  );
}

/** A copy: what is checked here is what is used. */
function readStep(step: unknown, index: number): ChainStep {
  const { plan, inputs, outputs } = (step ?? {}) as Partial<ChainStep>;
  if (typeof plan !== 'function' || !Array.isArray(inputs) || !Array.isArray(outputs))
    throw stepError(index, 'a step is { plan, inputs, outputs } with a function and lists of names');
  const read: ChainStep = {
    plan,
    inputs: [...(inputs as readonly string[])],
    outputs: [...(outputs as readonly string[])],
  };
  if (isNames(read.inputs) && isNames(read.outputs)) return read;
  throw stepError(index, 'a step is { plan, inputs, outputs } with a function and lists of names');
}

/** What a step's plan gives, which may be a function of the caller's own. */
function runPlan(run: () => OperatorPlan, index: number): OperatorPlan {
  let plan: unknown;
  try {
    plan = run();
  } catch (error) {
    if (error instanceof TensorRTError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw stepError(
      index,
      `its plan failed: ${reason}. Does the step name all inputs of its operator?`,
      error,
    );
  }
  const { operator, attributes, outputs } = (plan ?? {}) as Partial<OperatorPlan>;
  if (typeof operator !== 'string' || !isPlainObject(attributes) || !Array.isArray(outputs))
    throw stepError(
      index,
      `its plan must return { operator, attributes, outputs }, as the plan functions do, not ${describeType(plan)}`,
    );
  const specs = (outputs as readonly TensorSpec[]).map((spec) => {
    if (!isSpec(spec))
      throw stepError(index, `its plan gives a result that is no { type, dims } of fixed size`);
    requireResult(spec, operator);
    return { type: spec.type, dims: [...spec.dims] };
  });
  return { operator, attributes: attributes!, outputs: specs };
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
}

function stepError(step: number, problem: string, cause?: unknown): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `Step ${step} of createChain() does not fit: ${problem}.`, {
    details: { step },
    cause,
  });
}

function outputNumber(values: ValueTable, name: string, inputs: number): number {
  const number = values.find(name);
  if (number !== undefined && number >= inputs) return number;
  const made = values.names.slice(inputs);
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `createChain() has no step that makes the output "${name}".${didYouMean(name, made)}`,
    { details: { option: 'outputs', output: name, expected: made } },
  );
}

function listType(value: unknown): string {
  return Array.isArray(value) ? 'an empty one' : describeType(value);
}
