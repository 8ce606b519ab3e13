// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  drawLayerErrors,
  evaluate,
  formatEvaluationHtml,
  type Evaluation,
  type LayerError,
} from '../../../../lib/evaluate';
import { fakeModel } from '../fake-model';

const LAYERS: LayerError[] = Array.from({ length: 40 }, (_, i) => ({
  node: i === 17 ? '<script>bad</script>' : `conv${i}`,
  op: 'Conv',
  tensor: `t${i}`,
  sqnrDb: i === 0 ? null : i === 17 ? 3.25 : 40 + i,
  cosine: 0.999,
  largestError: 0.5,
}));

async function sample(): Promise<Evaluation> {
  const data = [
    {
      feeds: { x: { data: Float32Array.of(3, 1, 0, 0, 2, 1, 4, 1, 0), dims: [3, 3] } },
      labels: [0, 1, 2],
    },
  ];
  const reference = fakeModel({ score: ([a, b, c]) => [a!, b!, c! + 0.5] }).model;
  const names = { model: 'int8.onnx', reference: 'model.onnx' };
  const classNames = ['cat', '<i>dog</i>', 'owl'];
  return { ...(await evaluate(fakeModel().model, data, { reference, names, classNames })), layers: LAYERS };
}

describe('formatEvaluationHtml', () => {
  it('shows every number as text, and names as text', async () => {
    const page = formatEvaluationHtml(await sample());
    const body = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');
    for (const title of [
      'accuracy',
      'Confusion',
      'top-1 agreement',
      'KL divergence',
      'Layers, the worst first',
    ])
      expect(body).toContain(title);
    expect(body).toContain('66.67 %');
    expect(body).toContain('&lt;i&gt;dog&lt;/i&gt;');
    expect(body).not.toContain('<i>dog');
    expect(body).toContain('1 &lt;script&gt;bad&lt;/script&gt; (Conv): 3.3 dB');
  });

  it('loads nothing and runs nothing but its own', async () => {
    const page = formatEvaluationHtml(await sample());
    expect(page).not.toMatch(/(src|href|action)\s*=\s*["']?(?!#|data:,)[a-z/]/i);
    expect(page).not.toMatch(/\sstyle=|\son[a-z]+=/);
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1]!.replaceAll('&#39;', "'");
    expect(policy).not.toContain('unsafe');
    for (const [, , inside] of page.matchAll(/<(script|style)>([\s\S]*?)<\/\1>/g))
      expect(policy).toContain(`'sha256-${createHash('sha256').update(inside!).digest('base64')}'`);
    // No charts: the page comes without the charting library.
    expect(page.length).toBeLessThan(100_000);
  });

  it('has something to show for many classes, numbers and boxes', async () => {
    const wide = fakeModel({ dims: ['batch', 40] }).model;
    const row = Float32Array.from({ length: 40 }, (_, i) => (i === 3 ? 1 : 0));
    const many = await evaluate(wide, [{ feeds: { x: { data: row, dims: [1, 40] } }, labels: [5] }]);
    expect(formatEvaluationHtml(many)).toContain('The most frequent confusions of 40 classes');
    const x = { data: Float32Array.of(1, 2, 3), dims: [1, 3] };
    const numbers = await evaluate(fakeModel().model, [{ feeds: { x }, labels: Float32Array.of(1, 2, 5) }]);
    expect(formatEvaluationHtml(numbers)).toContain('root mean squared error');
    const labels = [[{ box: [0, 0, 1, 1] as const, label: 0 }]];
    const boxes = await evaluate(fakeModel().model, [{ feeds: { x }, labels }], { detections: () => [] });
    expect(formatEvaluationHtml(boxes)).toContain('mAP 0.5:0.95');
  });
});

describe('drawLayerErrors', () => {
  it('is a picture of its own: a bar for each layer, the worst one named', () => {
    const svg = drawLayerErrors(LAYERS);
    expect(svg).toMatch(/^<svg\s+xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.match(/<rect/g)).toHaveLength(40);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).toContain('1 &lt;script&gt;bad&lt;/script&gt; (Conv): 3.3 dB');
    expect(svg).toContain('conv0 (Conv): equal');
  });

  it('is drawn without layers and with ratios below zero', () => {
    expect(drawLayerErrors([])).toContain('</svg>');
    expect(drawLayerErrors([{ ...LAYERS[1]!, sqnrDb: -12 }])).not.toMatch(/NaN|height="-/);
  });
});
