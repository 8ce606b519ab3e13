// SPDX-License-Identifier: Apache-2.0
// What this package makes of one model, and whether TensorRT-RTX builds a model. In a process of its own:
//
//     ours.mjs model.onnx <data> <folder of the data> <folder for the results>

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildEngine, sessionRunner } from 'tensorrt-node';
import { cast, quantize } from 'tensorrt-node/compress';
import { loadFeeds } from './data.mjs';

const SEQUENCE_BOUND = { minCosine: 0.995 };

/** INT8 with default settings, mixed precision with a bound, FP16; entries as peers.py gives them. */
async function makeOurs(model, data, dataFolder, out) {
  mkdirSync(out, { recursive: true });
  const options = { calibration: loadFeeds(data, 'calibration', dataFolder), runner: sessionRunner() };
  const bound = data === 'sentence' ? SEQUENCE_BOUND : { maxDrop: 0.005 };
  const work = [
    ['int8', 'default', () => quantize(model, options)],
    ['int8', 'mixed', () => quantize(model, { ...options, bound })],
    ['fp16', 'default', () => cast(model, { ...options, to: 'fp16' })],
  ];
  const entries = [];
  for (const [precision, method, make] of work) {
    entries.push(
      await makeOne(make, { precision, method, path: join(out, `ours-${precision}-${method}.onnx`) }),
    );
  }
  return entries;
}

async function makeOne(make, { precision, method, path }) {
  const entry = { tool: 'tensorrt-node', precision, method };
  const started = performance.now();
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(2));
  try {
    const { model, report } = await make();
    await model.save(path);
    const { method: ranges, exponent } = report.decisions ?? {};
    const kept = report.keptForBound?.length;
    return { ...entry, path, seconds: seconds(), ranges, exponent, kept };
  } catch (error) {
    return { ...entry, error: `${error.code ?? error.name}: ${error.message}`, seconds: seconds() };
  }
}

/** Why TensorRT-RTX does not build a model, or null if it does. */
export async function whyNotBuilt(path, dynamicAxes) {
  try {
    await buildEngine(path, { runtime: 'tensorrt-rtx', dynamicAxes });
    return null;
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(await makeOurs(...process.argv.slice(2))));
}
