// SPDX-License-Identifier: Apache-2.0
// Builds one model with buildEngine() and prints its times: build-once.mjs model.onnx thread|process

import { createHash } from 'node:crypto';

const [path, isolation] = process.argv.slice(2);
const startMs = performance.now();
const { buildEngine } = await import('tensorrt-node');
const engine = await buildEngine(path, { runtime: 'tensorrt-rtx', isolation, allowTypeChanges: true });
const data = await engine.data();
// The Python side hashes within its time too.
const sha256 = createHash('sha256').update(data).digest('hex');
const wholeMs = performance.now() - startMs;
const { parseMs, buildMs, isolationStartMs } = engine.report();
console.log(
  JSON.stringify({ parseMs, buildMs, isolationStartMs, parseAndBuildMs: parseMs + buildMs, wholeMs, sha256 }),
);
