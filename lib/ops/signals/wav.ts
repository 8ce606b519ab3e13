// SPDX-License-Identifier: Apache-2.0
// WAV files: RIFF chunks with uncompressed samples.

import { TensorRTError } from '../../errors';
import { describeType, flag, rejectUnknownOptions } from '../../option-checks';
import { Tensor } from '../../runtime/tensor';

/** What a WAV file holds. */
export interface WavAudio {
  /** `float32` `[channels, samples]`; samples of whole numbers from -1 to 1, of floats as the file has them. */
  readonly samples: Tensor<Float32Array>;
  /** Samples per second. */
  readonly sampleRate: number;
}

/** Options of {@link readWav}. */
export interface WavOptions {
  /** Gives the mean of the channels as one. Default: `false`. */
  mono?: boolean;
}

interface Format {
  readonly kind: 'integer' | 'float';
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of a sample of one channel. */
  readonly bytes: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
/** The part of an extended format's identifier behind its first two bytes, which are a plain format's number. */
const EXTENSIBLE_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/** The length that programs write who cannot go back to the file's beginning. */
const UNKNOWN_LENGTH = 0xffffffff;

/**
 * Reads a WAV file: whole numbers of 8, 16, 24 or 32 bits, floats of 32 or 64, any number of channels, plain or
 * `WAVE_FORMAT_EXTENSIBLE`. Blocks while it does, about a millisecond for ten seconds of speech; copies the samples.
 *
 * Nothing is resampled: compare `sampleRate` with what your model was trained on.
 *
 * @param bytes - The whole file.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE` for no bytes, `ERR_TRT_ARG_VALUE` for a file that is no WAV, corrupt,
 *   truncated, without samples, or compressed, `ERR_TRT_ARG_UNKNOWN_OPTION`.
 * @example
 * ```ts
 * const { samples, sampleRate } = readWav(await readFile('speech.wav'), { mono: true });
 * ```
 * @see Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 3.
 */
export function readWav(bytes: Uint8Array | ArrayBuffer, options: WavOptions = {}): WavAudio {
  rejectUnknownOptions('readWav', options, ['mono']);
  const { mono = false } = options;
  flag('mono', mono);
  const view = viewOf(bytes);
  const { format, data } = findChunks(view);
  const count = data.byteLength / (format.bytes * format.channels);
  const read = sampleReader(format, data);
  const samples = new Float32Array((mono ? 1 : format.channels) * count);
  const { channels } = format;
  for (let index = 0; index < count; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      const sample = read((index * channels + channel) * format.bytes);
      sum += sample;
      if (!mono) samples[channel * count + index] = sample;
    }
    if (mono) samples[index] = sum / channels;
  }
  return {
    samples: new Tensor('float32', [mono ? 1 : channels, count], samples),
    sampleRate: format.sampleRate,
  };
}

function viewOf(bytes: unknown): DataView {
  const isBytes = bytes instanceof ArrayBuffer || bytes instanceof Uint8Array;
  // There is no view over a buffer that was transferred away.
  if (isBytes && bytes.byteLength === 0) return new DataView(new ArrayBuffer(0));
  if (bytes instanceof ArrayBuffer) return new DataView(bytes);
  if (bytes instanceof Uint8Array) return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `readWav() takes the bytes of a file as Uint8Array, Buffer or ArrayBuffer, not ${describeType(bytes)}.`,
    { details: { received: describeType(bytes) } },
  );
}

function wavError(reason: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `readWav() cannot read this file: ${reason}.`, {
    hint: 'Pass the whole of a WAV file with uncompressed samples; convert others, with ffmpeg for instance.',
    details: { reason },
  });
}

function findChunks(view: DataView): { format: Format; data: DataView } {
  if (view.byteLength < 12 || chunkName(view, 0) !== 'RIFF' || chunkName(view, 8) !== 'WAVE')
    throw wavError('it does not begin as a WAV file does ("RIFF", a length, "WAVE")');
  let format: Format | undefined;
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const name = chunkName(view, at);
    const declared = view.getUint32(at + 4, true);
    const room = view.byteLength - at - 8;
    const length = name === 'data' && declared === UNKNOWN_LENGTH ? room : declared;
    if (length > room) throw wavError(`it is truncated: its part "${name}" has ${room} of ${length} bytes`);
    const chunk = new DataView(view.buffer, view.byteOffset + at + 8, length);
    if (name === 'fmt ') format = readFormat(chunk);
    if (name === 'data') return { format: requireFormat(format), data: checkData(chunk, declared, format) };
    // Chunks begin at even places.
    at += 8 + length + (length % 2);
  }
  throw wavError(format === undefined ? 'it has no format ("fmt ")' : 'it has no samples ("data")');
}

function chunkName(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}

function requireFormat(format: Format | undefined): Format {
  if (format === undefined) throw wavError('its samples come before their format ("fmt ")');
  return format;
}

function checkData(data: DataView, declared: number, format: Format | undefined): DataView {
  const frame = (format?.bytes ?? 1) * (format?.channels ?? 1);
  const rest = data.byteLength % frame;
  if (rest === 0) return data;
  // A recording of unknown length may have been cut anywhere.
  if (declared === UNKNOWN_LENGTH) return new DataView(data.buffer, data.byteOffset, data.byteLength - rest);
  throw wavError(`its ${data.byteLength} bytes of samples are no whole number of ${frame} bytes`);
}

function readFormat(chunk: DataView): Format {
  if (chunk.byteLength < 16) throw wavError(`its format has ${chunk.byteLength} bytes instead of 16 or more`);
  const tag = formatTag(chunk);
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const blockBytes = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  const known = tag === PCM ? [8, 16, 24, 32] : tag === FLOAT ? [32, 64] : [];
  if (known.length === 0) throw wavError(`its samples are compressed or unknown (format ${tag})`);
  if (!known.includes(bits))
    throw wavError(
      `its ${tag === PCM ? 'whole numbers' : 'floats'} have ${bits} bits instead of ${known.join(', ')}`,
    );
  if (channels === 0 || sampleRate === 0)
    throw wavError(`it has ${channels} channels of ${sampleRate} samples a second`);
  if (blockBytes !== (channels * bits) / 8)
    throw wavError(`its ${channels} channels of ${bits} bits do not make blocks of ${blockBytes} bytes`);
  return { kind: tag === PCM ? 'integer' : 'float', channels, sampleRate, bytes: bits / 8 };
}

function formatTag(chunk: DataView): number {
  const tag = chunk.getUint16(0, true);
  if (tag !== EXTENSIBLE) return tag;
  if (chunk.byteLength < 40)
    throw wavError(`its extended format has ${chunk.byteLength} bytes instead of 40`);
  const isKnown = EXTENSIBLE_TAIL.every((byte, index) => chunk.getUint8(26 + index) === byte);
  return isKnown ? chunk.getUint16(24, true) : tag;
}

function sampleReader({ kind, bytes }: Format, data: DataView): (at: number) => number {
  if (kind === 'float')
    return bytes === 8 ? (at) => data.getFloat64(at, true) : (at) => data.getFloat32(at, true);
  if (bytes === 1) return (at) => (data.getUint8(at) - 128) / 128;
  if (bytes === 2) return (at) => data.getInt16(at, true) / 32768;
  if (bytes === 4) return (at) => data.getInt32(at, true) / 2147483648;
  return (at) => (data.getUint16(at, true) + data.getInt8(at + 2) * 65536) / 8388608;
}
