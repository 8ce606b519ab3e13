// SPDX-License-Identifier: Apache-2.0
import type { DistillReport } from '../../compress/distill';
import type { TrainingProgress, ValidationMeasure } from '../../compress/train/train-options';
import type { BeforeAfter } from '../../compress/report/before-after';
import type { CommandContext } from '../command';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatCount, plural } from '../values/format';
import { formatMeasured } from './measured-view';
import type { Measured } from './measure-result';

/** What `distill` has to tell. */
export interface DistillFacts {
  readonly teacher: string;
  /** The model that learned; absent where it was made from the teacher. */
  readonly student?: string;
  /** Channels of the teacher, and of the student that was made from it. */
  readonly channels?: BeforeAfter;
  readonly output: string;
  /** Where the soft labels went. */
  readonly softLabels?: string;
  readonly report: DistillReport;
  /** The new model beside the teacher. */
  readonly compression: Measured;
}

const ENDS = {
  epochs: 'all epochs are done',
  patience: 'the measure got no better',
  time: 'the time was over',
} as const;
/** Epochs that are listed without `--verbose`: the last ones. */
const MOST_LISTED = 8;

/** The result for people. */
export function formatDistill(
  { output, softLabels, channels, report, compression }: DistillFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { parameters, teacherParameters, temperature, alpha, steps, end, before, validation } = report;
  const share = ((100 * parameters.after) / teacherParameters).toFixed(1);
  const rows: (readonly [string, string])[] = [
    ...(channels === undefined
      ? []
      : [
          [
            'student',
            `the teacher with ${formatCount(channels.after)} of its ${formatCount(channels.before)} channels`,
          ] as const,
        ]),
    [
      'parameters',
      `${formatCount(parameters.after)}, ${share} % of the teacher's ${formatCount(teacherParameters)}`,
    ],
    ['loss', `${alpha} soft labels at temperature ${temperature}, ${Number((1 - alpha).toFixed(6))} labels`],
    ['training', `${plural(steps, 'step')} in ${plural(report.epochs.length, 'epoch')}; ${ENDS[end]}`],
    ...(before === undefined ? [] : [['before', formatMeasure(before)] as const]),
    ...(validation === undefined
      ? []
      : [['measured', `${formatMeasure(validation)} (epoch ${report.bestEpoch})`] as const]),
    ...(softLabels === undefined ? [] : [['soft labels', printable(softLabels)] as const]),
  ];
  return [
    `${style.green('distilled')}  ${style.bold(printable(output))}`,
    ...indent(formatFacts(rows, style.dim)),
    ...formatMeasured(compression, context),
    '',
    ...indent(formatEpochs(report, context)),
    ...report.warnings.map((warning) => `${style.yellow('warning')}  ${warning}`),
    ...formatUntrained(report, context),
  ];
}

function formatEpochs({ epochs }: DistillReport, { isVerbose, terminal }: CommandContext): string[] {
  const listed = isVerbose ? epochs : epochs.slice(-MOST_LISTED);
  const rows = listed.map(({ epoch, loss, learningRate, validation }) => [
    String(epoch),
    loss.toPrecision(4),
    learningRate.toPrecision(3),
    validation === undefined ? '' : formatMeasure(validation),
  ]);
  const titles = ['epoch', 'loss', 'rate', ''].map(
    (title) => ({ title, align: title === '' ? 'left' : 'right' }) as const,
  );
  return formatTable(titles, rows, terminal.style.dim);
}

function formatUntrained({ kept }: DistillReport, { terminal, isVerbose }: CommandContext): string[] {
  if (kept.length === 0) return [];
  const listed = isVerbose ? kept : kept.slice(0, MOST_LISTED);
  const rows = listed.map(({ parameter, reason }) => [printable(parameter), printable(reason)] as const);
  return ['', 'Not trained', ...indent(formatFacts(rows, terminal.style.dim))];
}

/** `accuracy 97.20 %, as the teacher 98.10 %, loss 0.1234` */
export function formatMeasure({ accuracy, agreement, loss }: ValidationMeasure): string {
  return [
    ...(accuracy === undefined ? [] : [`accuracy ${(100 * accuracy).toFixed(2)} %`]),
    ...(agreement === undefined ? [] : [`as the teacher ${(100 * agreement).toFixed(2)} %`]),
    `loss ${loss.toPrecision(4)}`,
  ].join(', ');
}

/** A line for each epoch while it trains. */
export function sayEpoch({ terminal, isJson }: CommandContext): (progress: TrainingProgress) => void {
  let last = 0;
  return ({ epoch, epochs, step, loss, validation }) => {
    // The end of an epoch is told behind its last step, under the same number, with the mean loss and the measure.
    const isEnd = step === last;
    last = step;
    if (isJson || !isEnd) return;
    const measure = validation === undefined ? '' : `, ${formatMeasure(validation)}`;
    terminal.writeTalk(
      `${terminal.talkStyle.dim(`epoch ${epoch} of ${epochs}: loss ${loss.toPrecision(4)}${measure}`)}\n`,
    );
  };
}
