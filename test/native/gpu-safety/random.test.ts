// SPDX-License-Identifier: Apache-2.0
// Random operations over three sessions with random faults. Whatever happens, every promise settles with a result that
// is right or an error with a code, nothing is left at the end, and the stand-in saw nothing that is undefined. A
// failure prints the seed: set TRTN_SEED to it to see the same operations again.
import { describe, expect, it } from 'vitest';

import type { DeviceTensor } from '../../../lib/runtime/device-tensor';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import type { IoBinding } from '../../../lib/runtime/io-binding';
import type { AnyArrays } from '../../../lib/runtime/output-types';
import type { Session } from '../../../lib/runtime/session';
import { REFITTABLE, SCALE, SLOW } from '../../standin-plan';
import { doubled, expectCleanAfterCollection, four, gpu, open } from './support';

const OPERATIONS = 2000;
const SESSIONS = 3;

// What may fail for want of something. Making a context current is not among it: memory could not be given back.
const REFUSED = [
  'cuMemAlloc',
  'cuMemAllocAsync',
  'cuMemHostAlloc',
  'cuMemcpyHtoDAsync',
  'cuMemcpyDtoHAsync',
  'cuEventCreate',
  'cuEventRecord',
  'cuEventSynchronize',
  'cuStreamCreateWithPriority',
  'cuStreamSynchronize',
  'cuStreamBeginCapture',
  'cuGraphInstantiateWithFlags',
  'cuGraphLaunch',
  'IRuntime::deserializeCudaEngine',
  'ICudaEngine::createExecutionContext',
  'IExecutionContext::setTensorAddress',
  'IExecutionContext::enqueueV3',
];

/** A generator of numbers below `limit`, the same for a seed (mulberry32). */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** One session with what was made on it. */
interface Place {
  session: Session;
  bindings: IoBinding<AnyArrays, AnyArrays, boolean>[];
}

class Storm {
  readonly #random: (limit: number) => number;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #tensors: DeviceTensor[] = [];
  readonly places: (Place | undefined)[] = new Array<Place | undefined>(SESSIONS).fill(undefined);
  readonly codes = new Map<string, number>();

  constructor(seed: number) {
    this.#random = makeRandom(seed);
  }

  async step(): Promise<void> {
    const index = this.#random(SESSIONS);
    const place = this.places[index];
    if (!place) return this.#open(index);
    const actions: ((place: Place) => unknown)[] = [
      this.#run,
      this.#run,
      this.#runAborted,
      this.#runSync,
      this.#runOnDevice,
      this.#bind,
      this.#boundRun,
      this.#boundRun,
      this.#boundRunSync,
      this.#closeBinding,
      this.#upload,
      this.#runUploaded,
      this.#closeTensor,
      this.#trace,
      this.#refit,
    ];
    const action = actions[this.#random(actions.length)]!;
    try {
      action.call(this, place);
    } catch (error) {
      this.#note(error);
    }
    if (this.#random(40) === 0) await this.#close(index);
    if (this.#random(4) === 0) await new Promise(setImmediate);
    if (this.#pending.size > 100) await Promise.all(this.#pending);
  }

  /** Ends everything. All promises of calls have settled afterwards. */
  async end(): Promise<void> {
    await Promise.all(this.places.map((_, index) => this.#close(index)));
    await Promise.all(this.#pending);
    for (const tensor of this.#tensors) tensor.close();
    expect(this.#pending.size).toBe(0);
  }

  async #open(index: number): Promise<void> {
    const plan = [SCALE, REFITTABLE, { ...SLOW, durationUs: 200 }][this.#random(3)]!;
    const options = {
      contexts: 1 + this.#random(3),
      maxQueue: 5 + this.#random(20),
      contextMemory: (['static', 'on-profile-change', 'shared'] as const)[this.#random(3)]!,
    };
    try {
      this.places[index] = { session: await open(plan, options), bindings: [] };
    } catch (error) {
      this.#note(error);
    }
  }

  async #close(index: number): Promise<void> {
    const place = this.places[index];
    this.places[index] = undefined;
    await place?.session.close();
  }

  #run({ session }: Place): void {
    const first = this.#random(100);
    this.#follow(session.run({ x: four(first) }), ({ y }) => expect(y!.data).toEqual(doubled(first)));
  }

  #runAborted({ session }: Place): void {
    const controller = new AbortController();
    this.#follow(session.run({ x: four() }, { signal: controller.signal }));
    if (this.#random(2)) controller.abort();
    else setImmediate(() => controller.abort());
  }

  #runSync({ session }: Place): void {
    expect(session.runSync({ x: four(3) }).y!.data).toEqual(doubled(3));
  }

  #runOnDevice({ session }: Place): void {
    this.#follow(session.run({ x: four() }, { deviceOutputs: true }), ({ y }) => this.#tensors.push(y!));
  }

  #bind(place: Place): void {
    const first = this.#random(100);
    const options = {
      values: { x: four(first) },
      deviceOutputs: this.#random(2) === 1,
    };
    this.#follow(place.session.createBinding({}, options), (io) => place.bindings.push(io));
  }

  #boundRun({ bindings }: Place): void {
    const io = this.#oneOf(bindings);
    if (!io) return;
    const x = io.inputs.x as Float32Array;
    this.#follow(io.run(), () => {
      const { y } = io.outputs;
      // Closed bindings have no arrays any more.
      if (y instanceof Float32Array && y.length > 0) expect(y).toEqual(x.map((value) => value * 2));
    });
  }

  #boundRunSync({ bindings }: Place): void {
    this.#oneOf(bindings)?.runSync();
  }

  #closeBinding({ bindings }: Place): void {
    const io = this.#oneOf(bindings);
    if (!io) return;
    if (this.#random(2)) io[Symbol.dispose]();
    else this.#follow(io.close());
  }

  #upload(): void {
    const upload = uploadTensor({ type: 'float32', data: four(7), dims: [4] });
    this.#follow(upload, (tensor) => this.#tensors.push(tensor));
  }

  #runUploaded({ session }: Place): void {
    const tensor = this.#oneOf(this.#tensors);
    if (tensor) this.#follow(session.run({ x: tensor }));
    if (tensor && this.#random(2)) this.#follow(tensor.toTensor());
  }

  #closeTensor(): void {
    const tensor = this.#oneOf(this.#tensors);
    tensor?.close();
  }

  #trace({ session }: Place): void {
    this.#follow(session.trace({ x: four() }), ({ outputs }) => expect(outputs.y!.data).toEqual(doubled()));
  }

  #refit({ session }: Place): void {
    this.#follow(session.refit(new Uint8Array([1, 2, 3])));
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.#random(Math.max(1, items.length))];
  }

  #follow<T>(call: Promise<T>, check: (value: T) => unknown = () => {}): void {
    const followed = call
      .then(check, (error: unknown) => this.#note(error))
      .then(
        () => void this.#pending.delete(followed),
        (error: unknown) => {
          this.#pending.delete(followed);
          this.#failures.push(error);
        },
      );
    this.#pending.add(followed);
  }

  /** Wrong results. */
  readonly #failures: unknown[] = [];
  get failures(): readonly unknown[] {
    return this.#failures;
  }

  #note(error: unknown): void {
    const { code } = error as { code?: string };
    if (code === undefined || !code.startsWith('ERR_TRT_')) throw error;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }
}

const seeds = process.env.TRTN_SEED ? [Number(process.env.TRTN_SEED)] : [1, Date.now() % 1_000_000];

describe.each([
  ['without faults', 0, 0, []],
  ['with calls that fail', 5, 1, REFUSED],
  ['with memory that runs out', 5, 2, REFUSED],
  ['with devices that are lost', 1, 700, []],
])('%s', (_, permille, result, entries) => {
  it.each(seeds)(`${OPERATIONS} operations from seed %i leave nothing behind`, async (seed) => {
    gpu.reset();
    gpu.configure({ reorder: seed });
    if (permille > 0) gpu.faultRandom(seed, permille, result, entries);
    const storm = new Storm(seed);
    for (let operation = 0; operation < OPERATIONS; operation++) await storm.step();
    await storm.end();
    gpu.reset();
    expect(storm.failures, `TRTN_SEED=${seed}`).toEqual([]);
    await expectCleanAfterCollection();
  });
});
