// SPDX-License-Identifier: Apache-2.0
import { loadAddon } from '../binding/load';
import { locateOnnxRuntime } from './locate-onnxruntime';
import type { CpuReport } from './probe-report';

/**
 * An ONNX model of one node, y = Identity(x) of one float, written out in protobuf's form: a library that runs it works,
 * which its name and its version number do not prove.
 */
function smallestModel(): Uint8Array {
  const field = (number: number, content: number[] | string): number[] => {
    const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
    return [(number << 3) | 2, bytes.length, ...bytes];
  };
  const integer = (number: number, value: number): number[] => [number << 3, value];
  const value = (name: string): number[] => {
    const shape = field(2, field(1, integer(1, 1)));
    return [...field(1, name), ...field(2, field(1, [...integer(1, 1), ...shape]))];
  };
  const node = [...field(1, 'x'), ...field(2, 'y'), ...field(4, 'Identity')];
  const graph = [...field(1, node), ...field(2, 'probe'), ...field(11, value('x')), ...field(12, value('y'))];
  return Uint8Array.from([...integer(1, 8), ...field(7, graph), ...field(8, integer(2, 13))]);
}

/** Finds ONNX Runtime, the CPU backend, and loads a tiny model with it. */
export async function probeCpuRuntime(): Promise<CpuReport> {
  const { candidates, tried } = await locateOnnxRuntime();
  for (const { path } of candidates) {
    try {
      return { available: true, version: await openRuntime(path), path, reason: null, tried };
    } catch (error) {
      tried.push({ path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const reason =
    candidates.length > 0 ? 'no libonnxruntime that was found works' : 'libonnxruntime was not found';
  return { available: false, version: null, path: null, reason, tried };
}

/** Version of the library at `library`. Rejects if it cannot load the model. */
async function openRuntime(library: string): Promise<string> {
  let closed = (): void => undefined;
  const whenClosed = new Promise<void>((resolve) => (closed = resolve));
  const session = await loadAddon().createSession(
    {
      backend: 'onnxruntime',
      library,
      modelBytes: smallestModel(),
      contexts: 1,
      intraOpNumThreads: 1,
      maxQueue: 1,
    },
    () => closed(),
  );
  session.close(0);
  await whenClosed;
  return session.libraryVersion;
}
