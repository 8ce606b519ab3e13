// SPDX-License-Identifier: Apache-2.0

/**
 * Runs `run` on the items, up to `atOnce` of them at the same time, and yields item and result in the order of the items.
 * Items are taken as they are needed. After an error nothing more is started; what runs is awaited first.
 */
export async function* runAhead<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  run: (item: T) => Promise<R>,
): AsyncGenerator<readonly [T, R]> {
  const running: (readonly [T, Promise<R>])[] = [];
  try {
    for await (const item of items) {
      const result = run(item);
      // It is awaited in its turn; until then a failure must not count as unhandled.
      result.catch(() => undefined);
      running.push([item, result]);
      if (running.length < atOnce) continue;
      const [first, outcome] = running.shift()!;
      yield [first, await outcome];
    }
    while (running.length > 0) {
      const [first, outcome] = running.shift()!;
      yield [first, await outcome];
    }
  } finally {
    await Promise.allSettled(running.map(([, outcome]) => outcome));
  }
}
