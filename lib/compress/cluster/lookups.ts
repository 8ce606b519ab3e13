// SPDX-License-Identifier: Apache-2.0
// Weights as tables of values and codes, in the graph itself: `w = Gather(levels, Cast(codes))`. The result keeps the name
// of the weights, so that no other node changes, and the way back leaves nothing behind.

import { DATA_TYPE } from '../../onnx/data-type';
import { attributeOf, intAttribute, isStandard, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import {
  contentBytes,
  elementsOf,
  makeTensor,
  readElements,
  readFloats,
} from '../../onnx/graph/tensor-values';
import { ValueUses } from '../../onnx/graph/value-uses';
import { TensorRTError } from '../../errors';
import { bytesOf, findCodebook, readCodebook, type Codebook } from './codebook';

/** Weights that were written as a table. */
export interface Lookup {
  /** Name of the weights. */
  readonly weight: string;
  /** Values of all its tables. */
  readonly levels: number;
  /** Of the weights, and of the tables with their codes. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** Since this opset an Add broadcasts, and Cast names its type by a number. */
const FIRST_OPSET = 7;
/** Smaller ones are scales, biases and shapes. */
const FEWEST_VALUES = 128;

/**
 * Writes the FLOAT constants of the main graph that have few different values as tables and codes; in place.
 *
 * Left alone: constants that are inputs or outputs too, small ones, those that would not become smaller, and models of
 * opsets before 7.
 *
 * @param wide - Codes of two bytes too, which TensorRT does not take.
 */
export function writeLookups(model: OnnxModel, { wide }: { readonly wide: boolean }): Lookup[] {
  const { graph } = model;
  if (model.opset < FIRST_OPSET) return [];
  const borders = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  const names = new UniqueNames(graph);
  const written: Lookup[] = [];
  const added: TensorMessage[] = [];
  const nodes: NodeMessage[] = [];
  graph.initializer = graph.initializer.map((tensor) => {
    const { name = '', dims, dataType } = tensor;
    if (dataType !== DATA_TYPE.FLOAT || borders.has(name) || elementsOf(tensor) < FEWEST_VALUES)
      return tensor;
    const codebook = findCodebook(readFloats(tensor), dims, wide);
    if (codebook === undefined) return tensor;
    const parts = lookupParts(name, dims, { codebook, names });
    added.push(...parts.tables);
    nodes.push(...parts.nodes);
    const bytes = { before: contentBytes(tensor), after: bytesOf(codebook) };
    written.push({ weight: name, levels: codebook.levels.length, bytes });
    return parts.codes;
  });
  graph.initializer.push(...added);
  graph.node.unshift(...nodes);
  return written;
}

/**
 * The tables, codes and nodes of a look-up.
 *
 * @param request - `output`: what the values are called. Default: as the weights.
 */
export function lookupParts(
  name: string,
  dims: readonly number[],
  { codebook, names, output = name }: { codebook: Codebook; names: UniqueNames; output?: string },
): { codes: TensorMessage; tables: TensorMessage[]; nodes: NodeMessage[] } {
  const { levels, codes, channels } = codebook;
  const named = (part: string) => names.make(`${name}_${part}`);
  const [levelsName, codesName, castName] = [named('levels'), named('codes'), named('positions')];
  const tables = [makeTensor(levelsName, 'FLOAT', [levels.length], levels)];
  const to = { to: DATA_TYPE.INT32 };
  const nodes = [
    makeNode({ op: 'Cast', name: castName, inputs: [codesName], outputs: [castName], ints: to }),
  ];
  let positions = castName;
  if (channels !== undefined) {
    const shape = dims.map((dim, axis) => (axis === channels.axis ? dim : 1));
    const offsets = named('offsets');
    positions = named('places');
    tables.push(makeTensor(offsets, 'INT32', shape, channels.offsets));
    nodes.push(makeNode({ op: 'Add', name: positions, inputs: [castName, offsets], outputs: [positions] }));
  }
  nodes.push(
    makeNode({
      op: 'Gather',
      name: named('lookup'),
      inputs: [levelsName, positions],
      outputs: [output],
      ints: { axis: 0 },
    }),
  );
  const type = codes instanceof Uint8Array ? DATA_TYPE.UINT8 : DATA_TYPE.UINT16;
  return { codes: makeTensor(codesName, type, dims, codes), tables, nodes };
}

/**
 * Puts values in the place of tables and codes; in place. Tables that were written by others in the same form are
 * expanded too.
 *
 * @returns how many
 * @throws {TensorRTError} ERR_TRT_ONNX_INVALID for codes that lead out of their tables
 */
export function expandLookups({ graph }: OnnxModel): number {
  const inputs = new Set(graph.input.map(({ name }) => name));
  const constants = new Map<string, TensorMessage>();
  for (const tensor of graph.initializer)
    if (!inputs.has(tensor.name ?? '')) constants.set(tensor.name ?? '', tensor);
  const uses = new ValueUses(graph);
  const replaced = new Map<TensorMessage, TensorMessage>();
  const gone = new Set<NodeMessage | TensorMessage>();
  for (const node of graph.node) {
    const found = findLookup(node, uses, constants);
    if (found === undefined) continue;
    replaced.set(found.codes, expanded(node.output[0]!, found));
    for (const part of found.parts) gone.add(part);
  }
  graph.node = graph.node.filter((node) => !gone.has(node));
  graph.initializer = graph.initializer.flatMap((tensor) =>
    gone.has(tensor) ? [] : [replaced.get(tensor) ?? tensor],
  );
  return replaced.size;
}

interface FoundLookup {
  readonly codes: TensorMessage;
  readonly levels: TensorMessage;
  readonly offsets: TensorMessage | undefined;
  /** Nodes, and tables that nobody else reads. */
  readonly parts: readonly (NodeMessage | TensorMessage)[];
}

function findLookup(
  node: NodeMessage,
  uses: ValueUses,
  constants: ReadonlyMap<string, TensorMessage>,
): FoundLookup | undefined {
  if (node.opType !== 'Gather' || !isStandard(node) || intAttribute(node, 'axis', 0) !== 0) return undefined;
  if (uses.isOutput(node.output[0])) return undefined;
  const levels = constants.get(node.input[0] ?? '');
  const first = innerProducer(node.input[1], uses);
  const add = first?.opType === 'Add' ? first : undefined;
  const cast = add === undefined ? first : innerProducer(add.input[0], uses);
  const offsets = add === undefined ? undefined : constants.get(add.input[1] ?? '');
  const codes = constants.get(cast?.input[0] ?? '');
  const isCoded = codes?.dataType === DATA_TYPE.UINT8 || codes?.dataType === DATA_TYPE.UINT16;
  if (cast?.opType !== 'Cast' || attributeOf(cast, 'to')?.i !== BigInt(DATA_TYPE.INT32) || !isCoded)
    return undefined;
  if (levels?.dataType !== DATA_TYPE.FLOAT || levels.dims.length !== 1) return undefined;
  if (uses.reads(codes.name) !== 1 || uses.reads(levels.name) !== 1) return undefined;
  if (add === undefined) return { codes, levels, offsets, parts: [node, cast, levels] };
  const isOffset = offsets?.dataType === DATA_TYPE.INT32 && uses.reads(offsets.name) === 1;
  if (!isOffset || channelAxis(offsets, codes) === undefined) return undefined;
  return { codes, levels, offsets, parts: [node, add, cast, levels, offsets] };
}

function innerProducer(name: string | undefined, uses: ValueUses): NodeMessage | undefined {
  const node = uses.isInner(name) ? uses.producer(name) : undefined;
  return node !== undefined && isStandard(node) ? node : undefined;
}

/** The one axis along which offsets differ. */
function channelAxis(offsets: TensorMessage, codes: TensorMessage): number | undefined {
  const { dims } = codes;
  if (offsets.dims.length !== dims.length) return undefined;
  const axis = offsets.dims.findIndex((dim) => dim !== 1);
  if (axis === -1 || elementsOf(offsets) !== dims[axis]) return undefined;
  return axis;
}

function expanded(name: string, { codes, levels, offsets }: FoundLookup): TensorMessage {
  const codebook: Codebook = {
    levels: readFloats(levels),
    codes: readElements(codes) as Codebook['codes'],
    ...(offsets === undefined
      ? {}
      : {
          channels: {
            axis: channelAxis(offsets, codes)!,
            offsets: readElements(offsets) as Int32Array<ArrayBuffer>,
          },
        }),
  };
  const isWhole =
    codebook.codes.length === elementsOf(codes) && codebook.levels.length === elementsOf(levels);
  const values = isWhole ? readCodebook(codebook, codes.dims) : undefined;
  if (values !== undefined) return makeTensor(name, 'FLOAT', codes.dims, values);
  throw new TensorRTError(
    'ERR_TRT_ONNX_INVALID',
    `The codes of the weights "${name}" do not fit their table of ${codebook.levels.length} values.`,
    {
      hint: 'The file is damaged: copy it again, or write it again.',
      details: { reason: 'codes', weight: name },
    },
  );
}
