// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readWav } from '../../../../lib/ops/signals/index';

interface Wav {
  tag?: number;
  bits?: number;
  channels?: number;
  sampleRate?: number;
  block?: number;
  data: Uint8Array;
  /** Length that the file gives its samples. */
  declared?: number;
  /** Parts between format and samples. */
  between?: Uint8Array;
  extended?: number;
}

function text(value: string): number[] {
  return [...value].map((letter) => letter.charCodeAt(0));
}

function number(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

const TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

function makeWav(wav: Wav): Uint8Array {
  const { tag = 1, bits = 16, channels = 1, sampleRate = 16000, data, between = [] } = wav;
  const block = wav.block ?? (channels * bits) / 8;
  const format = [
    ...[
      number(wav.extended === undefined ? tag : 0xfffe, 2),
      number(channels, 2),
      number(sampleRate, 4),
    ].flat(),
    ...[number(sampleRate * block, 4), number(block, 2), number(bits, 2)].flat(),
    ...(wav.extended === undefined
      ? []
      : [number(22, 2), number(bits, 2), number(0, 4), number(wav.extended, 2), TAIL].flat()),
  ];
  const body = [
    ...[text('WAVE'), text('fmt '), number(format.length, 4), format, [...between]].flat(),
    ...[text('data'), number(wav.declared ?? data.length, 4), [...data]].flat(),
  ];
  return Uint8Array.from([...text('RIFF'), ...number(body.length, 4), ...body]);
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const shorts = bytesOf(Int16Array.of(0, 16384, -32768, 32767));
const samplesOf = (wav: Wav) => [...readWav(makeWav(wav)).samples.data];

/** Bytes whose buffer has gone to another thread. */
function transferred(): Uint8Array {
  const bytes = new Uint8Array(100);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

describe('readWav', () => {
  it('reads whole numbers and floats of all sizes', () => {
    expect(samplesOf({ data: shorts })).toEqual([0, 0.5, -1, 32767 / 32768]);
    expect(samplesOf({ bits: 8, data: Uint8Array.of(0, 128, 192) })).toEqual([-1, 0, 0.5]);
    const threes = Uint8Array.of(0, 0, 0x80, 0, 0, 0x40, 0xff, 0xff, 0xff, 1, 0, 0);
    expect(samplesOf({ bits: 24, data: threes })).toEqual([-1, 0.5, -1 / 8388608, 1 / 8388608]);
    expect(samplesOf({ bits: 32, data: bytesOf(Int32Array.of(-(2 ** 31), 2 ** 30)) })).toEqual([-1, 0.5]);
    expect(samplesOf({ tag: 3, bits: 32, data: bytesOf(Float32Array.of(0.1, 3)) })).toEqual([
      Math.fround(0.1),
      3,
    ]);
    expect(samplesOf({ tag: 3, bits: 64, data: bytesOf(Float64Array.of(-0.25)) })).toEqual([-0.25]);
  });

  it('separates channels, or gives their mean', () => {
    const wav = makeWav({ channels: 2, sampleRate: 44100, data: shorts });
    const stereo = readWav(wav);
    expect(stereo.sampleRate).toBe(44100);
    expect(stereo.samples.type).toBe('float32');
    expect(stereo.samples.dims).toEqual([2, 2]);
    expect([...stereo.samples.data]).toEqual([0, -1, 0.5, 32767 / 32768]);
    const mono = readWav(wav, { mono: true });
    expect(mono.samples.dims).toEqual([1, 2]);
    expect([...mono.samples.data]).toEqual([0.25, -1 / 65536]);
  });

  it('reads extended formats, parts that it does not know, and files of unknown length', () => {
    expect(samplesOf({ extended: 1, data: shorts })).toHaveLength(4);
    expect(samplesOf({ extended: 3, bits: 32, data: bytesOf(Float32Array.of(2)) })).toEqual([2]);
    const between = Uint8Array.from([...text('LIST'), ...number(3, 4), 1, 2, 3, 0]);
    expect(samplesOf({ between, data: shorts })).toHaveLength(4);
    expect(samplesOf({ declared: 0xffffffff, data: Uint8Array.of(0, 64, 9) })).toEqual([0.5]);
    expect(readWav(makeWav({ data: new Uint8Array(0) })).samples.dims).toEqual([1, 0]);
  });

  it('reads views into larger buffers, and whole buffers', () => {
    const wav = makeWav({ data: shorts });
    const larger = new Uint8Array(wav.length + 5);
    larger.set(wav, 5);
    expect([...readWav(larger.subarray(5)).samples.data]).toEqual(samplesOf({ data: shorts }));
    expect([...readWav(Uint8Array.from(wav).buffer).samples.data]).toEqual(samplesOf({ data: shorts }));
  });

  it.each<[reason: string, bytes: Uint8Array]>([
    ['it does not begin as a WAV file', new Uint8Array(0)],
    ['it does not begin as a WAV file', transferred()],
    ['it does not begin as a WAV file', Uint8Array.from(text('RIFX0000WAVE'))],
    ['it has no format', Uint8Array.from([...text('RIFF'), 4, 0, 0, 0, ...text('WAVE')])],
    ['it has no samples', makeWav({ data: shorts }).subarray(0, 36)],
    ['come before their format', Uint8Array.from(text('RIFF0000WAVEdata\0\0\0\0'))],
    ['"data" has 7 of 8 bytes', makeWav({ data: shorts }).subarray(0, 51)],
    ['no whole number of 4 bytes', makeWav({ channels: 2, data: shorts.subarray(0, 6) })],
    ['compressed or unknown \\(format 85\\)', makeWav({ tag: 85, data: shorts })],
    [
      'compressed or unknown \\(format 65534\\)',
      damaged(makeWav({ extended: 1, data: shorts }), 12 + 8 + 30),
    ],
    ['have 12 bits', makeWav({ bits: 12, block: 2, data: shorts })],
    ['floats have 16 bits', makeWav({ tag: 3, data: shorts })],
    ['0 channels', makeWav({ channels: 0, data: shorts })],
    ['of 0 samples a second', makeWav({ sampleRate: 0, data: shorts })],
    ['blocks of 3 bytes', makeWav({ block: 3, data: shorts })],
    ['extended format has 16 bytes', makeWav({ tag: 0xfffe, data: shorts })],
  ])('says of a file that %s', (reason, bytes) => {
    expect(() => readWav(bytes)).toThrow(new RegExp(reason));
    expect(() => readWav(bytes)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }) as Error);
  });

  it('survives every cut and every damaged byte', () => {
    const wav = makeWav({ extended: 1, channels: 2, data: shorts });
    const files = [...wav.keys()].flatMap((at) => [wav.subarray(0, at), damaged(wav, at)]);
    const codes = files.map((bytes) => {
      try {
        readWav(bytes);
        return 'read';
      } catch (error) {
        return (error as { code?: string }).code;
      }
    });
    expect(new Set(codes)).toEqual(new Set(['read', 'ERR_TRT_ARG_VALUE']));
  });

  it('refuses what are no bytes, and options that it does not have', () => {
    const code = (value: string) => expect.objectContaining({ code: value }) as Error;
    expect(() => readWav('speech.wav' as never)).toThrow(code('ERR_TRT_ARG_TYPE'));
    expect(() => readWav(new Uint8Array(0), { mono: 1 as never })).toThrow(code('ERR_TRT_ARG_TYPE'));
    expect(() => readWav(new Uint8Array(0), { channels: 1 } as never)).toThrow(
      code('ERR_TRT_ARG_UNKNOWN_OPTION'),
    );
  });
});

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
