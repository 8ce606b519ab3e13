// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSession, type Engine, type Feeds, type Session, type SessionOptions } from '../../index';
import { makeTemporaryFolder } from '../../temporary-folder';
import type { LayerTime, Unavailable } from '../result';
import { unavailable } from '../unavailable';
import { readOnnxRuntimeProfile, withShares, type OnnxRuntimeProfile } from './onnxruntime-profile';

/** What layer times are taken of. */
export interface LayerSource {
  readonly model: string | Uint8Array | Engine;
  readonly session: Session;
  readonly sessionOptions: SessionOptions;
  readonly feeds: Feeds;
  readonly signal?: AbortSignal | undefined;
}

const SKIPPED_RUNS = 3;
const RUNS = 20;

/** Times of the layers, in runs of their own: recording them makes a run slower. Says why where they cannot be had. */
export async function measureLayers(source: LayerSource): Promise<readonly LayerTime[] | Unavailable> {
  try {
    if (source.session.backend === 'tensorrt') return await traceLayers(source);
    return (await profileOnCpu(source)).layers;
  } catch (error) {
    return unavailable('layer times', error);
  }
}

async function traceLayers({ session, feeds, signal }: LayerSource): Promise<LayerTime[]> {
  const sums = new Map<string, number>();
  let counted = 0;
  for (let run = 0; run < SKIPPED_RUNS + RUNS && signal?.aborted !== true; run++) {
    const { layers } = await session.trace(feeds);
    if (run < SKIPPED_RUNS) continue;
    counted += 1;
    for (const { layer, milliseconds } of layers) sums.set(layer, (sums.get(layer) ?? 0) + milliseconds);
  }
  return withShares([...sums].map(([name, sum]) => ({ name, meanMs: sum / counted })));
}

/**
 * Runs the model in a second session that ONNX Runtime profiles, one call at a time.
 *
 * @param runs - Counted runs; some before them are not. Default 20.
 */
export async function profileOnCpu(
  { model, sessionOptions, feeds, signal }: Omit<LayerSource, 'session'>,
  runs = RUNS,
): Promise<OnnxRuntimeProfile> {
  const folder = makeTemporaryFolder('tensorrt-node-profile-');
  try {
    const session = await createSession(model, {
      ...sessionOptions,
      device: 'cpu',
      stageTimes: false,
      profileFilePrefix: join(folder.path, 'profile'),
    });
    try {
      for (let run = 0; run < SKIPPED_RUNS + runs && signal?.aborted !== true; run++)
        await session.run(feeds);
    } finally {
      await session.close();
    }
    const [file] = await readdir(folder.path);
    if (file === undefined) throw new Error('ONNX Runtime wrote no profile');
    return readOnnxRuntimeProfile(await readFile(join(folder.path, file), 'utf8'), SKIPPED_RUNS);
  } finally {
    await folder.remove();
  }
}
