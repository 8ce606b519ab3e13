// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { analyzeDependencies } from '../../../../lib/compress/channels/analyze-dependencies';
import { findGroups, findKept } from '../../../../lib/compress/channels/removable-groups';
import { removeSlots } from '../../../../lib/compress/channels/remove-slots';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { checkOnnxModel } from '../../../../lib/onnx/check/check-onnx-model';
import { simplifyModel } from '../../../../lib/onnx/passes/simplify-model';
import { CHANNEL_PATTERNS } from '../../../channel-patterns';

describe.each(CHANNEL_PATTERNS.map((one) => [one.name, one] as const))('%s', (_, pattern) => {
  test('what can be removed is found, and why the rest stays', async () => {
    const model = await loadModel(pattern.model);
    simplifyModel(model, { layerNormalization: 'keep-opset' });
    const analysis = analyzeDependencies(model);
    const found = findGroups(analysis).map(({ nodes, units }) => [nodes.join('+'), units.length] as const);
    expect(sorted(found)).toEqual(sorted(pattern.groups));
    const kept = new Map(findKept(analysis, findGroups(analysis)).map(({ node, reason }) => [node, reason]));
    for (const [node, reason] of Object.entries(pattern.kept)) expect(kept.get(node)).toContain(reason);
  });

  test('removing all but one unit of each group leaves a valid model', async () => {
    const model = await loadModel(pattern.model);
    simplifyModel(model, { layerNormalization: 'keep-opset' });
    const analysis = analyzeDependencies(model);
    const roots = new Set(findGroups(analysis).flatMap(({ units }) => units.slice(1)));
    const parameters = sizeOf(model);
    removeSlots(model, analysis, { roots });
    expect(checkOnnxModel(model)).toEqual([]);
    if (roots.size > 0) expect(sizeOf(model)).toBeLessThan(parameters);
  });
});

const sorted = (groups: readonly (readonly [string, number])[]) => groups.map((one) => one.join()).sort();

test('a number of channels that is used as a value at run time keeps them', async () => {
  const pattern = CHANNEL_PATTERNS.find(({ name }) => name.includes('becomes a value'))!;
  // Simplified, the number would be a constant, which is right whatever is removed.
  const analysis = analyzeDependencies(await loadModel(pattern.model));
  expect(findGroups(analysis)).toEqual([]);
  expect(findKept(analysis, findGroups(analysis))[0]).toEqual({
    node: 'a',
    reason: expect.stringContaining('used as a number'),
  });
});

function sizeOf({ graph }: Awaited<ReturnType<typeof loadModel>>): number {
  return graph.initializer.reduce(
    (sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1),
    0,
  );
}
