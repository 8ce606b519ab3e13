// SPDX-License-Identifier: Apache-2.0

/** What is measured: anything that can be called again and again. */
export interface Target {
  /**
   * One inference, from the call until its outputs can be read. `slot` is a number below the calls in flight that no
   * other call in flight has: memory that calls must not share belongs to a slot.
   */
  call(slot: number): Promise<unknown>;
}
