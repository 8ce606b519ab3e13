// SPDX-License-Identifier: Apache-2.0
// What a chain does, from its steps: every value gets a number, a type and dims.

import type { NativeChainRequest } from '../binding/contract';
import { TensorRTError } from '../errors';
import { describeType } from '../option-checks';
import { elementArray } from '../tensor/element-arrays';
import { ELEMENT_TYPES } from '../tensor/element-type';
import { didYouMean } from '../text/nearest-name';
import type { OperatorPlan, TensorSpec } from './tensor-spec';

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
    checkStep(step, index);
    const from = step.inputs.map((name) => values.numberOf(name, index));
    step.inputs.forEach((name) => read.add(name));
    const { operator, attributes, outputs } = step.plan(from.map((number) => values.specs[number]!));
    if (outputs.length !== step.outputs.length)
      throw stepError(
        index,
        `${operator} has ${outputs.length} results, but the step names ${step.outputs.length}`,
      );
    const to = step.outputs.map((name, place) => values.add(name, outputs[place]!, index));
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
    inputs,
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

function checkSpec(name: string, spec: TensorSpec): void {
  const { type, dims } = (spec ?? {}) as Partial<TensorSpec>;
  const isRight =
    type !== undefined &&
    ELEMENT_TYPES.includes(type) &&
    elementArray(type) !== undefined &&
    Array.isArray(dims) &&
    dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (isRight) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_TENSOR',
    `createChain() expected { type, dims } of fixed size for input "${name}", got ${JSON.stringify(spec)}.`,
    { details: { input: name, received: spec } },
  );
}

function checkStep(step: unknown, index: number): void {
  const { plan, inputs, outputs } = (step ?? {}) as Partial<ChainStep>;
  const isRight = typeof plan === 'function' && isNames(inputs) && isNames(outputs);
  if (!isRight)
    throw stepError(index, 'a step is { plan, inputs, outputs } with a function and lists of names');
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
}

function stepError(step: number, problem: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `Step ${step} of createChain() does not fit: ${problem}.`, {
    details: { step },
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
