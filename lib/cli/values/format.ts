// SPDX-License-Identifier: Apache-2.0

/** Bytes for people: `640 B`, `12.3 KiB`, `1.50 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : digits3(value)} ${units[unit]}`;
}

/** A whole number with separators: `25,557,032`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** One of something or many: `1 input`, `2 inputs`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A duration for people: `0.412 ms`, `87.1 ms`, `12.3 s`, `2 min 05 s`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${digits3(ms)} ms`;
  if (ms < 60_000) return `${digits3(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Seconds that pass by on a progress line: `9 s`, `2 min 05 s`. */
export function formatElapsed(ms: number): string {
  return ms < 60_000 ? `${Math.floor(ms / 1000)} s` : formatMs(ms);
}

/** Dimensions as ONNX users write them: `[batch, 3, 224, 224]`, `[]` for a scalar. */
export function formatDims(dims: readonly (number | string)[]): string {
  return `[${dims.map((dim) => (dim === -1 ? '?' : String(dim))).join(', ')}]`;
}

/** A number of about three significant digits, without exponent where it is readable. */
export function digits3(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || (magnitude > 0 && magnitude < 1e-4)) return value.toExponential(3);
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  if (magnitude >= 1) return value.toFixed(2);
  if (magnitude >= 0.01 || magnitude === 0) return value.toFixed(3);
  return String(Number(value.toPrecision(3)));
}
