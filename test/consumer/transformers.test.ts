// SPDX-License-Identifier: Apache-2.0
// @huggingface/transformers on this package without a change to its code, by each way that there is, compared with
// the same program on onnxruntime-node.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { addTool, installedPackage, writeProjectFile } from './installed-package';
import { projectWithOverride } from './override-project';
import { nodeMajors, nodeProgram, runForJson, toolFile } from './programs';
import { writeModels } from './transformers-models';

const REGISTER = 'tensorrt-node/onnxruntime/register';

/** A user's program. Nothing in it knows of this package, but for the last line, which tells who ran the models. */
const app = (options: string) => `
  import { env, pipeline } from '@huggingface/transformers';
  env.localModelPath = './models/';
  env.allowRemoteModels = false;
  const features = await pipeline('feature-extraction', 'features', ${options});
  const sentiment = await pipeline('text-classification', 'sentiment', ${options});
  const vectors = await features(['The film was very good', 'bad'], { pooling: 'mean', normalize: true });
  const labels = await sentiment(['the film was good', 'the film was very bad'], { top_k: 2 });
  const { tell } = await import('./tell.mjs');
  const sessions = [features, sentiment].map(({ model }) => model.sessions.model);
  console.log(JSON.stringify({ vectors: vectors.tolist(), dims: vectors.dims, labels, ...(await tell(sessions)) }));
`;

const TELL = `
  export async function tell(sessions) {
    const { sessionInfo } = await import('tensorrt-node/onnxruntime');
    try {
      return { providers: sessions.map((session) => sessionInfo(session)) };
    } catch {
      return { providers: null };
    }
  }
`;

interface Answer {
  vectors: number[][];
  dims: number[];
  labels: { label: string; score: number }[][];
  /** Null where another package ran the models. */
  providers: { provider: string; device: string; fallbackReason: string | null }[] | null;
}

function writePrograms(folder: string): void {
  writeModels(folder);
  writeProjectFile(folder, 'tell.mjs', TELL);
  writeProjectFile(folder, 'app.mjs', app("{ dtype: 'fp32' }"));
  const session_options = "session_options: { executionProviders: ['tensorrt', 'cpu'] }";
  writeProjectFile(folder, 'options.mjs', app(`{ dtype: 'fp32', ${session_options} }`));
}

async function run(folder: string, args: readonly string[], program = process.execPath): Promise<Answer> {
  return (await runForJson(program, args, { cwd: folder })) as Answer;
}

/** FP32 on another library, or another device: the same within rounding. */
function expectSame(ours: Answer, theirs: Answer): void {
  expect(theirs.providers).toBeNull();
  expect(ours.dims).toEqual(theirs.dims);
  ours.vectors.flat().forEach((value, index) => expect(value).toBeCloseTo(theirs.vectors.flat()[index]!, 3));
  const names = (answer: Answer) => answer.labels.map((one) => one.map(({ label }) => label));
  expect(names(ours)).toEqual(names(theirs));
  const scores = (answer: Answer) => answer.labels.flat().map(({ score }) => score);
  scores(ours).forEach((score, index) => expect(score).toBeCloseTo(scores(theirs)[index]!, 3));
}

describe('@huggingface/transformers', () => {
  let folder: string;
  let theirs: Answer;

  beforeAll(async () => {
    folder = await installedPackage({
      packages: ['@huggingface/transformers'],
      manifest: { type: 'module' },
    });
    writePrograms(folder);
    theirs = await run(folder, ['app.mjs']);
  });

  it('gives vectors and labels that tell two texts apart on onnxruntime-node', () => {
    expect(theirs.dims).toEqual([2, 8]);
    expect(theirs.vectors[0]).not.toEqual(theirs.vectors[1]);
    expect(theirs.labels.map((one) => one.length)).toEqual([2, 2]);
  });

  // Both flags, each on an old and on a new Node: a process with transformers.js takes seconds to start.
  it.each(nodeMajors().map((major, index) => ({ major, flag: index % 2 === 0 ? '--require' : '--import' })))(
    'runs on this package with $flag on Node $major',
    async ({ major, flag }) => {
      const ours = await run(folder, [flag, REGISTER, 'app.mjs'], nodeProgram(major));
      expectSame(ours, theirs);
      // The default device of transformers.js is the CPU, and stays the CPU.
      expect(ours.providers).toMatchObject([
        { provider: 'cpu', device: 'cpu' },
        { provider: 'cpu', device: 'cpu' },
      ]);
    },
  );

  it('takes executionProviders from session_options, with a reason where there is no GPU', async () => {
    const ours = await run(folder, ['--require', REGISTER, 'options.mjs']);
    expectSame(ours, theirs);
    for (const { provider, fallbackReason } of ours.providers!)
      if (provider === 'cpu') expect(fallbackReason).toMatch(/tensorrt/i);
      else expect(provider).toBe('tensorrt');
  });

  it('leaves the CPU to onnxruntime-node if asked to', async () => {
    const env = { TENSORRT_NODE_REGISTER: 'tensorrt,cuda' };
    const args = ['--require', REGISTER, 'app.mjs'];
    const answer = (await runForJson(process.execPath, args, { cwd: folder, env })) as Answer;
    expect(answer).toEqual(theirs);
  });

  it('runs on this package by npm overrides, without onnxruntime-node in the tree', async () => {
    const project = await projectWithOverride();
    // What `npm install onnxruntime-node-cpu@npm:onnxruntime-node` gives: the library, under a name of its own.
    const library = join(toolFile('onnxruntime-node', 'package.json'), '..');
    symlinkSync(library, join(project, 'node_modules', 'onnxruntime-node-cpu'));
    addTool(project, '@huggingface/transformers');
    writePrograms(project);
    const ours = await run(project, ['app.mjs']);
    expectSame(ours, theirs);
    expect(ours.providers).toMatchObject([{ provider: 'cpu' }, { provider: 'cpu' }]);
  });
});
