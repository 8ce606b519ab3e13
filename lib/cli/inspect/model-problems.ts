// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { checkModel } from '../../builder/model-checks';
import type { Manifest } from '../../runtime/manifest';
import { TensorRTError, type TensorRTErrorCode } from '../../errors';
import type { ModelInfo } from '../../onnx';
import { checkExternalData } from '../../onnx/reader';

/** Something about a model that somebody should know before building it. */
export interface ModelProblem {
  /** The error that a build would end with; null for what it would go on with. */
  readonly code: TensorRTErrorCode | null;
  readonly message: string;
  readonly hint: string | null;
  /** TensorRT families that it is about. */
  readonly families: readonly Family[];
}

type Family = Manifest['family'];

const FAMILIES: readonly Family[] = ['tensorrt-rtx', 'tensorrt-11', 'tensorrt-10'];

/**
 * Collects what can be told without TensorRT: external data that is not there, versions and types that the families
 * refuse, what the checker of ONNX graphs finds, oddities. Whether TensorRT knows every operator is found out by a build.
 */
export async function checkForTensorRt(path: string, info: ModelInfo): Promise<ModelProblem[]> {
  const problems: ModelProblem[] = [];
  const catching = async (families: readonly Family[], check: () => unknown) => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof TensorRTError)) throw error;
      add(problems, { code: error.code, message: error.message, hint: error.hint, families });
    }
  };
  await catching(FAMILIES, () => checkExternalData(info, dirname(path)));
  await catching(FAMILIES, async () => {
    const { assertOnnxModel } = await import('../../onnx/check/check-onnx-model.js');
    const { loadModel } = await import('../../onnx/graph/onnx-model.js');
    assertOnnxModel(await loadModel(path));
  });
  for (const family of FAMILIES) {
    await catching([family], () => {
      for (const message of checkModel(info, { family }))
        add(problems, { code: null, message, hint: null, families: [family] });
    });
  }
  for (const message of info.problems) add(problems, { code: null, message, hint: null, families: FAMILIES });
  return problems;
}

/** One entry per situation: that several families share it is part of the entry. */
function add(problems: ModelProblem[], problem: ModelProblem): void {
  const index = problems.findIndex(({ code, message }) =>
    code === null ? message === problem.message : code === problem.code,
  );
  if (index < 0) problems.push(problem);
  else
    problems[index] = {
      ...problems[index]!,
      families: [...new Set([...problems[index]!.families, ...problem.families])],
    };
}
