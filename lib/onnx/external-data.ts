// SPDX-License-Identifier: Apache-2.0
// External data is read by native code that believes what the model says. What it says is checked here first: a model
// from somewhere must not make anybody read /etc/shadow, nor read behind the end of a file.

import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, resolve, sep } from 'node:path';
import { TensorRTError, type TensorRTErrorCode } from '../errors';
import type { ModelInfo, OnnxTensorInfo } from './model-info';

/** A file of external data that was found. */
export interface ExternalFile {
  /** As the model names it. */
  readonly location: string;
  /** Absolute path, links resolved; the location again for data in memory. */
  readonly path: string;
  readonly bytes: number;
}

type ExternalInfo = Pick<ModelInfo, 'externalTensors' | 'externalFiles'>;
/** Files that are looked at side by side: a model may name thousands. */
const PARALLEL_LOOKUPS = 16;

/** What is wrong with a file, as the end of a sentence that begins with its name; or the file. */
type Finding = ExternalFile | { code: TensorRTErrorCode; reason: string };

/**
 * Checks that each external data file of a model lies inside the model's folder and is as long as its tensors need.
 *
 * @param modelDirectory The folder that holds the .onnx file.
 * @returns The files, in order of their first use.
 * @throws {TensorRTError} ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE for absolute paths, `..` and links that leave the
 * folder; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING for files that are missing or too short. The error lists all of them.
 */
export async function checkExternalData(info: ExternalInfo, modelDirectory: string): Promise<ExternalFile[]> {
  if (info.externalFiles.length === 0) return [];
  const folder = await realpath(modelDirectory).catch(() => resolve(modelDirectory));
  const findings = await findFiles(folder, info.externalFiles);
  return settle(info, findings, `folder "${modelDirectory}"`);
}

/**
 * The same check for a model in memory, whose external data is given by file name.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE, ERR_TRT_ONNX_EXTERNAL_DATA_MISSING
 */
export function checkExternalBytes(
  info: ExternalInfo,
  externalData: Readonly<Record<string, Uint8Array>> = {},
): ExternalFile[] {
  const findings = info.externalFiles.map((location): Finding => {
    if (leavesFolder(location)) return outside('is not a plain relative path');
    const content = Object.hasOwn(externalData, location) ? externalData[location] : undefined;
    if (!(content instanceof Uint8Array)) return missing('was not given in `externalData`');
    return { location, path: location, bytes: content.length };
  });
  return settle(info, findings, 'option `externalData`');
}

async function findFiles(folder: string, locations: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < locations.length) {
      const index = next++;
      findings[index] = await findFile(folder, locations[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_LOOKUPS, locations.length) }, worker));
  return findings;
}

async function findFile(folder: string, location: string): Promise<Finding> {
  if (leavesFolder(location)) return outside('is not a plain relative path');
  try {
    const path = await realpath(resolve(folder, location));
    if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep))
      return outside(`is a link to "${path}"`);
    const facts = await stat(path);
    return facts.isFile() ? { location, path, bytes: facts.size } : missing('is not a file');
  } catch (error) {
    return missing(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}

function leavesFolder(location: string): boolean {
  // Backslashes and drive letters count on every system: models travel between them.
  return (
    isAbsolute(location) ||
    /^[\\/]|^[A-Za-z]:/.test(location) ||
    location.includes('\0') ||
    location.split(/[\\/]/).includes('..')
  );
}

function outside(reason: string): Finding {
  return { code: 'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE', reason };
}

function missing(reason: string): Finding {
  return { code: 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING', reason };
}

function settle(info: ExternalInfo, findings: readonly Finding[], place: string): ExternalFile[] {
  const complaints: { code: TensorRTErrorCode; file: string; tensors: string[]; text: string }[] = [];
  const files: ExternalFile[] = [];
  const tensorsOf = groupByLocation(info.externalTensors);
  findings.forEach((finding, index) => {
    const location = info.externalFiles[index]!;
    const users = tensorsOf.get(location) ?? [];
    const complaint = 'code' in finding ? finding : tooShort(finding, users);
    if (complaint === undefined) return files.push(finding as ExternalFile);
    const tensors = users.map((tensor) => tensor.name);
    const text = `"${location}" (for ${nameSome(tensors)}) ${complaint.reason}`;
    return complaints.push({ code: complaint.code, file: location, tensors, text });
  });
  if (complaints.length === 0) return files;
  const code = complaints.find((one) => one.code.endsWith('OUTSIDE'))?.code ?? complaints[0]!.code;
  const text = complaints.map((one) => one.text).join('; ');
  throw new TensorRTError(code, `The model's external data is not usable, ${place}: ${text}.`, {
    details: { files: complaints.map(({ file, tensors, text: problem }) => ({ file, tensors, problem })) },
  });
}

/** Grouped once: a search per file would take hours for a model that is made to have many of both. */
function groupByLocation(tensors: readonly OnnxTensorInfo[]): Map<string, OnnxTensorInfo[]> {
  const groups = new Map<string, OnnxTensorInfo[]>();
  for (const tensor of tensors) {
    const { location } = tensor.external!;
    const group = groups.get(location);
    if (group) group.push(tensor);
    else groups.set(location, [tensor]);
  }
  return groups;
}

function tooShort(
  file: ExternalFile,
  tensors: readonly OnnxTensorInfo[],
): Exclude<Finding, ExternalFile> | undefined {
  for (const tensor of tensors) {
    const { offset, length = tensor.bytes } = tensor.external!;
    if (offset + length > file.bytes) {
      const reason = `has ${file.bytes} bytes, tensor "${tensor.name}" needs bytes ${offset} to ${offset + length}`;
      return { code: 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING', reason };
    }
  }
  return undefined;
}

function nameSome(tensors: readonly string[]): string {
  const shown = tensors.slice(0, 3).map((name) => `"${name}"`);
  return shown.join(', ') + (tensors.length > 3 ? ` and ${tensors.length - 3} more` : '');
}
