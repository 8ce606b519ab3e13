// SPDX-License-Identifier: Apache-2.0
// `run --image` and `run --audio`: files through a pipeline, results as lines or as JSON.

import { readFile } from 'node:fs/promises';

import type {
  Detection,
  InstanceDetection,
  KeypointDetection,
  PipelineOptions,
  PipelineTask,
  ScoredClass,
  Segmentation,
  TensorsResult,
} from '../../pipeline';
import { fileReadError } from '../../runtime/file-errors';
import type { CommandContext, CommandResult } from '../command';
import { formatFallback, whereItRan } from '../session-talk';
import { formatSummary, summariseTensor } from '../tensor-summary';
import { indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatDims, formatMs } from '../values/format';

/** What to run on what. */
export interface PipelineRun {
  readonly model: string;
  readonly files: readonly string[];
  readonly options: PipelineOptions;
}

/** Runs the files in one call. */
export async function runPipeline(
  { model, files, options }: PipelineRun,
  { api, terminal }: CommandContext,
): Promise<CommandResult> {
  const inputs = await Promise.all(files.map(readInput));
  const pipeline = await api.createPipeline(model, options);
  try {
    const startMs = performance.now();
    const results = await pipeline.run(inputs);
    const elapsedMs = performance.now() - startMs;
    const { session, spec } = pipeline;
    const { device, backend, fallbackReason } = session;
    const found = results.map((result, index) => ({
      file: files[index]!,
      result: toJson(spec.task, result),
    }));
    const { stageMs } = pipeline.statistics();
    const { style } = terminal;
    return {
      json: { model, task: spec.task, device, backend, fallbackReason, elapsedMs, stageMs, results: found },
      lines: () => [
        `${style.green('ran')}  ${style.bold(model)}  ${style.dim(`${spec.task} ${whereItRan(session)}, in ${formatMs(elapsedMs)} (first call)`)}`,
        ...indent(formatFallback(session).map(style.dim)),
        ...results.flatMap((result, index) => [
          '',
          style.bold(printable(files[index]!)),
          ...indent(formatResult(spec.task, result)),
        ]),
      ],
    };
  } finally {
    await pipeline.close();
  }
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileReadError('input', path, error);
  }
}

function toJson(task: PipelineTask, result: unknown): unknown {
  if (task === 'embedding') return [...(result as Float32Array)];
  if (task === 'segmentation') {
    const { width, height, classes } = result as Segmentation;
    return { width, height, classes };
  }
  if (task === 'instance-segmentation') return (result as readonly InstanceDetection[]).map(withPixels);
  if (task !== 'tensors') return result;
  const { tensors, transform } = result as TensorsResult;
  const outputs = Object.entries(tensors).map(([name, tensor]) => ({
    name,
    type: tensor.type,
    dims: tensor.dims,
    ...summariseTensor(tensor),
  }));
  return { outputs, ...(transform === undefined ? {} : { transform }) };
}

/** A mask is too long to be printed: its place, and how many pixels it has. */
function withPixels({ mask: { data, ...part }, ...found }: InstanceDetection): object {
  return { ...found, mask: { ...part, pixels: pixelsOf(data) } };
}

function pixelsOf(mask: Uint8Array): number {
  return mask.reduce((sum, inside) => sum + inside, 0);
}

function formatResult(task: PipelineTask, result: unknown): string[] {
  if (task === 'tensors') return formatTensors(result as TensorsResult);
  if (task === 'embedding') {
    const vector = result as Float32Array;
    const shown = [...vector.subarray(0, 6)].map((value) => value.toFixed(4)).join(', ');
    return [`${vector.length} numbers: ${shown}${vector.length > 6 ? ', …' : ''}`];
  }
  if (task === 'segmentation') return formatSegmentation(result as Segmentation);
  const found = result as readonly ScoredClass[];
  if (found.length === 0) return ['nothing'];
  return found.flatMap((one) => [
    `${one.score.toFixed(4)}  ${nameOf(one)}${placeOf(one)}${maskOf(one)}`,
    ...indent(pointsOf(one)),
  ]);
}

function formatSegmentation({ classes, width, height }: Segmentation): string[] {
  return [
    `${width} x ${height} pixels`,
    ...classes.map((one) => `${(one.share * 100).toFixed(2).padStart(6)} %  ${nameOf(one)}`),
  ];
}

function maskOf(found: ScoredClass): string {
  if (!('mask' in found)) return '';
  return `, ${pixelsOf((found as InstanceDetection).mask.data)} pixels`;
}

function pointsOf(found: ScoredClass): string[] {
  if (!('points' in found)) return [];
  return (found as KeypointDetection).points.map(({ x, y, score, name }, index) => {
    const said = score === undefined ? '' : `  ${score.toFixed(4)}`;
    return `${name === undefined ? `point ${index}` : printable(name)}${said}  at x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
  });
}

function nameOf({ label, classId }: Pick<ScoredClass, 'label' | 'classId'>): string {
  return label === undefined ? `class ${classId}` : printable(label);
}

function placeOf(found: ScoredClass): string {
  if (!('box' in found)) return '';
  const { x, y, width, height } = (found as Detection).box;
  const [left, top, wide, high] = [x, y, width, height].map((value) => value.toFixed(1));
  return `  at x ${left}, y ${top}, ${wide} x ${high}`;
}

function formatTensors({ tensors }: TensorsResult): string[] {
  return Object.entries(tensors).flatMap(([name, tensor]) => [
    `${printable(name)}  ${tensor.type}  ${formatDims(tensor.dims)}`,
    ...indent(formatSummary(summariseTensor(tensor))),
  ]);
}
