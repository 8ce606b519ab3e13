// SPDX-License-Identifier: Apache-2.0
export type { FrameOptions, WindowName } from './frame-options';
export { frameSignal, planFrameSignal } from './frame-signal';
export { LOG_MEL_PRESETS, logMel, planLogMel } from './log-mel';
export type { LogMelOptions, LogMelPreset, LogMelSettings } from './log-mel';
export { melSpectrogram, planMelSpectrogram } from './mel-spectrogram';
export type { MelOptions } from './mel-spectrogram';
export { planPowerSpectrum, planStftMagnitude, powerSpectrum, stftMagnitude } from './power-spectrum';
export type { SpectrumOptions } from './power-spectrum';
export { readWav } from './wav';
export type { WavAudio, WavOptions } from './wav';
