// SPDX-License-Identifier: Apache-2.0
// One operator, run once, where its inputs are.

import type { NativeOperatorOutputs } from '../binding/contract';
import { openAddon } from '../binding/open-addon';
import { integer } from '../option-checks';
import { checkCallOptions } from '../runtime/call-options';
import { type DeviceTensor } from '../runtime/device-tensor';
import { refused, type Call } from '../runtime/pending-calls';
import type { Tensor } from '../runtime/tensor';
import {
  collectOutputs,
  placeInputs,
  placeTargets,
  type OperatorTarget,
  type PlacedCall,
} from './operator-memory';
import { nativeOperators, type OpenOperators } from './native-operators';
import type { OperatorRequest } from './prepared-operators';
import { requireResult, specOf, type OperatorPlan, type OperatorTensor } from './tensor-spec';

export type { OperatorTarget } from './operator-memory';
export type { OperatorTensor, Placed, TensorSpec } from './tensor-spec';

/** A planned operator and what it works on. */
export interface OperatorCall extends OperatorPlan {
  readonly inputs: readonly OperatorTensor[];
}

/** Options of every operator. */
export interface OperatorOptions {
  /** Threads that share the work, on the CPU. Default: one for each core. */
  threads?: number;
  /** Withdraws the call while it waits for a thread. A call that runs already is not stopped. */
  signal?: AbortSignal;
  /**
   * Where the results go instead of new memory: an array with as many elements (that of a binding, for instance) or, on
   * a GPU, a {@link DeviceTensor} of the same type and dims. A list for an operator with several results; `undefined`
   * in it means new memory. It must not overlap an input.
   */
  out?: OperatorTarget | readonly (OperatorTarget | undefined)[];
}

/** Names of the options that every operator has, for `rejectUnknownOptions()`. */
export const OPERATOR_OPTIONS = ['threads', 'signal', 'out'] as const;

const checkThreads = integer(1, 256);

/**
 * Runs one operator: on the GPU of its device tensors if it has any, else on the CPU, off the event loop.
 *
 * Arrays over a `SharedArrayBuffer`, of a binding, and those that a session or an operator has given are read and
 * written in place: do not change them before the promise has settled. Others may be transferred or resized at any
 * moment, so they are copied: inputs before this returns (where a thread's first call opens the addon: when it is open),
 * results for `out` when they are there.
 *
 * @returns New tensors, or those of `out`.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for options and tensors; `ERR_TRT_RUN_DEVICE_TENSOR` for device tensors that
 *   are closed or on different devices, `ERR_TRT_RUN_ABORTED`, `ERR_TRT_RUN_CLOSED` for an `out` whose memory went
 *   away meanwhile, `ERR_TRT_CUDA_*`.
 */
export function runOperator(
  call: OperatorCall,
  options: OperatorOptions = {},
): Promise<(Tensor | DeviceTensor)[]> {
  // No async function: small operators cost little more than what is done here.
  try {
    const planned = plan(call, options);
    const operators = nativeOperators(openAddon);
    if (operators instanceof Promise) return operators.then((opened) => start(opened, planned));
    return start(operators, planned);
  } catch (error) {
    return refused(error);
  }
}

interface PlannedCall extends PlacedCall {
  readonly request: OperatorRequest;
  readonly signal: AbortSignal | undefined;
}

function plan(
  { operator, attributes, inputs, outputs }: OperatorCall,
  options: OperatorOptions,
): PlannedCall {
  const { threads, signal, out } = options;
  if (threads !== undefined) checkThreads('threads', threads);
  if (signal !== undefined) checkCallOptions(operator, { signal }, ['signal']);
  const specs = inputs.map((tensor, index) =>
    specOf(tensor, { operator, argument: argument(index, inputs) }),
  );
  for (const spec of outputs) requireResult(spec, operator);
  const { arrays, device } = placeInputs(operator, inputs);
  const places = placeTargets({ operator, outputs, device, out });
  const request = { operator, attributes, inputs: specs, outputs, threads: threads ?? 0 };
  return { request, signal, arrays, device, targets: places.targets, out: places.out };
}

function argument(index: number, inputs: readonly unknown[]): string {
  return inputs.length === 1 ? 'its input' : `its input ${index}`;
}

function start(
  { native, calls, prepared }: OpenOperators,
  { request, signal, arrays, targets, out }: PlannedCall,
): Promise<(Tensor | DeviceTensor)[]> {
  if (signal !== undefined) checkCallOptions('run', { signal }, ['signal']);
  const call: Call<(Tensor | DeviceTensor)[]> = {
    submit: (ticket) => prepared.with(request, (number) => native.run(ticket, number, arrays, targets)),
    withdraw: (ticket) => native.withdraw(ticket),
    finish: (result) => collectOutputs(request.outputs, result as NativeOperatorOutputs, { targets, out }),
  };
  return calls.start(call, signal);
}
