// SPDX-License-Identifier: Apache-2.0
import { allGraphs } from '../graph/graph-walk';
import type { OnnxModel } from '../graph/onnx-model';
import { newestOpset } from '../schema/operator-schema';
import type { GraphPlace, ProblemList } from './model-problem';

/** Of onnx 1.22. */
const NEWEST_IR_VERSION = 13;
/** The first version of the IR that names its opsets. */
const FIRST_IR_WITH_OPSETS = 3;

/** Versions of the IR and of the opsets, and whether each domain that is used has one. */
export function checkVersions(model: OnnxModel, place: GraphPlace, list: ProblemList): void {
  const { irVersion, opsetImport } = model.message;
  if (irVersion === undefined || irVersion < 1) list.error(place, 'the model has no IR version');
  else if (irVersion > NEWEST_IR_VERSION)
    list.warning(place, `IR version ${irVersion} is newer than ${NEWEST_IR_VERSION}, the newest known`);
  if (opsetImport.length === 0 && (irVersion ?? 0) >= FIRST_IR_WITH_OPSETS)
    list.error(place, 'the model names no opset');
  const domains = opsetImport.map(({ domain }) => domain ?? '');
  for (const { domain, version } of opsetImport) {
    const label = (domain ?? '') === '' ? '' : ` of domain "${domain}"`;
    if (version === undefined || version < 1)
      list.error(place, `opset ${version ?? 'without version'}${label} is not a version`);
    else if (isOwn(domain) && version > newestOpset())
      list.warning(place, `opset ${version} is newer than ${newestOpset()}, the newest known`);
  }
  checkDomains(model, new Set(domains), { place, list });
}

function checkDomains(
  model: OnnxModel,
  known: ReadonlySet<string>,
  { place, list }: { place: GraphPlace; list: ProblemList },
): void {
  const used = new Set(allGraphs(model.graph).flatMap(({ node }) => node.map(({ domain }) => domain ?? '')));
  for (const domain of used) {
    const isKnown = isOwn(domain) ? known.has('') || known.has('ai.onnx') : known.has(domain);
    if (!isKnown && model.message.opsetImport.length > 0)
      list.error(
        place,
        `nodes use the domain "${isOwn(domain) ? 'ai.onnx' : domain}", of which the model names no opset`,
      );
  }
}

function isOwn(domain = ''): boolean {
  return domain === '' || domain === 'ai.onnx';
}
