// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { rescaleBoxes } from '../../ops/boxes/rescale';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { Detection } from '../results';
import { DEFAULT_SCORE_THRESHOLD } from '../spec/check-detection';
import { columnPlaces, partsOf } from '../spec/fit-boxes';
import type { EndToEndPost } from '../spec/post-spec';
import { transformsIn, writeCorners, type ModelSize } from './box-numbers';
import { boxAt } from './found-boxes';
import { hostNumbers } from './host-numbers';
import { namesOf, scored, type Outputs } from './output-rows';
import { operatorOptions, type FinishedBatch, type OutputStage, type StageContext } from './stage';

/** A thing as the model gives it. */
interface FoundRow {
  readonly image: number;
  readonly box: readonly [number, number, number, number];
  readonly score: number;
  readonly classId: number;
}

/** What a detector with the suppression in it has found, to boxes in the images. */
export class EndToEndOutput implements OutputStage<readonly Detection[]> {
  readonly outputs: readonly string[];
  /** They are small, and read number by number. */
  readonly staysOnDevice = false;
  readonly #post: EndToEndPost;
  readonly #size: ModelSize;

  constructor(post: EndToEndPost, infos: readonly TensorInfo[], size: ModelSize) {
    this.outputs = infos.map(({ name }) => name);
    this.#post = post;
    this.#size = size;
  }

  async finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch, context: StageContext) {
    const { scoreThreshold = DEFAULT_SCORE_THRESHOLD, units = 'model' } = this.#post;
    const rows = await this.#read(outputs, batch, context);
    const images = Array.from({ length: count }, (): FoundRow[] => []);
    for (const row of rows)
      // What is not a number exceeds nothing; padding has classes below the first.
      if (row.score > scoreThreshold && row.classId >= 0 && !row.box.some(Number.isNaN))
        images[row.image]?.push(row);
    // Sorting keeps the order of equal ones.
    for (const image of images) image.sort((a, b) => b.score - a.score);
    return this.#place(images, transformsIn(units, transforms.slice(0, count), this.#size), context);
  }

  async #place(
    images: readonly (readonly FoundRow[])[],
    transforms: FinishedBatch['transforms'],
    context: StageContext,
  ): Promise<Detection[][]> {
    const { form = 'corners', labels } = this.#post;
    const most = Math.max(...images.map(({ length }) => length));
    if (most === 0) return images.map(() => []);
    const corners = new Float32Array(images.length * most * 4);
    images.forEach((rows, image) =>
      rows.forEach(({ box }, place) => writeCorners(form, box, { corners, to: (image * most + place) * 4 })),
    );
    const tensor = new Tensor('float32', [images.length, most, 4], corners);
    const { data } = await rescaleBoxes(tensor, transforms, operatorOptions(context));
    const names = namesOf(labels);
    return images.map((rows, image) =>
      rows.map(({ classId, score }, place) => ({
        ...scored(classId, score, names),
        box: boxAt(data, image * most + place),
      })),
    );
  }

  async #read(outputs: Outputs, batch: number, context: StageContext): Promise<FoundRow[]> {
    const parts = partsOf(this.#post);
    const all = await Promise.all(
      this.outputs.map(async (name) => ({
        name,
        dims: outputs[name]!.dims,
        data: await hostNumbers(outputs[name]!, context),
      })),
    );
    if (parts.length === 0) return this.#readTable(all[0]!, batch);
    const named = Object.fromEntries(parts.map((part, index) => [part, all[index]!])) as unknown as Parts;
    return named.indices === undefined ? this.#readParts(named, batch) : this.#readIndices(named);
  }

  #readTable({ name, dims, data }: Numbers, batch: number): FoundRow[] {
    const { places, width } = columnPlaces(this.#post);
    const columns = dims.at(-1)!;
    const isFlat = dims.length === 2;
    const found = isFlat ? dims[0]! : dims[1]!;
    const isRight = isFlat
      ? places.image !== undefined || batch === 1
      : dims.length === 3 && dims[0] === batch;
    if (!isRight || columns < width)
      throw misshaped(name, dims, `a table of ${width} columns for ${batch} images`);
    const { firstClass = 0 } = this.#post;
    return Array.from({ length: isFlat ? found : batch * found }, (_, row): FoundRow => {
      const at = row * columns;
      const number = (column: number): number => data[at + column]!;
      const box = places.box!;
      return {
        image: places.image === undefined ? Math.floor(row / Math.max(1, found)) : number(places.image),
        box: [number(box), number(box + 1), number(box + 2), number(box + 3)],
        score: number(places.score!),
        classId: places.class === undefined ? 0 : Math.round(number(places.class)) - firstClass,
      };
    });
  }

  #readParts({ boxes, scores, classes, counts }: Parts, batch: number): FoundRow[] {
    const { firstClass = 0 } = this.#post;
    const found = boxes.dims.at(-2)!;
    const rows = batch * found;
    if (boxes.data.length !== rows * 4) throw misshaped(boxes.name, boxes.dims, `boxes of ${batch} images`);
    for (const part of [scores, classes])
      if (part !== undefined && part.data.length !== rows)
        throw misshaped(
          part.name,
          part.dims,
          `a number for each box of "${boxes.name}" [${boxes.dims.join(', ')}]`,
        );
    if (counts !== undefined && counts.data.length !== batch)
      throw misshaped(counts.name, counts.dims, `a number for each of ${batch} images`);
    const all = Array.from({ length: rows }, (_, row): FoundRow => ({
      image: Math.floor(row / Math.max(1, found)),
      box: fourAt(boxes.data, row),
      score: scores.data[row]!,
      classId: classes === undefined ? 0 : Math.round(classes.data[row]!) - firstClass,
    }));
    return counts === undefined ? all : all.filter(({ image }, row) => row % found < counts.data[image]!);
  }

  /** Of ONNX's NonMaxSuppression: image, class and box of each, of `[N, A, 4]` and `[N, C, A]`. */
  #readIndices({ boxes, scores, indices }: Parts): FoundRow[] {
    const [images, count] = boxes.dims as [number, number];
    const [, classes, scored] = scores.dims as [number, number, number];
    const isRight = scores.dims.length === 3 && scores.dims[0] === images && scored === count;
    if (!isRight)
      throw misshaped(scores.name, scores.dims, `[${images}, classes, ${count}], as the boxes are`);
    if (indices!.dims.at(-1) !== 3)
      throw misshaped(indices!.name, indices!.dims, 'image, class and box of each');
    const rows: FoundRow[] = [];
    for (let at = 0; at < indices!.data.length; at += 3) {
      const [image, classId, box] = [0, 1, 2].map((place) => indices!.data[at + place]!) as [
        number,
        number,
        number,
      ];
      // Exports with a fixed number of places fill them up with -1.
      if (image < 0 || box < 0 || box >= count || classId < 0 || classId >= classes) continue;
      const score = scores.data[(image * classes + classId) * count + box]!;
      rows.push({ image, classId, score, box: fourAt(boxes.data, image * count + box) });
    }
    return rows;
  }
}

interface Numbers {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

type Parts = Readonly<Record<'boxes' | 'scores', Numbers>> &
  Readonly<Partial<Record<'classes' | 'counts' | 'indices', Numbers>>>;

function fourAt(data: ArrayLike<number>, row: number): [number, number, number, number] {
  return [0, 1, 2, 3].map((number) => data[row * 4 + number]!) as [number, number, number, number];
}

function misshaped(name: string, dims: readonly number[], expected: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_FAILED',
    `The pipeline expected ${expected}, but the model's output "${name}" has dims [${dims.join(', ')}].`,
    { details: { output: name, dims } },
  );
}
