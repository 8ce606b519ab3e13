// SPDX-License-Identifier: Apache-2.0
import { html, type Html } from '../../html/markup';
import { formatCount, formatShare } from '../../html/numbers';
import { table } from '../../html/table';
import type { ClassificationEvaluation } from '../evaluation';
import { className, worstConfusions } from './confusions';

/** A larger matrix is not looked at cell by cell. */
const MOST_CLASSES = 30;
const SHOWN = 30;

/** The matrix, or of many classes what was confused most. */
export function confusionTable(evaluation: ClassificationEvaluation): Html {
  const { confusion, classNames } = evaluation;
  if (confusion.length > MOST_CLASSES) return worstTable(evaluation);
  const labels = confusion.map((_, label) => className(label, classNames));
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Confusion matrix">
    <table>
      <caption>
        Rows: true classes. Columns: what the model said.
      </caption>
      <thead>
        <tr>
          <th scope="col" class="text">class</th>
          ${labels.map((label) => html`<th scope="col" class="number">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${confusion.map(
          (row, truth) =>
            html`<tr>
              <th scope="row" class="text">${labels[truth]}</th>
              ${row.map((count, predicted) => cell(count, row, truth === predicted))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `;
}

function cell(count: number, row: readonly number[], isRight: boolean): Html {
  const total = row.reduce((sum, samples) => sum + samples, 0);
  const share = total === 0 ? 0 : count / total;
  const heat = share === 0 ? 0 : share < 0.05 ? 1 : share < 0.3 ? 2 : 3;
  return html`<td class="number ${isRight ? 'right' : 'wrong'} heat-${heat}">
    ${count === 0 ? '·' : formatCount(count)}
  </td>`;
}

function worstTable(evaluation: ClassificationEvaluation): Html {
  const { classNames, confusion } = evaluation;
  const rows = worstConfusions(evaluation, SHOWN).map(({ truth, predicted, count, share }) => [
    className(truth, classNames),
    className(predicted, classNames),
    formatCount(count),
    formatShare(share),
  ]);
  const columns = [
    { title: 'true class', isText: true },
    { title: 'taken for', isText: true },
    { title: 'samples' },
    { title: 'of the class' },
  ];
  return table(`The most frequent confusions of ${confusion.length} classes`, columns, rows);
}
