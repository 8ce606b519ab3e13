// SPDX-License-Identifier: Apache-2.0

/** What stands where there is no number. */
export const NOTHING = '–';

const THOUSANDS = /\B(?=(\d{3})+(?!\d))/g;

/**
 * A number with at least four significant digits, never in exponents: what engineers quote. Null, NaN and infinity
 * (which JSON does not carry) give a dash.
 */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0';
  const before = Math.floor(Math.log10(Math.abs(value))) + 1;
  const [whole, fraction] = value.toFixed(Math.min(12, Math.max(0, digits - before))).split('.');
  const grouped = whole!.replace(THOUSANDS, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** A count, with all its digits. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(THOUSANDS, ',');
}

/** `1.234 ms`. */
export function formatMs(value: number | null | undefined): string {
  return withUnit(formatNumber(value), 'ms');
}

/** `97.5 %` of a share from 0 to 1. */
export function formatShare(share: number, digits = 3): string {
  return withUnit(formatNumber(share * 100, digits), '%');
}

/** Bytes in the unit that fits: `97.7 MiB`. */
export function formatBytes(bytes: number): string {
  const step = Math.min(4, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10));
  return `${formatNumber(bytes / 1024 ** step, step === 0 ? 1 : 4)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][step]!}`;
}

/** Joules in the unit that fits: `8.12 mJ`. */
export function formatJoules(joules: number): string {
  if (joules >= 1 || joules === 0) return withUnit(formatNumber(joules), 'J');
  return joules >= 1e-3
    ? withUnit(formatNumber(joules * 1e3), 'mJ')
    : withUnit(formatNumber(joules * 1e6), 'µJ');
}

/** `+4.21 %`. */
export function formatChange(percent: number | null): string {
  if (percent === null || !Number.isFinite(percent)) return NOTHING;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(2).replace('-', '−')} %`;
}

/** Five significant digits: what a chart can show, and no more bytes than that. */
export function shorten(value: number): number {
  return Number(value.toPrecision(5));
}

/** The number with its unit; the dash alone. */
export function withUnit(text: string, unit: string): string {
  return text === NOTHING ? text : `${text} ${unit}`;
}

/** `p99.9` of the field `p999`; other names as they are. */
export function metricTitle(name: string): string {
  return name.replace(/\bp99(9+)\b/, 'p99.$1');
}
