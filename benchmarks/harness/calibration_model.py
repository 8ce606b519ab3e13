# SPDX-License-Identifier: Apache-2.0
"""Models and data of the calibration benchmark: calibration_model.py <folder> <layers of the chain>

conv.onnx   residual convolutional network, [8, 3, 64, 64] to [8, 1000], with conv.f32: 32 batches
chain.onnx  products and Relu one after the other, [32, 64] to [32, 64]
"""

import os
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

random = np.random.default_rng(7)
STAGES = [(32, 1), (64, 2), (128, 2), (256, 2)]
BLOCKS = 3
RUNS = 32


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def add(self, op, inputs, **attributes):
        self.count += 1
        name = f"{op.lower()}_{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, *dims):
        fan_in = int(np.prod(dims[1:])) if len(dims) > 1 else 100
        values = random.normal(0, np.sqrt(2 / fan_in), dims).astype(np.float32)
        self.count += 1
        self.weights.append(numpy_helper.from_array(values, f"weight_{self.count}"))
        return f"weight_{self.count}"

    def conv(self, value, inputs, outputs, size=3, stride=1):
        pads = [size // 2] * 4
        return self.add(
            "Conv",
            [value, self.weight(outputs, inputs, size, size), self.weight(outputs)],
            kernel_shape=[size, size],
            pads=pads,
            strides=[stride, stride],
        )

    def save(self, path, name, dims, output, outdims):
        self.nodes.append(helper.make_node("Identity", [output], ["output"], name="output"))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [value(name, onnx.TensorProto.FLOAT, dims)],
            [value("output", onnx.TensorProto.FLOAT, outdims)],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def convolutional(path):
    graph = Graph()
    value = graph.add("Relu", [graph.conv("input", 3, 32)])
    channels = 32
    for width, stride in STAGES:
        for block in range(BLOCKS):
            step = stride if block == 0 else 1
            skip = value if step == 1 and channels == width else graph.conv(value, channels, width, 1, step)
            value = graph.add("Relu", [graph.conv(value, channels, width, 3, step)])
            value = graph.conv(value, width, width)
            value = graph.add("Relu", [graph.add("Add", [value, skip])])
            channels = width
    value = graph.add("Flatten", [graph.add("GlobalAveragePool", [value])])
    value = graph.add("Gemm", [value, graph.weight(1000, channels), graph.weight(1000)], transB=1)
    graph.save(path, "input", [8, 3, 64, 64], value, [8, 1000])


def chain(path, layers):
    graph = Graph()
    value = "input"
    for _ in range(layers):
        value = graph.add("Relu", [graph.add("MatMul", [value, graph.weight(64, 64)])])
    graph.save(path, "input", [32, 64], value, [32, 64])


folder, layers = sys.argv[1], int(sys.argv[2])
convolutional(os.path.join(folder, "conv.onnx"))
random.normal(0, 1, (RUNS, 8, 3, 64, 64)).astype(np.float32).tofile(os.path.join(folder, "conv.f32"))
chain(os.path.join(folder, "chain.onnx"), layers)
