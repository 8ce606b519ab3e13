// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { ComparedMetric, Comparison, Condition, ConditionOutcome } from './comparison';
import { metricName } from './metrics';

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
  if (unit === '%') return { ...common, limit: { kind: 'change', percent: value } };
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
 *   although it may be one of 4 %.
 * - A value holds where B's value is beyond the limit; A has no part in it.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a metric that no case has, or that no case could judge: a build that
 *   shall be able to fail must not pass because nothing was looked at.
 */
export function checkConditions(
  comparison: Comparison,
  conditions: readonly Condition[],
): readonly ConditionOutcome[] {
  return conditions.flatMap((condition) => {
    const found = comparison.cases.flatMap(({ label, metrics }) =>
      metrics.filter(({ name }) => name === condition.metric).map((metric) => ({ label, metric })),
    );
    if (found.length === 0) throw unknownMetric(comparison, condition);
    const isChange = condition.limit.kind === 'change';
    if (isChange && found.every(({ metric }) => metric.verdict === 'not judged'))
      throw notJudged(condition, found[0]!.metric);
    return found.map(({ label, metric }) => ({ condition, case: label, ...check(metric, condition) }));
  });
}

function check(metric: ComparedMetric, { limit, operator }: Condition): { holds: boolean; reason: string } {
  const isBeyond = (value: number, bound: number) => (operator === '>' ? value > bound : value < bound);
  const { name, b, changePercent, verdict } = metric;
  if (limit.kind === 'absolute') {
    const holds = isBeyond(b, limit.value);
    return { holds, reason: `${name} is ${value(b, metric)}, ${place(holds)} ${value(limit.value, metric)}` };
  }
  if (verdict === 'not judged' || changePercent === null) {
    const why = metric.reason ?? 'A is 0';
    return { holds: false, reason: `${name} was not judged: ${why}` };
  }
  const change = `${name} changed by ${percent(changePercent)}${interval(metric)}`;
  const bound = percent(limit.percent);
  if (!isBeyond(changePercent, limit.percent)) return { holds: false, reason: `${change}, within ${bound}` };
  return verdict === 'no difference seen'
    ? { holds: false, reason: `${change}, beyond ${bound}, but no difference was seen: it may be noise` }
    : { holds: true, reason: `${change}, beyond ${bound}` };
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
  return ` (95 % interval ${percent(intervalPercent.low)} to ${percent(intervalPercent.high)})`;
}

function unitText(unit: string | undefined): string {
  if (unit === undefined) return 'in % or in inferences per second without a unit';
  return unit === 'J' ? 'in % or J' : 'in %, us, ms or s';
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
