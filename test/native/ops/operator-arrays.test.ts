// SPDX-License-Identifier: Apache-2.0
// What a caller may do to its arrays while operators run: memory that JavaScript can take away is copied, other memory is
// used where it is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createChain } from '../../../lib/ops/chain';
import { convert, planConvert, type ConvertOptions } from '../../../lib/ops/tensors/convert';
import type { Session } from '../../../lib/runtime/session';
import type { Tensor } from '../../../lib/runtime/tensor';
import { createSession } from '../../../lib/session/create-session';
import { collectGarbage } from '../../gpu-session';
import { dynamicModel } from '../../onnx-models';

const COUNT = 1_000_000;
const TWICE: ConvertOptions = { type: 'int32', scale: 2 };

function numbers(into: Float32Array = new Float32Array(COUNT)): Float32Array {
  for (let index = 0; index < COUNT; index++) into[index] = index % 1000;
  return into;
}
const isTwice = (result: unknown): boolean =>
  ((result as Tensor).data as Int32Array).every((value, index) => value === 2 * (index % 1000));

/** Takes the memory away from its views, and gives it back to the system. */
function drop(array: ArrayBufferView): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  collectGarbage();
}

/** Runs behind others, so that `meanwhile` mostly comes before it begins. */
async function whileBusy<T>(start: () => Promise<T>, meanwhile: () => void): Promise<T> {
  const data = new Float32Array(new SharedArrayBuffer(4 * COUNT));
  const busy = Array.from({ length: 16 }, () => convert({ data, dims: [COUNT] }, { ...TWICE, threads: 1 }));
  const running = start();
  meanwhile();
  const [result] = await Promise.all([running, ...busy]);
  return result;
}

// The first call opens the addon, and reads its arrays when that is done.
beforeAll(() => convert({ data: new Float32Array(1), dims: [1] }, TWICE));

describe('an array that is transferred, dropped and collected during a call', () => {
  it('was read before, by an operator and by a chain', async () => {
    for (let round = 0; round < 5; round++) {
      const data = numbers();
      const result = await whileBusy(
        () => convert({ data, dims: [COUNT] }, TWICE),
        () => drop(data),
      );
      expect(data).toHaveLength(0);
      expect(isTwice(result)).toBe(true);
    }
    await using chain = await createChain(
      [{ plan: ([x]) => planConvert([x!], TWICE), inputs: ['x'], outputs: ['y'] }],
      { inputs: { x: { type: 'float32', dims: [COUNT] } } },
    );
    const x = numbers();
    const { y } = await whileBusy(
      () => chain.run({ x }),
      () => drop(x),
    );
    expect(isTwice(y)).toBe(true);
  });

  it('is not written to', async () => {
    for (let round = 0; round < 5; round++) {
      const out = new Int32Array(COUNT);
      const running = whileBusy(
        () => convert({ data: numbers(), dims: [COUNT] }, { ...TWICE, out }),
        () => drop(out),
      );
      await expect(running).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    }
  });

  it('may also be changed, or its buffer made smaller', async () => {
    // Not among the types of the oldest supported Node.js.
    const Resizable = ArrayBuffer as new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer;
    const resizable = new Resizable(4 * COUNT, { maxByteLength: 4 * COUNT });
    const data = new Float32Array(resizable);
    data.set(numbers());
    const result = await whileBusy(
      () => convert({ data, dims: [COUNT] }, TWICE),
      () => {
        data.fill(7);
        (resizable as unknown as { resize(bytes: number): void }).resize(0);
      },
    );
    expect(isTwice(result)).toBe(true);
  });
});

describe('memory that lasts', () => {
  it('is used in place: shared, and what an operator has given', async () => {
    const shared = numbers(new Float32Array(new SharedArrayBuffer(4 * COUNT)));
    const into = new Int32Array(new SharedArrayBuffer(4 * COUNT));
    const given = (await convert({ data: numbers(), dims: [COUNT] }, { type: 'float32' })).data;
    for (const data of [numbers(shared), given as Float32Array]) {
      // Too late for a copy, in time for what has not begun: sooner or later a change is seen.
      let isSeen = false;
      for (let round = 0; round < 100 && !isSeen; round++) {
        data[5] = 5;
        const result = await whileBusy(
          () => convert({ data, dims: [COUNT] }, { ...TWICE, out: into }),
          () => (data[5] = 50),
        );
        expect((result as Tensor).data).toBe(into);
        isSeen = into[5] === 100;
      }
      expect(isSeen).toBe(true);
      expect(into[6]).toBe(12);
    }
  });
});

describe('arrays of a binding', () => {
  const opened: Session[] = [];
  afterAll(() => Promise.all(opened.map((session) => session.close())));

  const SHAPE = [64, 3, 4, 4];
  const LENGTH = 64 * 48;

  async function bind() {
    const session = await createSession(dynamicModel(), { device: 'cpu' });
    opened.push(session);
    return session.createBinding({ x: SHAPE });
  }

  it('take results of operators and give them inputs', async () => {
    const io = await bind();
    const x = io.inputs.x as Float32Array;
    const data = Int32Array.from({ length: LENGTH }, (_, index) => index);
    const filled = await convert({ data, dims: SHAPE }, { type: 'float32', scale: 3, out: x });
    expect(filled.data).toBe(x);
    expect(x).toEqual(Float32Array.from(data, (value) => 3 * value));
    await io.run();
    const y = io.outputs.y as Float32Array;
    const back = await convert({ data: y, dims: SHAPE }, { type: 'int32' });
    expect(back.data).toEqual(Int32Array.from(y, Math.round));
    await io.close();
  });

  it('stay as long as a call needs them when it is closed meanwhile', async () => {
    const io = await bind();
    const x = (io.inputs.x as Float32Array).fill(4);
    let closing: Promise<unknown> | undefined;
    const result = await whileBusy(
      () => convert({ data: x, dims: SHAPE }, { type: 'int32', scale: 2 }),
      () => {
        closing = Promise.resolve(io.close());
        collectGarbage();
      },
    );
    await closing;
    expect((result as Tensor).data).toEqual(new Int32Array(LENGTH).fill(8));
  });

  it('are refused once it is closed, and told of when it closes meanwhile', async () => {
    const io = await bind();
    const out = io.inputs.x as Float32Array;
    const data = new Float32Array(LENGTH).fill(1);
    const running = whileBusy(
      () => convert({ data, dims: SHAPE }, { type: 'float32', out }),
      () => {
        void io.close();
        collectGarbage();
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    const REFUSED = {
      code: 'ERR_TRT_ARG_TENSOR',
      message: expect.stringMatching(/binding closed/) as string,
    };
    await expect(convert({ data, dims: SHAPE }, { type: 'float32', out })).rejects.toMatchObject(REFUSED);
    await expect(convert({ data: out, dims: SHAPE }, { type: 'int32' })).rejects.toMatchObject(REFUSED);
  });
});
