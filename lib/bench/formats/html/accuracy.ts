// SPDX-License-Identifier: Apache-2.0
import { type BenchResult, type OutputAccuracy } from '../../result';
import { type Part } from '../../../html/markup';
import { formatNumber, formatShare, NOTHING } from '../../../html/numbers';
import { section, type Section, table } from '../../../html/table';

const COLUMNS = [
  { title: 'output', isText: true },
  { title: 'cosine' },
  { title: 'SQNR dB', hint: 'signal to noise of the difference' },
  { title: 'largest difference' },
  { title: 'top-1 agreement' },
];

/** The numbers of one output, in the order of the columns. */
function cells(accuracy: OutputAccuracy): Part[] {
  const { output, cosine, sqnrDb, maxAbsDifference, top1Agreement } = accuracy;
  return [
    output,
    formatNumber(cosine, 7),
    sqnrDb === null ? 'equal' : formatNumber(sqnrDb),
    formatNumber(maxAbsDifference),
    top1Agreement === undefined ? NOTHING : formatShare(top1Agreement, 4),
  ];
}

/** The outputs of one measurement against those of the first. */
export function accuracySection({ accuracy }: BenchResult, prefix: string): Section | null {
  if (accuracy === undefined || accuracy.length === 0) return null;
  return section(
    `${prefix}accuracy`,
    'Accuracy',
    table('Outputs against those of the first measurement', COLUMNS, accuracy.map(cells)),
  );
}

/** The outputs of all measurements of a suite, side by side. */
export function accuracyOfAll(measurements: readonly BenchResult[]): Section | null {
  const rows = measurements.flatMap(({ label, accuracy }) =>
    (accuracy ?? []).map((output) => [label, ...cells(output)]),
  );
  if (rows.length === 0) return null;
  return section(
    'accuracy',
    'Accuracy',
    table(
      'Outputs against those of the first measurement',
      [{ title: 'case', isText: true }, ...COLUMNS],
      rows,
    ),
  );
}
