// SPDX-License-Identifier: Apache-2.0
// The calibration cache of TensorRT 10's implicit quantisation, a text file:
//
//   TRT-101600-EntropyCalibration2
//   images: 3c010a14
//   relu1: 3d2b1c00
//
// The number in the first line is TensorRT's version (10.16.0). Then come tensors, each with its scale: the bits of a FLOAT
// as hexadecimal digits, most significant first. The scale is the amplitude divided by 127.
// Source: IInt8Calibrator::readCalibrationCache and writeCalibrationCache of TensorRT 10, and caches that it wrote.

import { TensorRTError } from '../../errors';
import { didYouMean } from '../../text/nearest-name';
import type { TensorRanges } from './choose-ranges';

/** A calibrator of TensorRT that writes caches. */
export type CacheAlgorithm =
  'EntropyCalibration2' | 'MinMaxCalibration' | 'EntropyCalibration' | 'LegacyCalibration';

/** A calibration cache of TensorRT 10. */
export interface CalibrationCache {
  /** Of the TensorRT that wrote it: `'101600'` is 10.16.0. */
  readonly version: string;
  /** One of `CacheAlgorithm`, or what a later TensorRT calls its own. */
  readonly algorithm: string;
  /** Scale of each tensor, above 0. */
  readonly scales: Readonly<Record<string, number>>;
}

const STEPS = 127;
/** Zeros are zeros at any scale, and TensorRT refuses that of 0. */
const SCALE_OF_ZEROS = 2 ** -24;
/** Tensors that TensorRT names itself are in no model. */
const UNNAMED = /^\(Unnamed Layer/;

/**
 * Reads a calibration cache.
 *
 * @param content - The text of the file, or its bytes.
 * @throws {TensorRTError} ERR_TRT_QUANT_CACHE for anything else, and for scales that are not above 0 and finite; the
 * message names the line and the tensor
 */
export function readCalibrationCache(content: string | Uint8Array): CalibrationCache {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
  const [header = '', ...lines] = text.split(/\r?\n/);
  const match = /^TRT-(\d+)-(\w+)\s*$/.exec(header);
  if (match === null) throw wrongHeader(header);
  const scales = new Map<string, number>();
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    // Names may hold ": " themselves.
    const at = line.lastIndexOf(': ');
    const name = line.slice(0, Math.max(at, 0));
    const digits = line.slice(at + 2).trim();
    if (name === '' || !/^[0-9a-f]{1,8}$/i.test(digits)) throw wrongLine(line, index + 2);
    const scale = scaleOfDigits(digits);
    if (!(scale > 0 && scale < Infinity)) throw wrongScale(name, scale, index + 2);
    scales.set(name, scale);
  });
  return { version: match[1]!, algorithm: match[2]!, scales: Object.fromEntries(scales) };
}

/** What a written cache says about its origin. */
export interface WriteCacheOptions {
  /** TensorRT's version as one number: major * 10000 + minor * 100 + patch. It reads caches of its own version only. */
  readonly version?: string;
  /** Default `'EntropyCalibration2'`: TensorRT reads a cache with the calibrator that its first line names. */
  readonly algorithm?: CacheAlgorithm;
}

/**
 * Writes ranges as a calibration cache, for an `IInt8Calibrator` of TensorRT 10 that returns it. Tensors that were always
 * zero get the smallest scale of FP16.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CACHE for an amplitude or a name that a cache cannot hold, or a version that is
 * no number
 */
export function writeCalibrationCache(
  ranges: TensorRanges,
  { version = '101600', algorithm = 'EntropyCalibration2' }: WriteCacheOptions = {},
): string {
  if (!/^\d+$/.test(version)) throw wrongHeader(`TRT-${version}-${algorithm}`);
  const lines = Object.entries(ranges).map(([name, { amplitude }]) => {
    const scale = Math.fround(amplitude / STEPS) || SCALE_OF_ZEROS;
    if (!(amplitude >= 0 && scale < Infinity)) throw wrongScale(name, amplitude);
    if (name === '' || /[\r\n]/.test(name)) throw wrongName(name);
    return `${name}: ${digitsOfScale(scale)}\n`;
  });
  return `TRT-${version}-${algorithm}\n${lines.join('')}`;
}

/** Which tensors a cache has to have, and which it may have. */
export interface RangesFromCacheOptions {
  /** Tensors whose ranges are needed. */
  readonly tensors: readonly string[];
  /**
   * All tensors of the model: a cache that has others is of another model. Without it others are left out. Tensors that
   * TensorRT has named itself (`(Unnamed Layer* 3) …`) are never looked at.
   */
  readonly known?: Iterable<string>;
}

/**
 * The ranges that a calibration cache stands for: each from minus to plus 127 times its scale.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CACHE for tensors that the cache lacks, or that the model does
 */
export function rangesFromCache(
  { scales }: Pick<CalibrationCache, 'scales'>,
  { tensors, known }: RangesFromCacheOptions,
): TensorRanges {
  const names = Object.keys(scales);
  if (known !== undefined) {
    const present = new Set(known);
    const strange = names.find((name) => !present.has(name) && !UNNAMED.test(name));
    if (strange !== undefined) throw notOfModel(strange, present);
  }
  const ranges = tensors.map((tensor) => {
    if (!Object.hasOwn(scales, tensor)) throw notInCache(tensor, names);
    const amplitude = scales[tensor]! * STEPS;
    return [tensor, { min: -amplitude, max: amplitude, amplitude }] as const;
  });
  return Object.fromEntries(ranges);
}

const view = new DataView(new ArrayBuffer(4));

function scaleOfDigits(digits: string): number {
  view.setUint32(0, Number.parseInt(digits, 16));
  return view.getFloat32(0);
}

function digitsOfScale(scale: number): string {
  view.setFloat32(0, scale);
  return view.getUint32(0).toString(16);
}

function wrongHeader(header: string): TensorRTError {
  const message = `Expected a first line like "TRT-101600-EntropyCalibration2", got ${JSON.stringify(header.slice(0, 80))}.`;
  return new TensorRTError('ERR_TRT_QUANT_CACHE', message, {
    hint: 'Pass a calibration cache that TensorRT 10 or writeCalibrationCache() wrote.',
    details: { header: header.slice(0, 80) },
  });
}

function wrongLine(line: string, number: number): TensorRTError {
  const message = `Expected "name: 3c010a14" in line ${number} of the calibration cache, got ${JSON.stringify(line.slice(0, 80))}.`;
  return new TensorRTError('ERR_TRT_QUANT_CACHE', message, { details: { line: number } });
}

function wrongScale(tensor: string, scale: number, line?: number): TensorRTError {
  const where = line === undefined ? '' : ` (line ${line})`;
  const message = `Expected a scale above 0 for the tensor "${tensor}" of the calibration cache${where}, got ${scale}.`;
  return new TensorRTError('ERR_TRT_QUANT_CACHE', message, { details: { tensor, scale, line } });
}

function wrongName(tensor: string): TensorRTError {
  const message = `A calibration cache cannot hold a tensor with the name ${JSON.stringify(tensor)}.`;
  return new TensorRTError('ERR_TRT_QUANT_CACHE', message, { details: { tensor } });
}

function notOfModel(tensor: string, present: ReadonlySet<string>): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_CACHE',
    `The calibration cache has a tensor "${tensor}", which the model lacks.${didYouMean(tensor, [...present])}`,
    { hint: 'Use the cache of this model, or calibrate it.', details: { tensor } },
  );
}

function notInCache(tensor: string, names: readonly string[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_CACHE',
    `The calibration cache lacks the tensor "${tensor}".${didYouMean(tensor, names)}`,
    { hint: 'Use the cache of this model, or calibrate it.', details: { tensor, tensors: names.length } },
  );
}
