// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { ComparedCase, ComparedMetric, Comparison, Condition, ConditionOutcome } from './comparison';
import { SIGNIFICANCE } from './judgement';
import { metricName } from './metrics';
import { isTooNoisy } from './noisy';

const FORM = /^([A-Za-z][\w.]*)\s*(<|>)\s*([+-]?)(\d+(?:\.\d+)?)\s*(%|ms|us|µs|s|J)?$/;
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, us: 1e-3, µs: 1e-3, s: 1e3 };

/**
 * Reads a condition: a metric, `>` or `<`, and a limit. `p99>+5%` and `throughput<-3%` are changes of B against A;
 * `p50>12ms`, `throughput<900` and `gpu.energy>0.4J` are values of B.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function parseCondition(text: string): Condition {
  const match = FORM.exec(text.trim());
  if (match === null) throw wrong(text, 'a metric, > or <, and a limit with its unit');
  const [, written, operator, sign, digits, unit] = match as unknown as [
    string,
    string,
    '>' | '<',
    ...string[],
  ];
  const metric = metricName(written);
  const value = Number(sign! + digits!);
  const common = { text: text.trim(), metric, operator };
  if (metric === 'max' || metric === 'min') throw extreme(text, metric);
  if (unit === '%') {
    checkDirection(text, { metric, operator, percent: value, isSigned: sign !== '' });
    return { ...common, limit: { kind: 'change', percent: value } };
  }
  if (sign !== '') throw wrong(text, 'a unit of % for a change, or a value without a sign');
  const wanted = metric === 'throughput' ? undefined : metric === 'gpu.energy' ? 'J' : 'ms';
  const factor = unit === wanted ? 1 : wanted === 'ms' ? MILLISECONDS[unit ?? ''] : undefined;
  if (factor === undefined) throw wrong(text, `a limit for ${metric} ${unitText(wanted)}`);
  return { ...common, limit: { kind: 'absolute', value: value * factor } };
}

/** Reads conditions, several of them in one text by comma. */
export function parseConditions(texts: readonly string[]): Condition[] {
  return texts.flatMap((text) => text.split(',').map(parseCondition));
}

/**
 * Tells for each condition and case whether it holds.
 *
 * - A change holds where B's change is beyond the limit and was seen: its verdict is `slower` or `faster`. Noise fails
 *   no build. The change itself is judged, not the whole interval: with a limit of `+5%` a sure change of 6 % counts
 *   although it may be one of 4 %. It does not hold, and that is decided, where the whole interval is within the limit.
 * - A value holds where B's value is beyond the limit; A has no part in it.
 * - What was not judged, a side that is broken and a case that B lost decide nothing.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a metric that no case has, or that no case could judge although both
 *   sides were measured: a build that shall be able to fail must not pass because nothing was looked at.
 */
export function checkConditions(
  comparison: Comparison,
  conditions: readonly Condition[],
): readonly ConditionOutcome[] {
  return conditions.flatMap((condition) => {
    const found = comparison.cases.flatMap((one) =>
      one.metrics.filter(({ name }) => name === condition.metric).map((metric) => ({ one, metric })),
    );
    if (found.length === 0) throw unknownMetric(comparison, condition);
    const isChange = condition.limit.kind === 'change';
    const isUnseen = found.every(({ one, metric }) => metric.verdict === 'not judged' && !one.broken);
    if (isChange && isUnseen) throw notJudged(condition, found[0]!.metric);
    const outcome = (label: string, checked: Checked): ConditionOutcome => ({
      text: condition.text,
      condition,
      case: label,
      ...checked,
    });
    return [
      ...found.map(({ one, metric }) => outcome(one.label, check({ comparison, one, metric }, condition))),
      ...comparison.unmatched.a.map((label) =>
        outcome(label, undecided('B has no measurement of this case')),
      ),
    ];
  });
}

type Checked = Pick<ConditionOutcome, 'holds' | 'isDecided' | 'reason'>;

interface Subject {
  readonly comparison: Comparison;
  readonly one: ComparedCase;
  readonly metric: ComparedMetric;
}

function check(subject: Subject, condition: Condition): Checked {
  const { one, metric } = subject;
  const { limit, operator } = condition;
  if (limit.kind === 'change') return checkChange(subject, limit.percent, operator);
  if (one.broken?.b !== undefined) return undecided(`B: ${one.broken.b}`);
  if (one.inferences.b === 0 || !Number.isFinite(metric.b))
    return undecided(`${metric.name} of B was not measured`);
  const holds = isBeyond(metric.b, operator, limit.value);
  const reason = `${metric.name} is ${value(metric.b, metric)}, ${place(holds)} ${value(limit.value, metric)}`;
  return { holds, isDecided: true, reason };
}

function checkChange({ comparison, metric }: Subject, limit: number, operator: '>' | '<'): Checked {
  const { name, changePercent, intervalPercent, pValue, verdict } = metric;
  if (verdict === 'not judged' || changePercent === null || intervalPercent === null)
    return undecided(`${name} was not judged: ${metric.reason ?? 'A is 0'}`);
  const change = `${name} changed by ${percent(changePercent)}${interval(metric)}`;
  const bound = percent(limit);
  if (isBeyond(changePercent, operator, limit)) {
    if (verdict !== 'no difference seen')
      return { holds: true, isDecided: true, reason: `${change}, beyond ${bound}` };
    if (pValue !== null && pValue < SIGNIFICANCE) {
      const least = `changes below ${comparison.thresholdPercent} % do not count`;
      return { holds: false, isDecided: true, reason: `${change}, beyond ${bound}, but ${least}` };
    }
    return undecided(
      `${change}, beyond ${bound}, but no difference was seen: it may be noise; ${more(comparison)}`,
    );
  }
  const farEnd = operator === '>' ? intervalPercent.high : intervalPercent.low;
  if (!isBeyond(farEnd, operator, limit))
    return { holds: false, isDecided: true, reason: `${change}, within ${bound}` };
  return undecided(`${change}: a change of ${bound} could not have been ruled out here; ${more(comparison)}`);
}

function undecided(reason: string): Checked {
  return { holds: false, isDecided: false, reason };
}

/** What makes intervals narrower. */
function more({ method }: Comparison): string {
  return method === 'interleaved'
    ? 'more --rounds or a longer --duration would tell'
    : 'a longer --duration would tell, or more --rounds of bench --against';
}

function isBeyond(value: number, operator: '>' | '<', bound: number): boolean {
  return operator === '>' ? value > bound : value < bound;
}

function place(isBeyond: boolean): string {
  return isBeyond ? 'beyond' : 'within';
}

function value(number: number, { unit }: ComparedMetric): string {
  return `${number.toPrecision(4)} ${unit}`;
}

function percent(number: number): string {
  return `${number < 0 ? '-' : '+'}${Math.abs(number).toFixed(1)} %`;
}

function interval({ intervalPercent }: ComparedMetric): string {
  if (intervalPercent === null) return '';
  if (isTooNoisy(intervalPercent)) return ' (too noisy for an interval)';
  return ` (95 % interval ${percent(intervalPercent.low)} to ${percent(intervalPercent.high)})`;
}

function unitText(unit: string | undefined): string {
  if (unit === undefined) return 'in % or in inferences per second without a unit';
  return unit === 'J' ? 'in % or J' : 'in %, us, ms or s';
}

/** A sign that was forgotten makes a condition that holds always, or never. */
function checkDirection(
  text: string,
  {
    metric,
    operator,
    percent,
    isSigned,
  }: { metric: string; operator: string; percent: number; isSigned: boolean },
): void {
  const digits = Math.abs(percent);
  if (percent === 0) return;
  if (operator === '<' && percent > 0 && !isSigned)
    throw wrong(text, `a sign after <: ${metric}<-${digits}% for a change down by ${digits} % or more`);
  if (operator === '>' && percent < 0)
    throw wrong(
      text,
      `a limit that no difference keeps within: ${metric}>+${digits}% for a change up, ${metric}<-${digits}% for one down`,
    );
  if (operator === '<' && percent > 0)
    throw wrong(
      text,
      `a limit that no difference keeps within: ${metric}<-${digits}% for a change down, ${metric}>+${digits}% for one up`,
    );
}

/** The extremes of a measurement grow with its length, and no interval can be given for them. */
function extreme(text: string, metric: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${metric} cannot be compared: it is one single latency, and moves with how many there were (${JSON.stringify(text)}).`,
    { hint: 'Name a percentile, such as p99 or p99.9.', details: { condition: text, metric } },
  );
}

function wrong(text: string, expected: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected ${expected} in the condition, got ${JSON.stringify(text)}.`,
    {
      hint: "Write it like 'p99>+5%', 'p50>12ms' or 'throughput<-3%', in quotes: the shell reads > and < itself.",
      details: { condition: text },
    },
  );
}

function unknownMetric({ cases }: Comparison, { metric, text }: Condition): TensorRTError {
  const names = [...new Set(cases.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The condition ${JSON.stringify(text)} names ${JSON.stringify(metric)}; the comparison has ${names.join(', ')}.`,
    { details: { condition: text, metrics: names } },
  );
}

function notJudged({ metric, text }: Condition, { reason = 'A is 0' }: ComparedMetric): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The condition ${JSON.stringify(text)} can never hold: ${metric} was not judged: ${reason}.`,
    { hint: 'Measure longer, or name another metric.', details: { condition: text, metric, reason } },
  );
}
