// SPDX-License-Identifier: Apache-2.0
// What four numbers of a box mean, where they are no head that needs decoding.

import type { ImageTransform } from '../../ops/image/transform';
import type { BoxNumbers, BoxUnits } from '../spec/post-spec';

/** Width and height of the model's input. */
export interface ModelSize {
  readonly width: number;
  readonly height: number;
}

/** x1, y1, x2, y2 of a box, to `corners` at `to`. */
export function writeCorners(
  form: BoxNumbers,
  [a, b, c, d]: readonly [number, number, number, number],
  { corners, to }: { corners: Float32Array; to: number },
): void {
  const box =
    form === 'center'
      ? [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
      : form === 'corner-size'
        ? [a, b, a + c, b + d]
        : form === 'corners-yx'
          ? [b, a, d, c]
          : [a, b, c, d];
  corners.set(box, to);
}

/** How images lie under coordinates that count `units`. */
export function transformsIn(
  units: BoxUnits,
  transforms: readonly ImageTransform[],
  size: ModelSize,
): readonly ImageTransform[] {
  if (units === 'model') return transforms;
  return transforms.map((transform) => {
    const { width, height, scaleX, scaleY, offsetX, offsetY } = transform;
    if (units === 'image') return { width, height, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    return {
      width,
      height,
      scaleX: scaleX / size.width,
      scaleY: scaleY / size.height,
      offsetX: offsetX / size.width,
      offsetY: offsetY / size.height,
    };
  });
}
