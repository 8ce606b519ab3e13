// SPDX-License-Identifier: Apache-2.0
// A user's TypeScript compiler on the installed declarations: strict, with the declarations themselves checked.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { installedPackage, writeProjectFile } from './installed-package';
import { runForOutput, runProgram, toolFile, toolVersion } from './programs';

/** Uses the entry points; the second half must be refused, or the types are worth nothing. */
const PROGRAM = `
import { createSession, probe, TensorRTError, type ProbeReport, type Session, type Tensor } from 'tensorrt-node';
import { runBench } from 'tensorrt-node/bench';
import { quantize } from 'tensorrt-node/compress';
import { evaluate } from 'tensorrt-node/evaluate';
import { loadModel } from 'tensorrt-node/onnx';

export async function classify(model: Uint8Array, images: Float32Array): Promise<readonly number[]> {
  const report: ProbeReport = await probe();
  if (!report.addon.available) throw new Error(report.addon.reason ?? 'no reason');
  const session: Session = await createSession(model, { device: 'cpu' });
  const outputs: Record<string, Tensor> = await session.run({ images: { type: 'float32', data: images, dims: [1, 4] } });
  await session.close();
  return outputs.y!.dims;
}

export const others = [runBench, quantize, evaluate, loadModel] as const;
export const isOurs = (error: unknown): boolean => error instanceof TensorRTError && error.code.startsWith('ERR_TRT_');

// @ts-expect-error a device is 'auto', 'cpu', 'gpu' or the like
export const wrongDevice = createSession('model.onnx', { device: 'abacus' });
// @ts-expect-error a model is a path or bytes
export const wrongModel = createSession(42);
// @ts-expect-error there is no such export
export { nothingOfTheKind } from 'tensorrt-node';
`;

/** The drop-in. Its types are those of onnxruntime-common, whose own declarations name classes of the DOM. */
const DROP_IN = `
import { InferenceSession, Tensor as OrtTensor, listSupportedBackends } from 'tensorrt-node/onnxruntime';
import 'tensorrt-node/onnxruntime/register';

export async function withOnnxRuntime(path: string): Promise<readonly number[]> {
  const session = await InferenceSession.create(path, { executionProviders: ['cpu'] });
  const { y } = await session.run({ x: new OrtTensor('float32', Float32Array.of(1, 2), [2]) });
  return y!.dims;
}

export const backends = listSupportedBackends().map(({ name }) => name);
// @ts-expect-error a tensor has a type that ONNX knows
export const wrongTensor = new OrtTensor('float33', Float32Array.of(1), [1]);
`;

interface Case {
  compiler: string;
  module: string;
  resolution: string;
  lib: string;
  files: string[];
}

const MAIN = ['main.mts', 'main.cts'];
const DROP_INS = ['drop-in.mts', 'drop-in.cts'];

/** Both module systems with Node's own resolution, and the one for bundlers, which knows ES modules only. */
const CASES: Case[] = ['typescript-5.7', 'typescript-5.9', 'typescript-7'].flatMap((compiler) => [
  { compiler, module: 'node16', resolution: 'node16', lib: 'es2022', files: MAIN },
  {
    compiler,
    module: 'esnext',
    resolution: 'bundler',
    lib: 'es2022,dom',
    files: ['main.mts', 'drop-in.mts'],
  },
]);
CASES.push({
  compiler: 'typescript-7',
  module: 'nodenext',
  resolution: 'nodenext',
  lib: 'es2022,dom',
  files: [...MAIN, ...DROP_INS],
});

let folder: string;
beforeAll(async () => {
  folder = await installedPackage({ packages: ['@types/node'] });
  for (const name of MAIN) writeProjectFile(folder, name, PROGRAM);
  for (const name of DROP_INS) writeProjectFile(folder, name, DROP_IN);
});

/** Arguments of tsc for one case. */
function compilation({ module, resolution, lib, files }: Case): string[] {
  const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];
  return [...flags, '--lib', lib, '--module', module, '--moduleResolution', resolution, ...files];
}

describe('the declarations', () => {
  it.each(CASES)('compile with $compiler, moduleResolution $resolution', async (one) => {
    const tsc = toolFile(one.compiler, 'bin', 'tsc');
    const result = await runProgram(process.execPath, [tsc, ...compilation(one)], { cwd: folder });
    expect(result).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('are compiled by the versions that are meant', async () => {
    for (const name of new Set(CASES.map(({ compiler }) => compiler))) {
      const text = await runForOutput(process.execPath, [toolFile(name, 'bin', 'tsc'), '--version'], {
        cwd: folder,
      });
      expect(text).toContain(toolVersion(name));
    }
  });

  it('are what the compiler read: without the package the program does not compile', async () => {
    const empty = join(folder, 'elsewhere');
    writeProjectFile(empty, 'package.json', '{}');
    writeProjectFile(empty, 'main.mts', PROGRAM.replaceAll('tensorrt-node', 'tensorrt-nod'));
    const one = { ...CASES.at(-1)!, files: ['main.mts'] };
    const tsc = toolFile('typescript-7', 'bin', 'tsc');
    const { status, stdout } = await runProgram(process.execPath, [tsc, ...compilation(one)], {
      cwd: empty,
    });
    expect(status).not.toBe(0);
    expect(stdout).toContain("Cannot find module 'tensorrt-nod'");
  });
});
