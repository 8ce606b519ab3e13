// SPDX-License-Identifier: Apache-2.0
import {
  type BenchResult,
  type BenchSuite,
  type BenchWarning,
  type FailureReason,
  type RateSearchResult,
} from '../../result';
import { isEmpty } from '../document-parts';
import { describeLoad, formatDate } from './conditions';
import { html, type Html } from '../../../html/markup';
import { formatCount, formatJoules, formatMs, formatNumber } from '../../../html/numbers';
import { type Judgement, key } from '../../../html/verdict';
import { isUnavailable } from './resources';

/** Whether the numbers may be quoted. */
export function judgeResult(result: BenchResult): Judgement {
  const unstable = result.stable ? [] : [`Not stable: ${result.unstableReason ?? 'no reason given'}.`];
  const until = `${formatCount(result.inferences)} inferences in ${formatMs(result.measuredMs)}`;
  if (result.end === 'failed')
    return {
      tone: 'bad',
      title: 'Failed',
      reasons: [result.error && failure(result.error), `What was measured until then is here: ${until}.`],
    };
  if (result.end === 'interrupted')
    return {
      tone: 'warn',
      title: 'Interrupted',
      reasons: [`The measurement was ended early, after ${until}.`, ...unstable],
    };
  if (isEmpty(result)) return { tone: 'bad', title: 'Nothing was measured', reasons: unstable };
  if (!result.stable)
    return { tone: 'warn', title: 'Not stable', reasons: [sentence(result.unstableReason)] };
  return { tone: 'good', title: 'Stable', reasons: [stableReason(result)] };
}

function sentence(reason: string | null): string {
  const text = reason ?? 'No reason was given';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function stableReason({ settings }: BenchResult): string {
  return `Throughput and ${settings.stabilityLatency} latency of the last windows agree within ${settings.stabilityPercent} %.`;
}

/** An error with its code and what to do. */
export function failure(error: FailureReason): Html {
  return html`<code>${error.code}</code>
    ${error.message}${error.hint !== undefined && html`<br />${error.hint}`}`;
}

/** How many cases may be quoted. */
export function judgeSuite(suite: BenchSuite): Judgement {
  if (suite.search !== undefined) return judgeSearch(suite.search);
  const { measurements, failed } = suite;
  const broken = [...measurements.filter(({ end }) => end === 'failed'), ...failed].length;
  const cut = measurements.filter(({ end }) => end === 'interrupted').length;
  const unstable = measurements.filter(({ stable, end }) => !stable && end === 'complete').length;
  const total = measurements.length + failed.length;
  const quotable = total - broken - cut - unstable;
  const counts = [
    broken > 0 && `${broken} failed`,
    cut > 0 && `${cut} interrupted`,
    unstable > 0 && `${unstable} not stable`,
  ].filter((text) => text !== false);
  return {
    tone: quotable === total ? 'good' : broken === total ? 'bad' : 'warn',
    title: quotable === total ? `All ${total} cases stable` : `${quotable} of ${total} cases stable`,
    reasons:
      counts.length === 0 ? [] : [`${counts.join(', ')}. The table says which, their details say why.`],
  };
}

/** A search is judged by what it found: rates beyond the limit are part of it. */
function judgeSearch({ limit, highestRatePerSecond, label, tried }: RateSearchResult): Judgement {
  const wanted = `${limit.percentile} within ${limit.milliseconds} ms`;
  const rates = `${tried.length} rates were tried`;
  if (highestRatePerSecond === null)
    return { tone: 'bad', title: `No rate keeps ${wanted}`, reasons: [`${rates}.`] };
  const title = `${formatNumber(highestRatePerSecond)} calls/s keep ${wanted}`;
  return {
    tone: 'good',
    title,
    reasons: [`${rates}${label === null ? '' : `; the highest one is ${label}`}.`],
  };
}

/** The few numbers that are quoted. */
export function keyNumbers(result: BenchResult): Html {
  if (isEmpty(result)) return html`<p class="empty">Nothing was measured.</p>`;
  const { latencyMs, throughput } = result;
  const interval = latencyMs.medianInterval;
  const requested = throughput.requestedPerSecond;
  return html`<dl class="keys">
    ${key(
      'Median latency',
      formatNumber(latencyMs.p50),
      'ms',
      interval === undefined
        ? 'too few pieces for an interval'
        : `95 % CI ${formatNumber(interval.low)} – ${formatNumber(interval.high)} ms`,
    )}
    ${key('p99 latency', formatNumber(latencyMs.p99), 'ms', `slowest call ${formatMs(latencyMs.max)}`)}
    ${key(
      'Throughput',
      formatNumber(throughput.inferencesPerSecond),
      'inferences/s',
      requested === undefined
        ? `${formatNumber(throughput.samplesPerSecond)} samples/s at batch ${result.settings.batch}`
        : `${formatNumber(throughput.samplesPerSecond)} samples/s; asked for ${formatNumber(requested)} calls/s`,
    )}
    ${energyKeys(result)}
  </dl> `;
}

function energyKeys({ gpu, cpuEnergy }: BenchResult): Html[] {
  const ofGpu = gpu === undefined || isUnavailable(gpu) ? undefined : gpu.energy;
  const sources = [
    { title: 'GPU energy per inference', energy: ofGpu },
    { title: 'CPU energy per inference', energy: isUnavailable(cpuEnergy) ? undefined : cpuEnergy },
  ];
  return sources.flatMap(({ title, energy }) => {
    if (energy === undefined) return [];
    const [value, unit] = formatJoules(energy.joulesPerInference).split(' ');
    return [key(title, value!, unit!, `${formatNumber(energy.meanW)} W on average`)];
  });
}

/** The best of the cases, and which they are. */
export function suiteKeys({ measurements }: BenchSuite): Html | null {
  const measured = measurements.filter((result) => !isEmpty(result));
  if (measured.length < 2) return null;
  const best = (of: (result: BenchResult) => number) => measured.reduce((a, b) => (of(b) < of(a) ? b : a));
  const median = best(({ latencyMs }) => latencyMs.p50);
  const tail = best(({ latencyMs }) => latencyMs.p99);
  const fastest = best(({ throughput }) => -throughput.samplesPerSecond);
  return html`<dl class="keys">
    ${key('Highest throughput', formatNumber(fastest.throughput.samplesPerSecond), 'samples/s', fastest.label)}
    ${key('Lowest median latency', formatNumber(median.latencyMs.p50), 'ms', median.label)}
    ${key('Lowest p99 latency', formatNumber(tail.latencyMs.p99), 'ms', tail.label)}
  </dl> `;
}

/** What the reader should know before quoting the numbers. */
export function warningList(warnings: readonly BenchWarning[]): Html | null {
  if (warnings.length === 0) return null;
  return html`<ul class="warnings" aria-label="Warnings">
    ${warnings.map(({ code, message }) => html`<li><code>${code}</code> ${message}</li> `)}
  </ul> `;
}

/** What ran where, how and when. */
export function subtitle(result: BenchResult): Html {
  const parts = [result.device, result.backend, describeLoad(result.settings.load)];
  return html`<p class="subtitle">
    ${parts.join(' · ')} ·
    <time datetime="${result.environment.date}">${formatDate(result.environment.date)}</time>
    ${result.fallbackReason !== null && html`<br />Not on another device: ${result.fallbackReason}`}
  </p>`;
}
