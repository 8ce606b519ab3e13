// SPDX-License-Identifier: Apache-2.0
// Calls of one operator mostly come with the settings and shapes of the one before: reading these in native code takes
// longer than many an operator. So native code keeps them, and is given a number.

import type { NativeOperators } from '../binding/contract';
import {
  isSameList,
  isSameSpec,
  type OperatorAttributes,
  type OperatorPlan,
  type TensorSpec,
} from './tensor-spec';

/** All of a call that native code has to know but the memory. */
export interface OperatorRequest extends OperatorPlan {
  readonly inputs: readonly TensorSpec[];
  /** 0: one for each core. */
  readonly threads: number;
}

interface Entry extends OperatorRequest {
  readonly prepared: number;
}

/** What each has in memory, tables of spectra for instance, is at most some hundred KiB. */
const MOST_ENTRIES = 32;
/** Longer lists of attributes are not compared, nor kept. */
const MOST_NUMBERS = 4096;

/** The requests that native code has read of late. */
export class PreparedOperators {
  /** The most recently used first. */
  readonly #entries: Entry[] = [];

  constructor(private readonly native: Pick<NativeOperators, 'prepare' | 'forget'>) {}

  /**
   * Calls `use` with the number of a request, which is good until it returns.
   *
   * @throws What native code throws of a request that it cannot read.
   */
  with(request: OperatorRequest, use: (prepared: number) => void): void {
    const known = this.#entries.findIndex((entry) => isSameRequest(entry, request));
    if (known >= 0) {
      const entry = this.#entries[known]!;
      if (known > 0) {
        this.#entries.copyWithin(1, 0, known);
        this.#entries[0] = entry;
      }
      return use(entry.prepared);
    }
    const prepared = this.native.prepare(toNative(request));
    if (isLong(request.attributes)) {
      try {
        return use(prepared);
      } finally {
        this.native.forget(prepared);
      }
    }
    this.#entries.unshift({ ...copyOf(request), prepared });
    if (this.#entries.length > MOST_ENTRIES) this.native.forget(this.#entries.pop()!.prepared);
    use(prepared);
  }
}

function toNative({ operator, attributes, inputs, outputs, threads }: OperatorRequest) {
  const from = inputs.map((_, index) => index);
  const to = outputs.map((_, index) => inputs.length + index);
  return {
    values: [...inputs, ...outputs],
    inputs: inputs.length,
    steps: [{ operator, attributes, inputs: from, outputs: to }],
    outputs: to,
    threads,
  };
}

function isLong(attributes: OperatorAttributes): boolean {
  let numbers = 0;
  for (const value of Object.values(attributes)) if (typeof value === 'object') numbers += value.length;
  return numbers > MOST_NUMBERS;
}

/** The caller may change its lists. */
function copyOf({ operator, attributes, inputs, outputs, threads }: OperatorRequest): OperatorRequest {
  const copied = Object.entries(attributes).map(
    ([name, value]) => [name, typeof value === 'object' ? [...value] : value] as const,
  );
  const copySpec = ({ type, dims }: TensorSpec): TensorSpec => ({ type, dims: [...dims] });
  return {
    operator,
    attributes: Object.fromEntries(copied),
    inputs: inputs.map(copySpec),
    outputs: outputs.map(copySpec),
    threads,
  };
}

function isSameRequest(a: OperatorRequest, b: OperatorRequest): boolean {
  return (
    a.operator === b.operator &&
    a.threads === b.threads &&
    isSameList(a.inputs, b.inputs, isSameSpec) &&
    isSameList(a.outputs, b.outputs, isSameSpec) &&
    isSameAttributes(a.attributes, b.attributes)
  );
}

function isSameAttributes(a: OperatorAttributes, b: OperatorAttributes): boolean {
  let names = 0;
  for (const name in a) {
    names++;
    const [one, other] = [a[name], b[name]];
    const isSame =
      typeof one === 'object' && typeof other === 'object'
        ? isSameList(one, other, Object.is)
        : Object.is(one, other);
    if (!isSame) return false;
  }
  for (const _ in b) names--;
  return names === 0;
}
