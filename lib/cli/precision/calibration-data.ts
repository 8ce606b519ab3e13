// SPDX-License-Identifier: Apache-2.0
import { loadDecode } from '../evaluate/decode-module';
import type { ToolApi } from '../tool-api';
import type { ModelRunner } from '../../runtime/model-runner';
import type { Feeds } from '../../runtime/feeds';
import type { OptionValues } from '../args/option';
import type { DeviceName } from '../session-talk';
import type { calibrationOptionTable } from './quantize-arguments';

/** Data to calibrate on, what runs models on it, and how accuracy is measured where there are labels. */
export interface CalibrationParts {
  /** Called for each pass through the data. */
  readonly calibration: () => AsyncIterable<Feeds>;
  readonly runner: ModelRunner;
  readonly score?: (model: string | Uint8Array) => Promise<number>;
}

/** What tells where data is, and where models run on it. */
export type CalibrationArguments = OptionValues<typeof calibrationOptionTable> & {
  readonly device?: DeviceName | undefined;
  readonly labels?: string | undefined;
};

const DEFAULT_SAMPLES = 512;

/**
 * Opens the data of `--calibration` for a model: it is read anew for each pass, so memory holds a batch of a folder, and
 * the array of a file.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` and what reading files throws
 */
export async function openCalibration(
  model: string,
  given: CalibrationArguments,
  api: Pick<ToolApi, 'openInputs' | 'evaluate' | 'readModelInfo' | 'sessionRunner'>,
): Promise<CalibrationParts> {
  const { calibration: path = '', batch, samples = DEFAULT_SAMPLES, labels } = given;
  const decode = given.decode === undefined ? undefined : await loadDecode(given.decode);
  const { inputs } = await api.readModelInfo(model);
  const calibration = await api.openInputs({
    path,
    inputs,
    samples,
    decode,
    ...(batch === undefined ? {} : { batch }),
  });
  const device = given.device ?? 'cpu';
  const score = async (candidate: string | Uint8Array) => {
    const files = { path, labels: labels!, ...(decode === undefined ? {} : { decode }) };
    const found = await api.evaluate(candidate, files, {
      task: 'classification',
      session: { device },
      ...(batch === undefined ? {} : { batch }),
    });
    return found.task === 'classification' ? found.accuracy : 0;
  };
  return {
    calibration,
    runner: await api.sessionRunner({ device }),
    ...(labels === undefined ? {} : { score }),
  };
}
