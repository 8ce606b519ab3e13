// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { findCrashCause } from './crash-causes';
import type { GraphDraft, ModelDraft } from './model-draft';

/** Exporters write one external data file, or one per tensor. More than this is a model made to cost its reader. */
const MOST_EXTERNAL_FILES = 10_000;

/**
 * Checks what ONNX demands of names: graphs with outputs, operators with a type, no name given twice, and that external
 * data lies in no more files than anybody needs.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_INVALID
 */
export function checkIntegrity(model: ModelDraft, label: string): void {
  const { main } = model;
  if (main === undefined || main.outputs.length === 0) {
    throw invalid(label, 'its graph has no outputs', { reason: 'no-outputs' });
  }
  for (const graph of model.graphs) {
    checkUnnamed(graph, label);
    checkDuplicates(graph, label);
  }
  checkExternalFiles(model, label);
  const crash = findCrashCause(model.graphs);
  if (crash !== undefined) throw invalid(label, crash, { reason: 'structure' });
}

function checkUnnamed(graph: GraphDraft, label: string): void {
  const untyped = graph.nodes.find((node) => node.opType === '');
  if (untyped !== undefined) {
    throw invalid(label, `node ${untyped.index}${inScope(graph)} has no operator type`, {
      reason: 'no-operator',
    });
  }
  const unnamed = [...graph.inputs, ...graph.outputs].some((value) => value.name === '');
  if (unnamed && graph.parent === undefined) {
    throw invalid(label, 'an input or output has no name', { reason: 'unnamed' });
  }
}

function checkDuplicates(graph: GraphDraft, label: string): void {
  const lists: readonly (readonly [what: string, names: readonly string[]])[] = [
    ['inputs', graph.inputs.map((value) => value.name)],
    ['outputs', graph.outputs.map((value) => value.name)],
    ['initializers', graph.initializers.map((tensor) => tensor.name)],
    ['node outputs', graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''))],
  ];
  for (const [what, names] of lists) {
    const twice = firstDuplicate(names);
    if (twice !== undefined) {
      const why = `two ${what}${inScope(graph)} have the name "${twice}"`;
      throw invalid(label, why, { reason: 'duplicate-name', name: twice });
    }
  }
}

function checkExternalFiles({ graphs }: ModelDraft, label: string): void {
  const files = new Set<string>();
  for (const { initializers, constants } of graphs) {
    for (const list of [initializers, constants])
      for (const { external } of list) if (external) files.add(external.location);
  }
  if (files.size <= MOST_EXTERNAL_FILES) return;
  const why = `its external data lies in ${files.size} files, more than ${MOST_EXTERNAL_FILES}`;
  throw invalid(label, why, { reason: 'external-files', files: files.size });
}

function firstDuplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function inScope(graph: GraphDraft): string {
  return graph.scope === '' ? '' : ` of ${graph.scope}`;
}

function invalid(label: string, why: string, details: Record<string, unknown>): TensorRTError {
  const subject = label === 'the model' ? 'The model' : `"${label}"`;
  return new TensorRTError('ERR_TRT_ONNX_INVALID', `${subject} is not a valid ONNX model: ${why}.`, {
    details: { path: label, kind: 'onnx', ...details },
  });
}
