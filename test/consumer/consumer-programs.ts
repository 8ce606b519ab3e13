// SPDX-License-Identifier: Apache-2.0
// The programs of a user, as texts: the same work through each way of loading the package.
import { addModel } from '../onnx-models';
import { writeProjectFile } from './installed-package';

/** What every program prints, as one line of JSON. */
export interface ConsumerResult {
  /** Where the binary was found. */
  origin: string;
  path: string;
  /** `[1, 2, 3, 4] + [1, 2, 3, 4]`. */
  sum: number[];
}

const WORK = `
  async function work({ createSession, probe }) {
    const { addon } = await probe();
    const session = await createSession('add.onnx', { device: 'cpu' });
    const { y } = await session.run({ x: Float32Array.of(1, 2, 3, 4) });
    await session.close();
    return { origin: addon.origin, path: addon.path, sum: [...y.data] };
  }
  const print = (result) => console.log(JSON.stringify(result));`;

const WITHOUT_RUNTIME = `
  const { createSession, TensorRTError } = require('tensorrt-node');
  createSession('add.onnx', { device: 'cpu' }).then(
    () => console.log(JSON.stringify('no error')),
    (error) => console.log(JSON.stringify({ known: error instanceof TensorRTError, code: error.code, hint: error.hint })),
  );`;

/** Three workers at once; a fourth is ended in the middle of its work. */
const WORKERS = `
  const { Worker, isMainThread, parentPort } = require('node:worker_threads');
  ${WORK}
  if (isMainThread) {
    const answer = () => new Promise((resolve, reject) => {
      const worker = new Worker(__filename);
      worker.once('message', resolve).once('error', reject);
    });
    const ended = async () => {
      const worker = new Worker(__filename);
      await new Promise((resolve) => worker.once('online', resolve));
      return worker.terminate();
    };
    Promise.all([answer(), answer(), answer(), ended()])
      .then(async ([first, second, third]) => {
        const own = await work(require('tensorrt-node'));
        const same = [second, third, own].every((other) => JSON.stringify(other) === JSON.stringify(first));
        print({ ...first, same });
      });
  } else {
    work(require('tensorrt-node')).then((result) => parentPort.postMessage(result));
  }`;

/** File name -> text. */
const PROGRAMS = {
  'main.mjs': `import { createSession, probe } from 'tensorrt-node';${WORK}\nprint(await work({ createSession, probe }));`,
  'main.cjs': `const tensorrt = require('tensorrt-node');${WORK}\nwork(tensorrt).then(print);`,
  'dynamic.cjs': `${WORK}\nimport('tensorrt-node').then(work).then(print);`,
  'workers.cjs': WORKERS,
  'without-runtime.cjs': WITHOUT_RUNTIME,
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** Writes the programs and their model into a project. */
export function writePrograms(folder: string): void {
  for (const [name, text] of Object.entries(PROGRAMS)) writeProjectFile(folder, name, text);
  writeProjectFile(folder, 'add.onnx', addModel());
}
