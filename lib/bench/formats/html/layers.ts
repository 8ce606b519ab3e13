// SPDX-License-Identifier: Apache-2.0
import { type BenchResult, type LayerTime } from '../../result';
import { html, type Html } from '../../../html/markup';
import { formatMs, formatNumber, NOTHING } from '../../../html/numbers';
import { bar, section, type Section, table } from '../../../html/table';

/** Rows beyond these wait for "show all"; report.css has the same number. */
const SHOWN = 20;

/** Times of the layers, the slowest first. */
export function layersSection({ layers }: BenchResult, prefix: string): Section | null {
  if (layers === undefined || !isList(layers) || layers.length === 0) return null;
  const slowestFirst = [...layers].sort((a, b) => b.meanMs - a.meanMs);
  const total = layers.reduce((sum, { meanMs }) => sum + meanMs, 0);
  const hasTypes = layers.some(({ type }) => type !== undefined);
  const longest = slowestFirst[0]!.share;
  const columns = [
    { title: 'layer', isText: true },
    ...(hasTypes ? [{ title: 'type', isText: true }] : []),
    { title: 'mean ms' },
    { title: 'share %' },
    { title: '', isText: true },
  ];
  const rows = slowestFirst.map((layer) => [
    layer.name,
    ...(hasTypes ? [layer.type ?? NOTHING] : []),
    formatNumber(layer.meanMs),
    formatNumber(layer.share * 100, 3),
    bar(layer.share / (longest || 1)),
  ]);
  return section(
    `${prefix}layers`,
    'Layers',
    hasTypes && typesTable(layers),
    html`<p class="note">
      ${layers.length} layers, ${formatMs(total)} together, from runs of their own: timing each layer makes
      the whole slower.
    </p>`,
    table('Layers by time', columns, rows, 'bars layers sortable'),
    layers.length > SHOWN &&
      html`<p class="needs-js">
        <button type="button" class="show-all" aria-expanded="false">Show all ${layers.length} layers</button>
      </p>`,
  );
}

function isList(layers: NonNullable<BenchResult['layers']>): layers is readonly LayerTime[] {
  return Array.isArray(layers);
}

function typesTable(layers: readonly LayerTime[]): Html {
  const types = new Map<string, { count: number; meanMs: number; share: number }>();
  for (const { type = NOTHING, meanMs, share } of layers) {
    const sum = types.get(type) ?? { count: 0, meanMs: 0, share: 0 };
    types.set(type, { count: sum.count + 1, meanMs: sum.meanMs + meanMs, share: sum.share + share });
  }
  const rows = [...types].sort(([, a], [, b]) => b.meanMs - a.meanMs);
  const longest = rows[0]![1].share || 1;
  return table(
    'By type',
    [
      { title: 'type', isText: true },
      { title: 'layers' },
      { title: 'ms' },
      { title: 'share %' },
      { title: '', isText: true },
    ],
    rows.map(([type, { count, meanMs, share }]) => [
      type,
      count,
      formatNumber(meanMs),
      formatNumber(share * 100, 3),
      bar(share / longest, 3),
    ]),
    'bars',
  );
}
