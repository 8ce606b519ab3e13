// SPDX-License-Identifier: Apache-2.0
// A world for `bench` in which nothing is measured: sessions are made up, and results are drawn from a seed.

import type { ModelRequest } from '../../../lib/bench/bench-request';
import { decideLoad } from '../../../lib/bench/load-options';
import type { BenchResult } from '../../../lib/bench/result';
import type { ToolApi } from '../../../lib/cli/tool-api';
import { sampleResult } from '../../bench-documents';

/** What happened in it. */
export interface FakeBench {
  readonly api: Partial<ToolApi>;
  /** Sessions in the order of their opening: model and options. */
  readonly opened: [unknown, Record<string, unknown>][];
  readonly closed: string[];
  readonly requests: ModelRequest[];
}

/** How a request is answered; what is given here is changed in the usual result. */
export type Answer = (request: ModelRequest) => Partial<BenchResult> | Promise<Partial<BenchResult>>;

/** Makes the world; its model has an input `x [batch, 3]` and gives it back times `factor`. */
export function fakeBench(
  answer: Answer = () => ({}),
  factor: (model: unknown) => number = () => 2,
): FakeBench {
  const opened: FakeBench['opened'] = [];
  const closed: string[] = [];
  const requests: ModelRequest[] = [];
  const createSession = async (model: unknown, options: Record<string, unknown>) => {
    opened.push([model, options]);
    const device = options['device'] === 'auto' ? 'cpu' : String(options['device']);
    return {
      device,
      backend: device === 'cpu' ? 'onnxruntime' : 'tensorrt',
      fallbackReason: null,
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3] }],
      outputs: [{ name: 'y', type: 'float32', dims: ['batch', 3] }],
      run: async ({ x }: Record<string, { data: Float32Array; dims: number[] }>) => ({
        y: { type: 'float32', dims: x!.dims, data: x!.data.map((value) => value * factor(model)) },
      }),
      close: async () => void closed.push(`${String(model)} on ${device}`),
    };
  };
  const runBench = async (request: ModelRequest) => {
    requests.push(request);
    return resultOf(request, await answer(request));
  };
  const probe = async () => ({ cpu: { version: '1.30.0' }, cuda: { driver: null }, tensorrt: [] });
  const api = { createSession, runBench, probe } as unknown as Partial<ToolApi>;
  return { api, opened, closed, requests };
}

// Drawing it takes a while, and it never changes.
const sample = sampleResult();

function resultOf(request: ModelRequest, changes: Partial<BenchResult>): BenchResult {
  return {
    ...sample,
    model: request.name!,
    label: request.label!,
    case: request.case!,
    device: request.session!.device,
    backend: request.session!.backend,
    settings: { ...sample.settings, load: loadOf(request), batch: request.batch! },
    environment: { ...sample.environment, versions: request.versions! },
    ...changes,
  };
}

function loadOf({ load }: ModelRequest): BenchResult['settings']['load'] {
  if (load === undefined || !('schedule' in load)) return decideLoad(load);
  return decideLoad(load, { source: String(load.schedule), offsetsMs: [0, 10] });
}
