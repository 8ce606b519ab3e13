// SPDX-License-Identifier: Apache-2.0
import { flag, typed, typeError, valueError } from '../../option-checks';
import { readPreprocessOptions } from '../../ops/image/preprocess-options';
import { LOG_MEL_PRESETS, planLogMel, type LogMelOptions } from '../../ops/signals/log-mel';
import { MEL_OPTIONS } from '../../ops/signals/mel-spectrogram';
import { OPERATOR_OPTIONS } from '../../ops/run-operator';
import type { AudioPre, ImagePre } from './pipeline-spec';
import { checkOthers } from './check-others';
import { checkName } from './names';
import { checkedAt, refuseUnknownKeys } from './spec-error';

const IMAGE_SETTINGS = [
  ...['size', 'fit', 'position', 'coverFraction', 'fill', 'filter', 'antialias', 'coordinates'],
  ...['channels', 'layout', 'type', 'scale', 'mean', 'std', 'quantization'],
] as const satisfies readonly (keyof ImagePre)[];

const AUDIO_SETTINGS = [
  ...MEL_OPTIONS.filter((name) => !(OPERATOR_OPTIONS as readonly string[]).includes(name)),
  ...['preset', 'log', 'floor', 'range', 'offset', 'multiplier'],
];

/** Samples of a signal long enough for any frame. */
const LONG_SIGNAL = 2 ** 24;

/** Settings of an image as `preprocessImages()` takes them. */
export function imageSettings(pre: ImagePre): Partial<ImagePre> {
  return Object.fromEntries(
    IMAGE_SETTINGS.filter((name) => pre[name] !== undefined).map((name) => [name, pre[name]]),
  );
}

/** Settings of a sound as `logMel()` takes them. */
export function audioSettings(pre: AudioPre): LogMelOptions {
  const given = Object.entries(pre).filter(
    ([name, value]) => AUDIO_SETTINGS.includes(name) && value !== undefined,
  );
  return Object.fromEntries(given) as unknown as LogMelOptions;
}

/** Samples per second that a spec asks for. */
export function sampleRateOf(pre: AudioPre): number {
  return pre.sampleRate ?? LOG_MEL_PRESETS[pre.preset!].sampleRate;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkImage(at: string, pre: ImagePre): void {
  refuseUnknownKeys(at, pre, ['kind', 'input', 'autoOrient', 'others', ...IMAGE_SETTINGS]);
  checkOthers(at, pre.others, true);
  checkedAt(at, () => {
    if (pre.input !== undefined) checkName('input', pre.input);
    if (pre.autoOrient !== undefined) flag('autoOrient', pre.autoOrient);
    readPreprocessOptions({
      // What the model may still decide: its size, and by its channels how long lists are.
      size: 1,
      channels: listsOf(pre).some((list) => list.length === 1) ? 'gray' : 'rgb',
      ...(pre.quantization === undefined ? {} : { type: 'uint8' }),
      ...imageSettings(pre),
    });
  });
}

function listsOf({ mean, std, fill }: ImagePre): (readonly unknown[])[] {
  return [mean, std, fill].filter((value) => Array.isArray(value)) as (readonly unknown[])[];
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkAudio(at: string, pre: AudioPre): void {
  refuseUnknownKeys(at, pre, ['kind', 'input', 'others', ...AUDIO_SETTINGS]);
  checkOthers(at, pre.others, false);
  checkedAt(at, () => {
    if (pre.input !== undefined) checkName('input', pre.input);
    if (pre.sampleRate === undefined && pre.preset === undefined)
      throw valueError('sampleRate', undefined, 'given, or a preset that has it');
    if (pre.sampleRate !== undefined)
      typed('a number', (value) => typeof value === 'number')('sampleRate', pre.sampleRate);
    // Of arrays JSON has one kind.
    if (ArrayBuffer.isView(pre.window)) throw typeError('window', pre.window, 'a name or a list of numbers');
    planLogMel([{ type: 'float32', dims: [pre.signalLength ?? LONG_SIGNAL] }], audioSettings(pre));
  });
}
