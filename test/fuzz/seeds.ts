// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeModel } from '../onnx-builder';
import * as models from '../onnx-models';
import * as passModels from '../pass-models';
import * as precisionModels from '../precision-models';

/** A file to damage. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Small models of all kinds, for readers and for native builds. */
export function modelSeeds(): Seed[] {
  const made: [string, Uint8Array][] = [
    ['identity', models.identityModel()],
    ['add', models.addModel()],
    ['conv', models.convModel()],
    ['conv half', models.convModel('batch', 'FLOAT16')],
    ['dynamic', models.dynamicModel()],
    ['reshape', models.reshapeModel()],
    ['quantized', models.quantizedModel()],
    ['quantized uint8', models.quantizedModel('UINT8')],
    ['double', models.doubleModel()],
    ['string', models.stringModel()],
    ['external', models.externalModel()],
    ['unsupported', models.unsupportedModel()],
    ['branches', models.branchModel()],
    ['loop', models.loopModel()],
    ['function', functionModel()],
  ];
  return made.map(([name, bytes]) => ({ name, bytes }));
}

/** Models that give passes something to do. */
export function toolkitSeeds(): Seed[] {
  const made: [string, Uint8Array][] = [
    ['foldable', passModels.foldableModel()],
    ['channels last', passModels.channelsLastModel()],
    ['normalized chain', passModels.normalizedChainModel()],
    ['decomposed', passModels.decomposedModel()],
    ['shared weights', passModels.sharedWeightsModel()],
    ['known branch', passModels.knownBranchModel()],
    ['functions', passModels.functionModel()],
    ['residual', precisionModels.residualModel()],
    ['attention', precisionModels.attentionModel()],
    ['normalized', precisionModels.normalizedModel()],
    ['overflow', precisionModels.overflowModel()],
    ['precision loop', precisionModels.loopModel()],
  ];
  return [...modelSeeds(), ...made.map(([name, bytes]) => ({ name, bytes }))];
}

/** Model seeds, the example's model where it is there, and headers of both kinds of plan. */
export function readerSeeds(root: string): Seed[] {
  const example = join(root, 'examples', 'digits', 'digits.onnx');
  const examples = existsSync(example) ? [{ name: 'digits', bytes: readFileSync(example) }] : [];
  return [
    ...modelSeeds(),
    ...examples,
    { name: 'plan', bytes: plan('ftrt') },
    { name: 'rtx plan', bytes: plan('vtrt') },
  ];
}

function functionModel(): Uint8Array {
  const body = [{ op: 'Add', inputs: ['a', 'a'], outputs: ['b'] }];
  return makeModel({
    inputs: [{ name: 'x', dims: [2] }],
    outputs: [{ name: 'y', dims: [2] }],
    opset: { '': 17, 'my.ops': 1 },
    nodes: [{ op: 'Twice', domain: 'my.ops', inputs: ['x'], outputs: ['y'] }],
    functions: [{ name: 'Twice', domain: 'my.ops', inputs: ['a'], outputs: ['b'], nodes: body }],
  });
}

/** A plan's header before nothing but a pattern. */
function plan(magic: string): Uint8Array {
  const bytes = Buffer.alloc(4096, 'engine');
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(0, 4);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 16);
  bytes.set([1, 7, 1, 116], 24);
  return bytes;
}
