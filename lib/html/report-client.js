// SPDX-License-Identifier: Apache-2.0
// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// What runs in the report's page: draws its charts with uPlot (a global of the script before this one), switches
// themes and cases, sorts tables. It is inlined as it stands: no imports, nothing newer than ES2020.
'use strict';

(() => {
  /**
   * @typedef {import('uplot')} Plot
   * @typedef {import('./chart').ChartSpec} ChartSpec
   * @typedef {import('./chart').ChartSeries} ChartSeries
   * @typedef {{ text: string, muted: string, grid: string, surface: string, palette: string[] }} Colors
   */

  const uPlot = /** @type {typeof import('uplot')} */ (Reflect.get(globalThis, 'uPlot'));
  const root = document.documentElement;
  const HEIGHTS = { normal: 280, low: 170 };
  const FONT = '12px system-ui, sans-serif';

  /** @type {ChartSpec[]} */
  const specs = JSON.parse(document.getElementById('charts')?.textContent ?? '[]');
  /** @type {Map<HTMLElement, Plot>} */
  const drawn = new Map();

  /** @returns {Colors} */
  function readColors() {
    const style = getComputedStyle(root);
    /** @param {string} name */
    const color = (name) => style.getPropertyValue(name).trim();
    const palette = [1, 2, 3, 4, 5, 6].map((place) => color(`--c${place}`));
    return {
      text: color('--text'),
      muted: color('--muted'),
      grid: color('--grid'),
      surface: color('--card'),
      palette,
    };
  }

  /**
   * Four significant digits, as the tables have them.
   * @param {number | null | undefined} value
   */
  function formatNumber(value) {
    if (value === null || value === undefined) return '';
    if (value === 0) return '0';
    const before = Math.floor(Math.log10(Math.abs(value))) + 1;
    return value.toLocaleString('en', { maximumFractionDigits: Math.max(0, 4 - before) });
  }

  /**
   * The percentile at a place on the axis of a percentile curve: 2 is 99 %.
   * @param {number} place
   */
  function formatPercentile(place) {
    const percent = 100 * (1 - 10 ** -place);
    return `${Number(percent.toFixed(Math.max(0, Math.ceil(place) - 1)))} %`;
  }

  /**
   * Whether a value is 1, 2 or 5 times a power of ten: what a logarithmic axis has room for.
   * @param {number | null} value
   */
  function isRound(value) {
    if (value === null || value <= 0) return false;
    const mantissa = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    return [1, 2, 5].some((round) => Math.abs(mantissa - round) < 1e-6);
  }

  const PERCENTS = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999];
  const PLACES = PERCENTS.map((percent) => -Math.log10(1 - percent / 100));

  /**
   * @param {Plot} plot
   * @param {number} _axis
   * @param {number} min
   * @param {number} max
   */
  function percentileSplits(plot, _axis, min, max) {
    const distance = (50 / (plot.bbox.width / devicePixelRatio)) * (max - min);
    let next = Infinity;
    // From the right: where two labels would meet, the higher percentile stays.
    const inside = PLACES.filter((place) => place >= min - 1e-9 && place <= max + 1e-9)
      .reverse()
      .filter((place) => {
        const fits = next - place >= distance;
        if (fits) next = place;
        return fits;
      })
      .reverse();
    return inside.length > 1 ? inside : [min + (max - min) / 4, min + ((max - min) * 3) / 4];
  }

  /**
   * @param {ChartSpec} spec
   * @param {Colors} colors
   */
  function axesOf(spec, colors) {
    const shared = {
      stroke: colors.muted,
      font: FONT,
      labelFont: FONT,
      grid: { stroke: colors.grid, width: 1 },
      ticks: { stroke: colors.grid, width: 1, size: 5 },
    };
    const isCurve = spec.x.kind === 'percentile';
    return [
      {
        ...shared,
        label: spec.x.label,
        labelSize: 20,
        size: 32,
        space: 50,
        ...(isCurve ? { splits: percentileSplits } : {}),
        ...(spec.x.isLog
          ? {
              // uPlot's own filter keeps powers of ten alone, of which a sweep may have none.
              /** @type {(plot: Plot, splits: number[]) => (number | null)[]} */
              filter: (_plot, splits) => splits.map((value) => (isRound(value) ? value : null)),
            }
          : {}),
        /** @type {(plot: Plot, splits: (number | null)[]) => string[]} */
        values: (_plot, splits) =>
          splits.map((value) =>
            value === null || (spec.x.isLog && !isRound(value))
              ? ''
              : isCurve
                ? formatPercentile(value)
                : formatNumber(value),
          ),
      },
      {
        ...shared,
        label: spec.y.label,
        labelSize: 20,
        size: 56,
        /** @type {(plot: Plot, splits: (number | null)[]) => string[]} */
        values: (_plot, splits) =>
          splits.map((value) => (spec.y.isLog && !isRound(value) ? '' : formatNumber(value))),
      },
    ];
  }

  /**
   * @param {ChartSpec} spec
   * @param {number | null} min
   * @param {number | null} max
   * @returns {[number, number]}
   */
  function rangeOfY(spec, min, max) {
    if (min === null || max === null) return [0, 1];
    if (spec.y.isLog) {
      const factor = Math.max(1.1, (max / min) ** 0.1);
      return [min / factor, max * factor];
    }
    const rest = (max - min || Math.abs(max) || 1) * 0.08;
    return [spec.y.fromZero ? 0 : Math.max(min < 0 ? -Infinity : 0, min - rest), max + rest];
  }

  /**
   * @param {ChartSpec} spec
   * @param {number} min
   * @param {number} max
   * @returns {[number, number]}
   */
  function rangeOfX(spec, min, max) {
    if (spec.x.isLog) {
      const factor = Math.max(1.1, (max / min) ** 0.1);
      return [min / factor, max * factor];
    }
    if (spec.series.some(({ draw }) => draw === 'path')) {
      const rest = (max - min || max || 1) * 0.1;
      return [Math.max(0, min - rest), max + rest];
    }
    if (spec.series.some(({ draw }) => draw === 'bars')) {
      const [first = 0, second = first + (Math.abs(max) * 0.01 || 1)] = spec.xs;
      const width = second - first;
      return [min - width * 0.5, max + width * 1.5];
    }
    return min === max ? [min - 1, max + 1] : [min, max];
  }

  /**
   * @param {ChartSeries} series
   * @param {Colors} colors
   */
  function seriesOf(series, colors) {
    const color = colors.palette[series.color - 1];
    const line = {
      label: series.label,
      stroke: color,
      width: 2,
      dash: series.dash ? [...series.dash] : [],
      spanGaps: true,
      points: { show: false },
      /** @type {(plot: Plot, value: number | null) => string} */
      value: (_plot, value) => formatNumber(value),
    };
    if (series.draw === 'line') return line;
    if (series.draw === 'path') return { ...line, paths: () => null };
    return { ...line, width: 1, fill: `${color}66`, paths: uPlot.paths.bars?.({ size: [1], align: 1 }) };
  }

  /**
   * Draws what uPlot has no series for: lines through points in their own order, their labels, marks.
   * @param {ChartSpec} spec
   * @param {Colors} colors
   * @returns {import('uplot').Plugin}
   */
  function extras(spec, colors) {
    return {
      hooks: {
        draw: (plot) => {
          const { ctx } = plot;
          ctx.save();
          ctx.beginPath();
          ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
          ctx.clip();
          for (const mark of spec.marks ?? []) drawMark(plot, mark, colors);
          spec.series.forEach((series, place) => {
            if (series.draw === 'path' && plot.series[place + 1]?.show) drawPath(plot, series, colors);
          });
          ctx.restore();
        },
      },
    };
  }

  /**
   * @param {Plot} plot
   * @param {{ x: number, label: string }} mark
   * @param {Colors} colors
   */
  function drawMark(plot, mark, colors) {
    const { ctx } = plot;
    const scale = devicePixelRatio || 1;
    const x = Math.round(plot.valToPos(mark.x, 'x', true));
    ctx.strokeStyle = colors.muted;
    ctx.lineWidth = scale;
    ctx.setLineDash([4 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(x, plot.bbox.top);
    ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
    ctx.stroke();
    if (mark.label !== '')
      drawText(plot, mark.label, { x: x + 5 * scale, y: plot.bbox.top + 12 * scale, colors });
  }

  /**
   * Text with a rim of the background's colour, so that lines below it do not cross it; it stays inside the plot.
   * @param {Plot} plot
   * @param {string} text
   * @param {{ x: number, y: number, colors: Colors, isLeft?: boolean }} place
   */
  function drawText({ ctx, bbox }, text, { x, y, colors, isLeft = false }) {
    const scale = devicePixelRatio || 1;
    ctx.font = `${12 * scale}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.setLineDash([]);
    const width = ctx.measureText(text).width;
    const start = isLeft ? x - width : x;
    const left = Math.max(bbox.left + 2 * scale, Math.min(start, bbox.left + bbox.width - width - 2 * scale));
    const top = Math.max(y, bbox.top + 8 * scale);
    ctx.lineWidth = 3 * scale;
    ctx.strokeStyle = colors.surface;
    ctx.strokeText(text, left, top);
    ctx.fillStyle = colors.text;
    ctx.fillText(text, left, top);
  }

  /**
   * @param {Plot} plot
   * @param {ChartSeries} series
   * @param {Colors} colors
   */
  function drawPath(plot, series, colors) {
    const { ctx } = plot;
    const scale = devicePixelRatio || 1;
    const places = (series.points ?? []).map(([x, y, label]) => ({
      x: plot.valToPos(x, 'x', true),
      y: plot.valToPos(y, 'y', true),
      label,
    }));
    const color = colors.palette[series.color - 1] ?? colors.text;
    ctx.strokeStyle = color;
    ctx.lineWidth = 2 * scale;
    ctx.setLineDash((series.dash ?? []).map((length) => length * scale));
    ctx.beginPath();
    places.forEach(({ x, y }, index) => (index === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
    ctx.stroke();
    // Latency rises to the right: above and left of a point there is room.
    for (const { x, y, label } of places)
      drawText(plot, label, { x: x - 6 * scale, y: y - 10 * scale, colors, isLeft: true });
    ctx.fillStyle = color;
    for (const { x, y } of places) {
      ctx.beginPath();
      ctx.arc(x, y, 4 * scale, 0, 2 * Math.PI);
      ctx.fill();
    }
  }

  /**
   * @param {HTMLElement} element
   * @param {Colors} colors
   */
  function draw(element, colors) {
    drawn.get(element)?.destroy();
    drawn.delete(element);
    // Of a case that is not shown: it is drawn when it is.
    if (element.clientWidth === 0) return;
    const spec = specs[Number(element.dataset.chart)];
    if (spec === undefined) return;
    const isCurve = spec.x.kind === 'percentile';
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: spec.isLow ? HEIGHTS.low : HEIGHTS.normal,
        scales: {
          x: {
            time: false,
            distr: spec.x.isLog ? 3 : 1,
            range: (_plot, min, max) => rangeOfX(spec, min, max),
          },
          y: { distr: spec.y.isLog ? 3 : 1, range: (_plot, min, max) => rangeOfY(spec, min, max) },
        },
        axes: axesOf(spec, colors),
        series: [
          {
            label: '',
            value: (_plot, value) =>
              value === null
                ? ''
                : isCurve
                  ? formatPercentile(value)
                  : `${formatNumber(value)} ${spec.x.label}`,
          },
          ...spec.series.map((series) => seriesOf(series, colors)),
        ],
        legend: { markers: { width: 3, dash: () => 'solid' } },
        cursor: { y: false, ...(spec.sync ? { sync: { key: spec.sync } } : {}) },
        plugins: [extras(spec, colors)],
      },
      /** @type {import('uplot').AlignedData} */ (
        /** @type {unknown} */ ([spec.xs, ...spec.series.map(({ ys }) => ys)])
      ),
      element,
    );
    drawn.set(element, plot);
  }

  /** @type {HTMLElement[]} */
  const charts = [...document.querySelectorAll('.chart')].map(
    (element) => /** @type {HTMLElement} */ (element),
  );

  function drawAll() {
    const colors = readColors();
    for (const element of charts) draw(element, colors);
  }

  /** Arrow keys move the cursor along a chart that has the focus; the legend below it tells the numbers. */
  function moveByKeys() {
    for (const element of charts) {
      element.addEventListener('keydown', (event) => {
        const plot = drawn.get(element);
        const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : undefined;
        if (plot === undefined || step === undefined) return;
        event.preventDefault();
        const last = plot.data[0].length - 1;
        const from = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
        const next = Math.min(last, Math.max(0, from + step));
        plot.setCursor({ left: plot.valToPos(plot.data[0][next] ?? 0, 'x'), top: plot.bbox.height / 2 });
      });
    }
  }

  function followWidth() {
    const observer = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        const element = /** @type {HTMLElement} */ (target);
        const plot = drawn.get(element);
        if (plot === undefined) draw(element, readColors());
        else if (element.clientWidth > 0 && plot.width !== element.clientWidth)
          plot.setSize({ width: element.clientWidth, height: plot.height });
      }
    });
    for (const element of charts) observer.observe(element);
  }

  function switchThemes() {
    const KEY = 'tensorrt-node-theme';
    /** @type {HTMLInputElement[]} */
    const inputs = [...document.querySelectorAll('input[name=theme]')].map(
      (input) => /** @type {HTMLInputElement} */ (input),
    );
    for (const input of inputs) {
      input.checked = input.value === (root.dataset.theme ?? 'auto');
      input.addEventListener('change', () => {
        if (input.value === 'auto') delete root.dataset.theme;
        else root.dataset.theme = input.value;
        try {
          localStorage.setItem(KEY, input.value);
        } catch {
          // A browser that keeps nothing for files: the choice lasts as long as the page.
        }
        drawAll();
      });
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
    // Paper is white: the styles know, the canvases have to be told.
    matchMedia('print').addEventListener('change', drawAll);
  }

  function switchCases() {
    const select = /** @type {HTMLSelectElement | null} */ (document.getElementById('case-select'));
    if (select === null) return;
    /** @type {HTMLElement[]} */
    const panels = [...document.querySelectorAll('article.case')].map(
      (panel) => /** @type {HTMLElement} */ (panel),
    );
    /** @param {string} id */
    const show = (id) => {
      for (const panel of panels) panel.hidden = panel.id !== id;
      select.value = id;
      const colors = readColors();
      for (const element of charts) if (!drawn.has(element)) draw(element, colors);
    };
    const fromAddress = () => {
      const panel = panels.find(
        ({ id }) => location.hash === `#${id}` || location.hash.startsWith(`#${id}-`),
      );
      if (panel === undefined) return;
      show(panel.id);
      document.getElementById(location.hash.slice(1))?.scrollIntoView();
    };
    select.addEventListener('change', () => show(select.value));
    addEventListener('hashchange', fromAddress);
    show(panels[0]?.id ?? '');
    fromAddress();
  }

  /** @param {HTMLTableElement} table */
  function sortable(table) {
    const body = table.tBodies[0];
    if (body === undefined) return;
    const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
    headings.forEach((heading, column) => {
      const title = heading.textContent?.trim();
      if (!title) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = title;
      heading.replaceChildren(button);
      const isNumber = heading.classList.contains('number');
      /** @param {HTMLTableRowElement} row */
      const text = (row) => row.cells[column]?.textContent?.trim() ?? '';
      button.addEventListener('click', () => {
        const isDown = heading.ariaSort === 'descending' || (heading.ariaSort === null && !isNumber);
        for (const other of headings) other.removeAttribute('aria-sort');
        heading.ariaSort = isDown ? 'ascending' : 'descending';
        const sign = isDown ? 1 : -1;
        const number = (/** @type {HTMLTableRowElement} */ row) => Number(text(row).replace(/,/g, ''));
        const rows = [...body.rows].sort((a, b) =>
          isNumber ? sign * (number(a) - number(b)) : sign * text(a).localeCompare(text(b)),
        );
        body.append(...rows);
      });
    });
  }

  function showAllRows() {
    for (const button of document.querySelectorAll('button.show-all')) {
      const table = button.closest('section')?.querySelector('table.layers');
      button.addEventListener('click', () => {
        const isOpen = table?.classList.toggle('all') ?? false;
        button.setAttribute('aria-expanded', String(isOpen));
        button.textContent = isOpen
          ? 'Show the first 20'
          : `Show all ${table?.querySelectorAll('tbody tr').length ?? ''} layers`;
      });
    }
  }

  for (const table of document.querySelectorAll('table.sortable'))
    sortable(/** @type {HTMLTableElement} */ (table));
  showAllRows();
  switchThemes();
  switchCases();
  drawAll();
  moveByKeys();
  followWidth();
})();
