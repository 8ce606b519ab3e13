// SPDX-License-Identifier: Apache-2.0
// Images that change their size.

import type { Dim, Dims } from '../dim-algebra';
import type { NodeView, ShapeRules } from '../node-view';

function resize(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const { algebra } = node;
  const axes =
    node.ints('axes')?.map((axis) => (axis < 0 ? axis + dims.length : axis)) ?? dims.map((_, i) => i);
  const sizes = node.has(3) ? node.values(3)?.items : undefined;
  const scales = node.numbers(node.opset < 11 ? 1 : 2);
  const keepsRatio = node.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch';
  // With a region, its size counts, and runtimes differ in how they round it.
  const hasRegion = node.text('coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  return dims.map((dim, index) => {
    const at = axes.indexOf(index);
    if (at < 0) return dim;
    if (node.has(3)) return keepsRatio ? algebra.fresh() : node.asSize(sizes?.[at]);
    return hasRegion ? algebra.fresh() : scaledSize(node, dim, scales?.[at]);
  });
}

/** Computed in 32 bits, as runtimes do. */
function scaledSize(node: NodeView, dim: Dim, scale: number | undefined): Dim {
  if (scale === undefined) return node.algebra.fresh();
  if (Number.isInteger(scale) && scale > 0) return node.algebra.multiply([dim, scale]);
  return node.algebra.apply('scaled', [dim, scale], (size, by) =>
    Math.floor(Math.fround(Math.fround(size) * by)),
  );
}

function upsample(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const scales = node.opset < 9 ? node.floats('scales') : node.numbers(1);
  return dims?.map((dim, index) => scaledSize(node, dim, scales?.[index]));
}

function gridSample(node: NodeView): Dims | undefined {
  const [dims, grid] = [node.dims(0), node.dims(1)];
  if (dims === undefined || dims.length < 2) return undefined;
  const spatial = grid?.slice(1, -1) ?? node.algebra.freshDims(dims.length - 2);
  return [dims[0]!, dims[1]!, ...spatial];
}

function affineGrid(node: NodeView): Dims | undefined {
  const rank = node.dims(1)?.[0];
  const items = node.values(1)?.items ?? node.algebra.dimsOfRank(rank);
  const size = items?.map((item) => node.asSize(item));
  return size === undefined || size.length < 3 ? undefined : [size[0]!, ...size.slice(2), size.length - 2];
}

function decodedImage(node: NodeView): Dims {
  const channels = node.text('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3;
  return [...node.algebra.freshDims(2), channels];
}

export const RESIZING_RULES: ShapeRules = {
  Resize: (node) => [resize(node)],
  Upsample: (node) => [upsample(node)],
  GridSample: (node) => [gridSample(node)],
  AffineGrid: (node) => [affineGrid(node)],
  ImageDecoder: (node) => [decodedImage(node)],
};
