// SPDX-License-Identifier: Apache-2.0

/** A detection of one class: its score, and bit s of `hits` is set where it is right at the overlap of step s. */
export interface RankedDetection {
  /** The detection's score. */
  readonly score: number;
  /** Bit s: right at the overlap of step s. */
  readonly hits: number;
}

/** Precision at each recall that is reached; precision never rises with recall. */
export interface PrecisionCurve {
  /** Rising. */
  readonly recalls: readonly number[];
  /** One for each recall. */
  readonly precisions: readonly number[];
}

/**
 * Precision against recall as the least score falls, each precision raised to the best one at its recall or a higher one.
 *
 * @param support - True boxes.
 */
export function precisionCurve(
  detections: readonly RankedDetection[],
  support: number,
  step: number,
): PrecisionCurve {
  const ranked = [...detections].sort((a, b) => b.score - a.score);
  const recalls: number[] = [];
  const precisions: number[] = [];
  let right = 0;
  ranked.forEach(({ hits }, index) => {
    right += (hits >> step) & 1;
    recalls.push(right / support);
    precisions.push(right / (index + 1));
  });
  for (let i = precisions.length - 2; i >= 0; i--)
    precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  return { recalls, precisions };
}

/**
 * Mean precision at evenly spaced recalls from 0 to 1, 101 of them as COCO or 11 as PASCAL VOC until 2009; `'area'` is the
 * whole area below the curve, as PASCAL VOC since 2010. Where a recall is not reached precision is 0.
 *
 * @see M. Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", IJCV 88 (2010)
 */
export function averagePrecision(
  { recalls, precisions }: PrecisionCurve,
  points: 101 | 11 | 'area' = 101,
): number {
  let sum = 0;
  if (points === 'area') {
    recalls.forEach((recall, i) => (sum += (recall - (recalls[i - 1] ?? 0)) * precisions[i]!));
    return sum;
  }
  let at = 0;
  for (let i = 0; i < points; i++) {
    const wanted = i / (points - 1);
    while (at < recalls.length && recalls[at]! < wanted) at++;
    sum += precisions[at] ?? 0;
  }
  return sum / points;
}
