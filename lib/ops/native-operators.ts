// SPDX-License-Identifier: Apache-2.0
// Native code's operators, opened at the first call.

import type { NativeAddon, NativeOperators } from '../binding/contract';
import { PendingCalls } from '../runtime/pending-calls';
import { PreparedOperators } from './prepared-operators';

/** The operators of this thread, and their calls in flight. */
export interface OpenOperators {
  readonly native: NativeOperators;
  readonly calls: PendingCalls;
  readonly prepared: PreparedOperators;
}

type OperatorAddon = Pick<NativeAddon, 'openOperators'>;

let opened: OpenOperators | undefined;

/** At once where the addon is open, else when it was opened. */
export function nativeOperators(
  addon: () => OperatorAddon | Promise<OperatorAddon>,
): OpenOperators | Promise<OpenOperators> {
  if (opened !== undefined) return opened;
  const source = addon();
  return source instanceof Promise ? source.then(openWith) : openWith(source);
}

function openWith(addon: OperatorAddon): OpenOperators {
  if (opened !== undefined) return opened;
  const calls = new PendingCalls();
  const native = addon.openOperators(calls.settle);
  opened = { native, calls, prepared: new PreparedOperators(native) };
  return opened;
}
