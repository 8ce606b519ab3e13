// SPDX-License-Identifier: Apache-2.0
// What TensorRT's parser would accept and then change, or ignore, without a word. It is said before the build.

import type { Family } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { ModelInfo } from '../onnx';

/** Up to where a parser knows the standard. */
export interface ParserLimits {
  /** Newest opset that NVIDIA documents. Newer ones get a warning. */
  readonly documentedOpset: number;
  /** Newest opset that is let through. */
  readonly opset: number;
  /** Newest IR version that is let through. */
  readonly irVersion: number;
}

/**
 * Parsers accept any version number, 99 too, and read newer operators as if they were old ones.
 *
 * `documentedOpset`: TensorRT's "ONNX Opset Guide" (11.x, and TensorRT-RTX with the same parser: ONNX 1.20, opset 25)
 * and the operator table of onnx-tensorrt 10.15 (opset 24). `opset` and `irVersion`: the newest of the backend tests of
 * ONNX 1.22 that TensorRT-RTX 1.7 builds; refusing less would refuse models that work.
 */
export const PARSER_LIMITS: Readonly<Record<Family, ParserLimits>> = {
  'tensorrt-10': { documentedOpset: 24, opset: 27, irVersion: 13 },
  'tensorrt-11': { documentedOpset: 25, opset: 27, irVersion: 13 },
  'tensorrt-rtx': { documentedOpset: 25, opset: 27, irVersion: 13 },
};

/** protobuf's limit for one message: a larger file parses nowhere. */
const LARGEST_MESSAGE = 2 ** 31 - 1;

/** How `checkModel` judges. */
export interface ModelCheckOptions {
  readonly family: Family;
  /** Accept types that TensorRT changes (DOUBLE to FLOAT, UINT8 quantisation to INT8): they become warnings. */
  readonly allowTypeChanges?: boolean;
}

/**
 * Checks a model for what TensorRT would change or misread silently.
 *
 * @returns Warnings, one sentence each.
 * @throws {TensorRTError} ERR_TRT_ONNX_OPSET, ERR_TRT_ONNX_IR_VERSION, ERR_TRT_ONNX_INVALID (larger than a protobuf can
 * be), ERR_TRT_ONNX_UNSUPPORTED_TYPE with every tensor that TensorRT has no type for, or would change
 */
export function checkModel(info: ModelInfo, options: ModelCheckOptions): string[] {
  checkSize(info);
  const warnings = checkVersions(info, options.family);
  refuse(listUnsupported(info), 'TensorRT has no type for', 'Take these tensors out of the model.');
  const changes = listTypeChanges(info);
  if (options.allowTypeChanges === true) return [...warnings, ...changes.map(changeWarning)];
  const hint =
    'Convert them to FLOAT, or to INT8 quantisation, or pass `allowTypeChanges: true` to accept what TensorRT makes of them.';
  refuse(changes, 'TensorRT would silently change the type of', hint);
  return warnings;
}

function checkSize(info: ModelInfo): void {
  if (info.fileBytes <= LARGEST_MESSAGE) return;
  const message = `The model file has ${info.fileBytes} bytes; a protobuf message can have ${LARGEST_MESSAGE}.`;
  throw new TensorRTError('ERR_TRT_ONNX_INVALID', message, {
    hint: 'Save the model with external data: onnx.save(model, path, save_as_external_data=True).',
    details: { fileBytes: info.fileBytes, limit: LARGEST_MESSAGE },
  });
}

function checkVersions(info: ModelInfo, family: Family): string[] {
  const limits = PARSER_LIMITS[family];
  if (info.irVersion > limits.irVersion) {
    const message = `The model has ONNX IR version ${info.irVersion}; ${family} knows versions up to ${limits.irVersion}.`;
    throw new TensorRTError('ERR_TRT_ONNX_IR_VERSION', message, {
      details: { irVersion: info.irVersion, newest: limits.irVersion, family },
    });
  }
  const opset = info.opsets[''] ?? 0;
  if (opset > limits.opset) {
    const message = `The model has opset ${opset}; ${family} knows opsets up to ${limits.opset}.`;
    throw new TensorRTError('ERR_TRT_ONNX_OPSET', message, {
      hint: `Export the model with opset ${limits.documentedOpset} or older, or convert it with onnx.version_converter.`,
      details: { opset, newest: limits.opset, documented: limits.documentedOpset, family },
    });
  }
  if (opset <= limits.documentedOpset) return [];
  return [
    `The model has opset ${opset}; ${family} is documented for opsets up to ${limits.documentedOpset}.`,
  ];
}

/** A tensor or node whose type is a problem. */
interface TypedItem {
  readonly name: string;
  readonly role: 'input' | 'output' | 'initializer' | 'constant' | 'node';
  readonly type: string;
  /** What TensorRT makes of it; absent if it takes it not at all. */
  readonly becomes?: string;
}

function listUnsupported(info: ModelInfo): TypedItem[] {
  return listTensors(info).filter(({ type }) => type === 'STRING' || /^COMPLEX/.test(type));
}

function listTypeChanges(info: ModelInfo): TypedItem[] {
  const doubles = listTensors(info).filter(({ type }) => type === 'DOUBLE');
  const quantized = info.quantization
    .filter((node) => node.onnxType === 'UINT8')
    .map(({ name, opType, output }): TypedItem => ({
      name: nodeLabel(name, opType, output),
      role: 'node',
      type: 'UINT8',
    }));
  return [
    ...doubles.map((item) => ({ ...item, becomes: 'FLOAT' })),
    ...quantized.map((item) => ({ ...item, becomes: 'INT8' })),
  ];
}

function listTensors(info: ModelInfo): TypedItem[] {
  const items: TypedItem[] = [
    ...info.inputs.map((value): TypedItem => ({ name: value.name, role: 'input', type: value.onnxType })),
    ...info.outputs.map((value): TypedItem => ({ name: value.name, role: 'output', type: value.onnxType })),
    ...info.initializers.map((tensor): TypedItem => ({
      name: tensor.name,
      role: 'initializer',
      type: tensor.onnxType,
    })),
  ];
  for (const node of info.nodes.list) {
    const output = node.outputs[0] ?? '';
    if (node.value !== undefined) items.push({ name: output, role: 'constant', type: node.value.onnxType });
    // 11 is DOUBLE, the only cast target that changes silently.
    if (node.typeAttribute === 11)
      items.push({ name: nodeLabel(node.name, node.opType, output), role: 'node', type: 'DOUBLE' });
  }
  return items;
}

function nodeLabel(name: string, opType: string, output: string): string {
  return name !== '' ? name : `${opType} -> ${output}`;
}

function refuse(items: readonly TypedItem[], verdict: string, hint: string): void {
  if (items.length === 0) return;
  const shown = items.slice(0, 20).map(({ name, role, type, becomes }) => {
    return `${role} "${name}" ${type}${becomes === undefined ? '' : ` (would become ${becomes})`}`;
  });
  const rest = items.length > shown.length ? `, and ${items.length - shown.length} more` : '';
  throw new TensorRTError('ERR_TRT_ONNX_UNSUPPORTED_TYPE', `${verdict}: ${shown.join(', ')}${rest}.`, {
    hint,
    details: { tensors: items },
  });
}

function changeWarning({ name, role, type, becomes }: TypedItem): string {
  return `TensorRT changes the type of ${role} "${name}" from ${type} to ${becomes}.`;
}
