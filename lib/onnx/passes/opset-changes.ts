// SPDX-License-Identifier: Apache-2.0
// Every change of ONNX's operators from opset 7 to 23 that is more than a new type, a new optional input or an attribute
// whose default is what the operator did before.
// Source: https://github.com/onnx/onnx/blob/v1.22.0/docs/Changelog.md

import { decodeTensor, encodeTensor } from '../evaluate-constant/constant-value';
import { copyStrided } from '../evaluate-constant/strided-copy';
import { attributeOf, intAttribute } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';
import { setInt, setText, takeAttribute, type ConversionPlace, type OpsetChange } from './opset-conversion';

const REDUCTIONS =
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd'.split(' ');

/** Makes an input of a list attribute; the inputs before it must be there. */
function listToInput(attribute: string): (node: NodeMessage, place: ConversionPlace) => undefined {
  return (node, place) => {
    const values = takeAttribute(node, attribute)?.ints;
    if (values === undefined || values.length === 0) return undefined;
    node.input.push(place.addWholeNumbers(node, attribute, values));
    return undefined;
  };
}

function convertSlice(node: NodeMessage, place: ConversionPlace): undefined {
  for (const attribute of ['starts', 'ends', 'axes']) listToInput(attribute)(node, place);
}

function convertClip(node: NodeMessage, place: ConversionPlace): undefined {
  const [min, max] = ['min', 'max'].map((name) => takeAttribute(node, name)?.f);
  const input = (what: string, value: number | undefined) =>
    value === undefined ? '' : place.addFloats(node, what, [value], true);
  node.input.push(input('min', min));
  if (max !== undefined) node.input.push(input('max', max));
}

function convertPad(node: NodeMessage, place: ConversionPlace): undefined {
  listToInput('pads')(node, place);
  const value = takeAttribute(node, 'value')?.f;
  if (value !== undefined) node.input.push(place.addFloats(node, 'value', [value], true));
}

/** What Upsample and the first Resize did is one of the many ways of the second Resize. */
function convertResize(node: NodeMessage, place: ConversionPlace): undefined {
  const scales = takeAttribute(node, 'scales')?.floats;
  const name = scales === undefined ? node.input[1]! : place.addFloats(node, 'scales', scales);
  node.opType = 'Resize';
  node.input = [node.input[0]!, place.addFloats(node, 'roi', []), name];
  setText(node, 'coordinate_transformation_mode', 'asymmetric');
  setText(node, 'nearest_mode', 'floor');
}

/** An empty tensor said that an input is not given. */
function dropEmptyInputs(node: NodeMessage, { scope }: ConversionPlace): undefined {
  node.input = node.input.map((name, index) => {
    const isEmpty = index > 0 && scope.constantOf(name)?.dims.includes(0) === true;
    return isEmpty ? '' : name;
  });
  while (node.input.at(-1) === '') node.input.pop();
}

function convertDropout(node: NodeMessage, place: ConversionPlace): undefined {
  const ratio = takeAttribute(node, 'ratio')?.f;
  if (ratio !== undefined) node.input.push(place.addFloats(node, 'ratio', [ratio], true));
}

/**
 * The axis that a Softmax over "this axis and all behind it" has alone; undefined where there are several, or where that
 * is not known.
 */
function singleAxis(node: NodeMessage, place: ConversionPlace): number | undefined {
  const axis = intAttribute(node, 'axis', 1);
  if (axis === -1) return axis;
  const dims = place.dimsOf(node.input[0]!);
  if (dims === undefined) return undefined;
  const front = axis < 0 ? axis + dims.length : axis;
  const wide = [...dims.keys()].filter((index) => index >= front && dims[index] !== 1);
  return wide.length > 1 ? undefined : (wide[0] ?? front) - dims.length;
}

function convertSoftmax(node: NodeMessage, place: ConversionPlace): NodeMessage[] | undefined {
  const axis = singleAxis(node, place);
  if (axis !== undefined) {
    setInt(node, 'axis', axis);
    return undefined;
  }
  const [input, output] = [node.input[0]!, node.output[0]!];
  const ints = { axis: intAttribute(node, 'axis', 1) };
  const flatten = place.makeBeside(node, { op: 'Flatten', inputs: [input], ints });
  const shape = place.makeBeside(node, { op: 'Shape', inputs: [input] });
  setInt(node, 'axis', -1);
  const back = place.makeBeside(node, { op: 'Reshape', inputs: [] });
  // The node makes what was made for the Reshape, which makes what the node made.
  back.node.input = [back.output, shape.output];
  back.node.output = [output];
  node.input = [flatten.output];
  node.output = [back.output];
  return [flatten.node, node, shape.node, back.node];
}

function convertSplit(node: NodeMessage): undefined {
  if ((node.input[1] ?? '') === '') setInt(node, 'num_outputs', node.output.length);
}

function convertGridSample(node: NodeMessage): undefined {
  const mode = new TextDecoder().decode(takeAttribute(node, 'mode')?.s) || 'bilinear';
  setText(node, 'mode', { bilinear: 'linear', bicubic: 'cubic' }[mode] ?? mode);
}

function convertRoiAlign(node: NodeMessage): undefined {
  setText(node, 'coordinate_transformation_mode', 'output_half_pixel');
}

function convertDft(node: NodeMessage, place: ConversionPlace): undefined {
  const axis = Number(takeAttribute(node, 'axis')?.i ?? 1);
  node.input = [node.input[0]!, node.input[1] ?? '', place.addWholeNumbers(node, 'axis', [axis], true)];
}

/** Scale and bias were one number per group and are one per channel. */
function convertGroupNormalization(node: NodeMessage, place: ConversionPlace): undefined {
  const groups = intAttribute(node, 'num_groups', 1);
  const channels = place.dimsOf(node.input[0]!)![1] as number;
  for (const position of [1, 2]) {
    const tensor = place.scope.constantOf(node.input[position]!)!;
    const repeated = copyStrided(decodeTensor(tensor)!, {
      dims: [groups, channels / groups],
      strides: [1, 0],
    });
    const what = position === 1 ? 'scale' : 'bias';
    node.input[position] = place.add(node, what, (name) =>
      encodeTensor(name, { ...repeated, dims: [channels] }),
    );
  }
}

function groupObstacle(node: NodeMessage, { scope, dimsOf }: ConversionPlace): string | undefined {
  const isKnown = [1, 2].every((position) => scope.constantOf(node.input[position] ?? '') !== undefined);
  return isKnown && typeof dimsOf(node.input[0]!)?.[1] === 'number'
    ? undefined
    : 'its scale and bias per group are no constants, or its channels are not known';
}

const usesSecondOutput = (why: string) => (node: NodeMessage, place: ConversionPlace) =>
  node.output.slice(1).some((name) => place.isRead(name)) ? why : undefined;

function dropSecondOutputs(node: NodeMessage): undefined {
  node.output = node.output.slice(0, 1);
}

/** In the order in which they apply. */
export const OPSET_CHANGES: readonly OpsetChange[] = [
  {
    opset: 9,
    ops: ['BatchNormalization'],
    obstacle: (node) =>
      intAttribute(node, 'spatial', 1) === 1 ? undefined : 'it normalises each element by itself',
    convert: (node) => void takeAttribute(node, 'spatial'),
  },
  { opset: 9, ops: ['Scan'], obstacle: () => 'opset 8 had another Scan' },
  { opset: 10, ops: ['Slice'], convert: convertSlice },
  {
    opset: 10,
    ops: ['TopK'],
    convert: (node, place) =>
      void node.input.push(place.addWholeNumbers(node, 'k', [takeAttribute(node, 'k')!.i!])),
  },
  {
    opset: 10,
    ops: ['Dropout'],
    obstacle: usesSecondOutput('its mask changed its type at opset 10'),
    convert: dropSecondOutputs,
  },
  { opset: 10, ops: ['Upsample'], convert: convertResize },
  {
    opset: 11,
    ops: ['Resize'],
    convert: (node, place) => (isModernResize(node) ? undefined : convertResize(node, place)),
  },
  {
    opset: 11,
    ops: ['Clip'],
    obstacle: (node, place) =>
      place.mayBeFloat(node.input[0]) ? undefined : 'its bounds are of another type than FLOAT',
    convert: convertClip,
  },
  {
    opset: 11,
    ops: ['Pad'],
    obstacle: (node, place) =>
      place.mayBeFloat(node.input[0]) ? undefined : 'its value is of another type than FLOAT',
    convert: convertPad,
  },
  { opset: 11, ops: ['Scatter'], convert: (node) => void (node.opType = 'ScatterElements') },
  { opset: 12, ops: ['Dropout'], convert: convertDropout },
  { opset: 13, ops: ['Squeeze', 'Unsqueeze', 'ReduceSum'], convert: listToInput('axes') },
  { opset: 13, ops: ['Split'], convert: listToInput('split') },
  { opset: 13, ops: ['Softmax', 'LogSoftmax', 'Hardmax'], convert: convertSoftmax },
  {
    opset: 13,
    ops: ['Resize'],
    obstacle: (node) =>
      textOf(node, 'coordinate_transformation_mode') === 'tf_half_pixel_for_nn'
        ? 'its tf_half_pixel_for_nn is gone since opset 13'
        : undefined,
    convert: dropEmptyInputs,
  },
  {
    opset: 14,
    ops: ['BatchNormalization'],
    obstacle: usesSecondOutput('it is there for training'),
    convert: dropSecondOutputs,
  },
  {
    opset: 16,
    ops: ['RoiAlign'],
    convert: convertRoiAlign,
  },
  { opset: 18, ops: [...REDUCTIONS, 'ReduceSumSquare'], convert: listToInput('axes') },
  { opset: 18, ops: ['Split'], convert: convertSplit },
  {
    opset: 19,
    ops: ['AveragePool'],
    obstacle: (node) =>
      intAttribute(node, 'ceil_mode', 0) === 0 ? undefined : 'ceil_mode changed at opset 19',
  },
  { opset: 20, ops: ['GridSample'], convert: convertGridSample },
  { opset: 20, ops: ['DFT'], convert: convertDft },
  { opset: 21, ops: ['GroupNormalization'], obstacle: groupObstacle, convert: convertGroupNormalization },
];

/** A Resize that was an Upsample is one of opset 11 already. */
function isModernResize(node: NodeMessage): boolean {
  return node.input.length > 2;
}

function textOf(node: NodeMessage, name: string): string | undefined {
  const bytes = attributeOf(node, name)?.s;
  return bytes && new TextDecoder().decode(bytes);
}
