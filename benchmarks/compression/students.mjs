// SPDX-License-Identifier: Apache-2.0
// Small networks that learn from those of this benchmark. Their weights are zero: a training gives them random ones.

import { makeNode, makeTensor } from 'tensorrt-node/onnx';

/** Convolutions of 3 x 3 with batch normalisation; the map is halved before the third. `[n, 1, 8, 8]` to `[n, 10]`. */
export function smallCnn(teacher, widths = [24, 32, 64]) {
  const graph = new GraphBuilder(teacher);
  // Pixels are from 0 to 16.
  let value = graph.add('Mul', ['input', graph.constant('scale', [], [1 / 16])]);
  let channels = 1;
  for (const [index, width] of widths.entries()) {
    if (index === 2) value = graph.add('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] });
    const kernel = graph.constant(`weight${index}`, [width, channels, 3, 3]);
    value = graph.add('Conv', [value, kernel], { pads: [1, 1, 1, 1] });
    const ones = ['scale', 'variance'].map((name) => [name, new Float32Array(width).fill(1)]);
    const zeros = ['bias', 'mean'].map((name) => [name, new Float32Array(width)]);
    const own = new Map(
      [...ones, ...zeros].map(([name, data]) => [name, graph.constant(`${name}${index}`, [width], data)]),
    );
    const statistics = ['scale', 'bias', 'mean', 'variance'].map((name) => own.get(name));
    value = graph.add('Relu', [graph.add('BatchNormalization', [value, ...statistics])]);
    channels = width;
  }
  value = graph.add('Flatten', [graph.add('GlobalAveragePool', [value])]);
  return graph.finish('Gemm', [
    value,
    graph.constant('weight', [channels, 10]),
    graph.constant('bias', [10]),
  ]);
}

/** One hidden layer. `[n, 1, 8, 8]` to `[n, 10]`. */
export function smallMlp(teacher, { inputs = 64, hidden = 560, classes = 10 } = {}) {
  const graph = new GraphBuilder(teacher);
  // Pixels are from 0 to 16.
  const scaled = graph.add('Mul', ['input', graph.constant('scale', [], [1 / 16])]);
  const value = graph.add('Gemm', [
    graph.add('Flatten', [scaled]),
    graph.constant('weight1', [inputs, hidden]),
    graph.constant('bias1', [hidden]),
  ]);
  return graph.finish('Gemm', [
    graph.add('Relu', [value]),
    graph.constant('weight2', [hidden, classes]),
    graph.constant('bias2', [classes]),
  ]);
}

/** Writes a graph between the input and the output of another model. */
class GraphBuilder {
  constructor(teacher) {
    this.model = teacher.clone();
    Object.assign(this.model.graph, { node: [], initializer: [], valueInfo: [] });
  }

  constant(name, dims, data) {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = data === undefined ? new Float32Array(count) : Float32Array.from(data);
    this.model.graph.initializer.push(makeTensor(name, 'FLOAT', dims, values));
    return name;
  }

  add(op, inputs, lists = {}, output = `${op}${this.model.graph.node.length}`) {
    const node = makeNode({ op, name: output, inputs, outputs: [output] });
    for (const [name, values] of Object.entries(lists))
      node.attribute.push({ name, type: 7, ints: values.map(BigInt), floats: [], graphs: [] });
    this.model.graph.node.push(node);
    return output;
  }

  finish(op, inputs) {
    this.add(op, inputs, {}, this.model.graph.output[0].name);
    return this.model;
  }
}
