// SPDX-License-Identifier: Apache-2.0
import type { Interval } from '../result';

const MOST_PERCENT = 1000;

/** Whether an interval of a change in percent is so wide that its numbers would only look like some. */
export function isTooNoisy({ low, high }: Interval): boolean {
  return !(high - low <= MOST_PERCENT);
}
