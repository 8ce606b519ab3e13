// SPDX-License-Identifier: Apache-2.0
// Plans and manifests made up for tests: as much of them as this package reads.

import { createHash } from 'node:crypto';
import type { Manifest } from '../lib/runtime/manifest';

/** A TensorRT-RTX engine: a true header, then zeros. */
export function rtxPlan(version = [1, 7, 1, 116], bytes = 200): Buffer {
  const plan = Buffer.alloc(bytes);
  plan.write('vtrt', 0, 'latin1');
  plan.writeUInt32LE(2, 8);
  plan.writeBigUInt64LE(BigInt(bytes), 16);
  plan.set(version, 24);
  return plan;
}

/** A TensorRT plan. */
export function tensorRtPlan(version = [10, 16, 1, 4], bytes = 200): Buffer {
  const plan = Buffer.alloc(bytes);
  plan.write('ftrt', 0, 'latin1');
  plan.set(version, 24);
  return plan;
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A manifest that fits a plan. */
export function manifestFor(plan: Uint8Array, changes: Partial<Manifest> = {}): Manifest {
  return {
    formatVersion: 1,
    createdBy: 'tensorrt-node 0.0.0',
    family: 'tensorrt-rtx',
    version: '1.7.1.116',
    computeCapabilities: [],
    gpu: null,
    driver: null,
    options: {},
    model: { sha256: sha256('model'), bytes: 5, externalFiles: [] },
    plan: { sha256: sha256(plan), bytes: plan.length },
    profiles: [
      { x: { min: [1, 4], opt: [2, 4], max: [8, 4] }, ids: { values: { min: [1], opt: [1], max: [2] } } },
    ],
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 4] }],
    outputs: [{ name: 'y', type: 'float32', dims: ['batch', -1] }],
    precision: { float32: 1 },
    layers: 3,
    parseMs: 1,
    buildMs: 2,
    warnings: [],
    ...changes,
  };
}
