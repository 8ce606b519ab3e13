// SPDX-License-Identifier: Apache-2.0
// Mean average precision as COCO counts it: T.-Y. Lin et al., "Microsoft COCO", ECCV 2014; the evaluation is described at
// https://cocodataset.org/#detection-eval. Crowds and areas are left out.

import { averagePrecision, precisionCurve, type RankedDetection } from './average-precision';

/** Corners of a box: left, top, right, bottom, in any unit. */
export type Box = readonly [number, number, number, number];

/** A box with its class, from 0. */
export interface LabelledBox {
  /** Its corners. */
  readonly box: Box;
  /** Number of the class. */
  readonly label: number;
}

/** A box that a model found. */
export interface Detection extends LabelledBox {
  /** How sure the model is. */
  readonly score: number;
}

/** Average precision of one class; null where it has no true box. */
export interface ClassPrecision {
  /** Number of the class, from 0. */
  readonly label: number;
  /** True boxes. */
  readonly support: number;
  /** Mean over the overlaps 0.5, 0.55 … 0.95. */
  readonly ap: number | null;
  /** At an overlap of 0.5. */
  readonly ap50: number | null;
}

/** Mean average precision over the classes that have true boxes. */
export interface DetectionMeasures {
  /** Mean over the overlaps 0.5, 0.55 … 0.95, of 101 points of each curve. */
  readonly map: number;
  /** At an overlap of 0.5, of 101 points. */
  readonly map50: number;
  /** At an overlap of 0.75, of 101 points. */
  readonly map75: number;
  /** At an overlap of 0.5, of 11 points: PASCAL VOC until 2009. */
  readonly map50Voc11: number;
  /** At an overlap of 0.5, the whole area below the curve: PASCAL VOC since 2010. */
  readonly map50Area: number;
  /** One for each class, by its number. */
  readonly classes: readonly ClassPrecision[];
}

const OVERLAPS = Array.from({ length: 10 }, (_, step) => 0.5 + step * 0.05);
const AT_75 = 5;
/** Detections of one class that count in one image, the best ones. */
const MOST_DETECTIONS = 100;

/** `area(a ∩ b) / area(a ∪ b)`; 0 for boxes without area. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return common / (areaOf(a) + areaOf(b) - common);
}

function areaOf([left, top, right, bottom]: Box): number {
  return (right - left) * (bottom - top);
}

interface ClassRecord {
  support: number;
  readonly detections: RankedDetection[];
}

/** Matches detections with true boxes, an image at a time; keeps a score and ten bits for each detection. */
export class DetectionSums {
  private readonly classes = new Map<number, ClassRecord>();

  /** Adds the image. */
  add(truth: readonly LabelledBox[], found: readonly Detection[]): void {
    const labels = new Set([...truth, ...found].map(({ label }) => label));
    for (const label of labels) {
      const boxes = truth.filter((one) => one.label === label).map(({ box }) => box);
      const record = this.recordOf(label);
      record.support += boxes.length;
      const best = found
        .filter((one) => one.label === label)
        .sort((a, b) => b.score - a.score)
        .slice(0, MOST_DETECTIONS);
      record.detections.push(...match(best, boxes));
    }
  }

  /** The measures of what was added. */
  get measures(): DetectionMeasures {
    const labels = [...this.classes.keys()].sort((a, b) => a - b);
    const classes = labels.map((label) => this.classPrecision(label));
    const known = labels.map((label) => this.recordOf(label)).filter(({ support }) => support > 0);
    const meanAt = (step: number, points?: 11 | 'area') =>
      mean(known.map((record) => precisionAt(record, step, points)));
    return {
      map: mean(OVERLAPS.map((_, step) => meanAt(step))),
      map50: meanAt(0),
      map75: meanAt(AT_75),
      map50Voc11: meanAt(0, 11),
      map50Area: meanAt(0, 'area'),
      classes,
    };
  }

  private classPrecision(label: number): ClassPrecision {
    const record = this.recordOf(label);
    const { support } = record;
    if (support === 0) return { label, support, ap: null, ap50: null };
    const all = OVERLAPS.map((_, step) => precisionAt(record, step));
    return { label, support, ap: mean(all), ap50: all[0]! };
  }

  private recordOf(label: number): ClassRecord {
    let record = this.classes.get(label);
    if (record === undefined) this.classes.set(label, (record = { support: 0, detections: [] }));
    return record;
  }
}

function precisionAt(record: ClassRecord, step: number, points?: 11 | 'area'): number {
  return averagePrecision(precisionCurve(record.detections, record.support, step), points);
}

/** The best detections take the true box that they overlap most; each box is taken once. A bit for each overlap. */
function match(detections: readonly Detection[], boxes: readonly Box[]): RankedDetection[] {
  const hits = new Int32Array(detections.length);
  const overlaps = detections.map(({ box }) => boxes.map((other) => intersectionOverUnion(box, other)));
  OVERLAPS.forEach((least, step) => {
    const taken = new Set<number>();
    detections.forEach((_, index) => {
      let best = -1;
      let bestOverlap = Math.min(least, 1 - 1e-10);
      overlaps[index]!.forEach((overlap, box) => {
        if (taken.has(box) || overlap < bestOverlap) return;
        best = box;
        bestOverlap = overlap;
      });
      if (best < 0) return;
      taken.add(best);
      hits[index]! |= 1 << step;
    });
  });
  return detections.map(({ score }, index) => ({ score, hits: hits[index]! }));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
