// SPDX-License-Identifier: Apache-2.0
import type { Feeds, SessionOptions } from '../../index';
import type { BenchOptions } from '../bench-options';
import type { BenchContext } from '../bench-request';

/** What is measured in each process, as far as another process can be told. */
export interface Measurement
  extends BenchOptions, Pick<BenchContext, 'batch' | 'label' | 'moreSettings' | 'versions' | 'loadAverage'> {
  /** Path of the model. */
  readonly model: string;
  /** Options of the session; plain data. */
  readonly sessionOptions?: SessionOptions;
  /** Inputs by name: arrays or tensors in host memory. */
  readonly feeds: Feeds;
}
