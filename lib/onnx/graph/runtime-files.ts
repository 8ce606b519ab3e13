// SPDX-License-Identifier: Apache-2.0
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWeightFile, FileBytes, type WeightFile } from './file-bytes';
import { modelTensors } from './graph-walk';
import { MODEL_SCHEMA, type ModelMessage } from './onnx-messages';
import { inSequence, writeTogether } from './staged-file';
import { placeWeights, referTo, SMALLEST_EXTERNAL_BYTES } from './weight-places';
import { encodeParts } from './wire-message';

/**
 * Writes a model to a folder of its own for a runtime to read. Weights that lie in a file already get a second name in
 * the folder (a hard link) and are not copied; where that cannot be, they are, with the new ones.
 *
 * Symbolic links would not do: ONNX Runtime refuses those that leave the folder, as `loadModel` does.
 *
 * @returns the path of the model
 */
export async function writeModelForRuntime(message: ModelMessage, folder: string): Promise<string> {
  const path = join(folder, 'model.onnx');
  const linked = await linkWeights(message, folder);
  const plan = placeWeights(message, 'model.onnx.data', linked);
  const encoded = encodeParts(MODEL_SCHEMA, referTo(message, plan.places));
  const files = [{ path, parts: inSequence(encoded.parts) }];
  if (plan.data.length > 0) files.unshift({ path: `${path}.data`, parts: plan.data });
  await writeTogether(files);
  return path;
}

/** @returns names in the folder by the paths of the files; without those that cannot be linked */
async function linkWeights(message: ModelMessage, folder: string): Promise<Map<string, string>> {
  const files = new Map<string, WeightFile>();
  for (const { rawData } of modelTensors(message)) {
    const isLarge = rawData instanceof FileBytes && rawData.length >= SMALLEST_EXTERNAL_BYTES;
    if (isLarge) files.set(rawData.file.path, rawData.file);
  }
  const linked = new Map<string, string>();
  for (const file of files.values()) {
    const name = `weights-${linked.size}.bin`;
    if (await linkFile(file, join(folder, name))) linked.set(file.path, name);
  }
  return linked;
}

/** Other file systems and files of other people cannot be linked. A file that was changed is reported when it is read. */
async function linkFile(file: WeightFile, path: string): Promise<boolean> {
  try {
    await link(file.path, path);
    return (await describeWeightFile(path, file.location)).identity === file.identity;
  } catch {
    return false;
  }
}
