// SPDX-License-Identifier: Apache-2.0

/** A number before and after. */
export interface BeforeAfter {
  /** Of the source. */
  readonly before: number;
  /** Of the new model. */
  readonly after: number;
}
