// SPDX-License-Identifier: Apache-2.0
// Graphs of layers with planted weights, a line each.

import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from '../../../onnx-builder';
import { halfOf, planted, plantedBias, type Operation, type Planting, type Spared } from './planted-weights';

/** Width of all layers that say no other. */
export const WIDTH = 16;
/** Units that are spared in them. */
export const half = halfOf(WIDTH);

/** A layer: which of its units and inputs are spared, its dims and attributes. */
export interface LayerSketch extends Pick<Planting, 'inputs' | 'outputs'> {
  readonly dims?: readonly number[];
  readonly attributes?: Record<string, AttributeSpec>;
  readonly op?: 'Conv' | 'ConvTranspose';
  readonly hasBias?: boolean;
}

/** A graph from `x` to `y` that grows; nodes are called like what they make. */
export class GraphSketch {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  inputs: ValueSpec[] = [{ name: 'x', dims: ['batch', WIDTH] }];
  outputs: ValueSpec[] = [{ name: 'y' }];

  constructor(readonly operation: Operation) {}

  /** A node; returns the value that it makes. */
  add(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, AttributeSpec> = {},
  ): string {
    this.nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  }

  /** Whole numbers. */
  numbers(name: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    this.initializers.push({ name, type: 'INT64', dims, data: values });
    return name;
  }

  /** Planted weights. */
  weight(name: string, dims: readonly number[], planting: Planting = {}): string {
    const data = planted(this.operation, dims, planting, this.initializers.length + 1);
    this.initializers.push({ name, dims, data });
    return name;
  }

  /** Weights as MatMul takes them, `[inputs, outputs]`. */
  matrix(name: string, planting: Planting = {}, dims: readonly number[] = [WIDTH, WIDTH]): string {
    const rank = dims.length;
    return this.weight(name, dims, { ...planting, outputAxis: rank - 1, inputAxis: rank - 2 });
  }

  /** A bias of these dims. */
  bias(name: string, outputs?: Spared, dims: readonly number[] = [WIDTH]): string {
    this.initializers.push(plantedBias(this.operation, name, dims, outputs));
    return name;
  }

  /** MatMul and Add. */
  dense(from: string, to: string, { dims = [WIDTH, WIDTH], ...planting }: LayerSketch = {}): string {
    const product = this.add('MatMul', [from, this.matrix(`${to}_w`, planting, dims)], `${to}_m`);
    return this.add('Add', [product, this.bias(`${to}_b`, planting.outputs, [dims.at(-1)!])], to);
  }

  /** Relu behind a value. */
  relu(from: string): string {
    return this.add('Relu', [from], `${from}_r`);
  }

  /** A convolution, by custom of one pixel. */
  conv(from: string, to: string, sketch: LayerSketch = {}): string {
    const { dims = [WIDTH, WIDTH, 1, 1], attributes = {}, op = 'Conv', hasBias = true, ...spared } = sketch;
    const isTransposed = op === 'ConvTranspose';
    const group = typeof attributes.group === 'number' ? attributes.group : 1;
    const axes = isTransposed ? { outputAxis: 1, inputAxis: 0 } : {};
    const weight = this.weight(`${to}_w`, dims, { ...spared, ...axes });
    const made = isTransposed ? dims[1]! * group : dims[0]!;
    const bias = hasBias ? [this.bias(`${to}_b`, spared.outputs, [made])] : [];
    return this.add(op, [from, weight, ...bias], to, attributes);
  }

  /** Two layers behind each other: what is always there to be compressed. */
  pair(from: string, to: string, { inputs, outputs }: LayerSketch = {}): string {
    return this.dense(this.relu(this.dense(from, `${to}_1`, { inputs, outputs: half })), to, {
      inputs: half,
      outputs,
    });
  }

  /** Images as input. */
  images(channels: number | string = WIDTH, size: number | string = 5): void {
    this.inputs = [{ name: 'x', dims: ['batch', channels, size, size] }];
  }

  spec(more: Partial<ModelSpec> = {}): ModelSpec {
    const { inputs, outputs, nodes, initializers } = this;
    return { inputs, outputs, nodes, initializers, ...more };
  }
}
