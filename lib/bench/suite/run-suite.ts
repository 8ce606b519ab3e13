// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { describeEnvironment } from '../environment';
import {
  SCHEMA_VERSION,
  type BenchFailure,
  type BenchResult,
  type BenchSuite,
  type FailureReason,
} from '../result';
import { axesOf, type PlannedCase } from './plan-cases';

/** What a suite needs. */
export interface SuiteRequest {
  readonly cases: readonly PlannedCase[];
  /** Makes the measurement of a case, with its label and its place in the result. */
  readonly measureCase: (planned: PlannedCase) => Promise<BenchResult>;
  /** Ends the suite early; cases that were not measured are among the failed ones. */
  readonly signal?: AbortSignal | undefined;
  /** Told before each case. */
  readonly onCase?: (planned: PlannedCase, index: number) => void;
}

/** Measures case after case. One that fails is kept with its reason, and the others go on. */
export async function runSuite({ cases, measureCase, signal, onCase }: SuiteRequest): Promise<BenchSuite> {
  const measurements: BenchResult[] = [];
  const failed: BenchFailure[] = [];
  for (const [index, planned] of cases.entries()) {
    try {
      if (signal?.aborted === true) throw interrupted();
      onCase?.(planned, index);
      measurements.push(await measureCase(planned));
    } catch (error) {
      const reason = signal?.aborted === true ? interrupted() : error;
      failed.push({ label: planned.label, case: planned.case, error: toReason(reason) });
    }
  }
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'suite',
    axes: axesOf(cases.map((planned) => planned.case)),
    measurements,
    failed,
    environment: measurements[0]?.environment ?? describeEnvironment({}),
  };
}

/** An error as data. */
export function toReason(error: unknown): FailureReason {
  if (error instanceof TensorRTError) return { code: error.code, message: error.message, hint: error.hint };
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? 'ERROR', message: message ?? String(error) };
}

function interrupted(): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_ABORTED', 'Interrupted before it was measured.');
}
