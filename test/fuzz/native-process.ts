// SPDX-License-Identifier: Apache-2.0
// Started by scripts/fuzz.mjs --native. Builds damaged models with TensorRT-RTX in this very process, one after
// another: those that the checks let through, as buildEngine() does. Prints a report of outcomes as JSON.
import { join } from 'node:path';
import { loadAddon } from '../../lib/binding/load';
import { checkModel } from '../../lib/builder/model-checks';
import { resolveProfiles } from '../../lib/builder/profiles';
import { TensorRTError } from '../../lib/errors';
import { checkExternalBytes, readModelInfo } from '../../lib/onnx/reader';
import { announceCase, readArguments } from './case-feed';
import { makeCase } from './cases';
import { modelSeeds } from './seeds';

const FAMILY = 'tensorrt-rtx';

async function buildCase(bytes: Uint8Array, libraries: string): Promise<string> {
  try {
    const info = await readModelInfo(bytes);
    checkModel(info, { family: FAMILY, allowTypeChanges: true });
    checkExternalBytes(info);
    const dynamicAxes = Object.fromEntries(info.symbols.map((symbol) => [symbol, 2]));
    const profiles = resolveProfiles(info, info.symbols.length > 0 ? { dynamicAxes } : {});
    const library = join(libraries, 'libtensorrt_rtx.so.1');
    const parserLibrary = join(libraries, 'libtensorrt_onnxparser_rtx.so.1');
    const request = { family: FAMILY, library, parserLibrary, modelBytes: bytes, profiles } as const;
    const { engineBytes } = await loadAddon().build(request, () => undefined).promise;
    return engineBytes > 0 ? 'built' : 'built nothing';
  } catch (error) {
    if (error instanceof TensorRTError) return `checks: ${error.code}`;
    const { code } = error as { code?: string };
    return code === undefined ? `unexpected: ${String(error)}` : `TensorRT: ${code}`;
  }
}

async function main(): Promise<void> {
  const { root, runSeed, firstCase, cases } = readArguments();
  const libraries = process.env['TENSORRT_NODE_LIB_DIR'] ?? join(root, '.sdk', 'python', 'tensorrt_rtx_libs');
  const seeds = modelSeeds();
  const outcomes: Record<string, number> = {};
  for (let index = firstCase; index < firstCase + cases; index++) {
    announceCase(index);
    const outcome = await buildCase(makeCase(seeds, runSeed, index).bytes, libraries);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  // A library that does not load tests nothing: that must not look like cases that went well.
  const failures = Object.keys(outcomes).filter((outcome) =>
    /^unexpected|nothing$|ERR_TRT_LOAD_/.test(outcome),
  );
  console.log(JSON.stringify({ outcomes, failures }));
}

void main();
