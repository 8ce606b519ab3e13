# SPDX-License-Identifier: Apache-2.0
"""Operators that write nodes of ONNX, opset 17, for the same networks."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-5


def export(network, parameters, *, name, input_dims, classes, fused_norm):
    """The network as a checked model with a dynamic leading dimension called "batch"."""
    ops = OnnxOps(parameters, fused_norm)
    ops.widths["input"] = input_dims[0]
    last = network(ops, "input")
    ops.nodes[-1].output[0] = "logits"
    ops.nodes[-1].name = "logits"
    assert last == "fc", "the last node makes the logits"
    graph = helper.make_graph(
        ops.nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *input_dims])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])],
        ops.initializers,
    )
    opset = [helper.make_opsetid("", 17)]
    producer = "tensorrt-node benchmarks/precision"
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name=producer)
    onnx.checker.check_model(model, full_check=True)
    return model


class OnnxOps:
    """Values are names of tensors; `widths` holds how many channels those of convolutions have."""

    def __init__(self, parameters, fused_norm):
        self.parameters, self.fused_norm = parameters, fused_norm
        self.nodes, self.initializers, self.widths, self.count = [], [], {}, 0

    def node(self, kind, inputs, name=None, **attributes):
        """Adds a node; its output has its name."""
        if name is None:
            self.count += 1
            name = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        self.widths[name] = self.widths.get(inputs[0])
        return name

    def parameter(self, name):
        return self.constant(name, self.parameters[name])

    def constant(self, name, value):
        if all(known.name != name for known in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def scalar(self, value):
        return self.constant(f"scalar_{value}", np.float32(value))

    def ints(self, *values):
        return self.constant("dims_" + "_".join(map(str, values)), np.array(values, np.int64))

    def channels(self, x):
        return self.widths[x]

    def conv(self, name, x, width, kernel, *, groups=1, stride=1, bias=True):
        inputs = [x, self.parameter(f"{name}.weight")] + ([self.parameter(f"{name}.bias")] if bias else [])
        attributes = dict(kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, strides=[stride] * 2, group=groups)
        out = self.node("Conv", inputs, name, **attributes)
        self.widths[out] = width
        return out

    def batch_norm(self, name, x):
        parts = [self.parameter(f"{name}.{part}") for part in ("scale", "bias", "mean", "var")]
        return self.node("BatchNormalization", [x, *parts], name, epsilon=EPSILON)

    def linear(self, name, x, width):
        weight, bias = self.parameter(f"{name}.weight"), self.parameter(f"{name}.bias")
        if name in ("one", "two", "three", "fc"):
            return self.node("Gemm", [x, weight, bias], name)
        return self.node("Add", [self.node("MatMul", [x, weight], f"{name}.matmul"), bias], name)

    def layer_norm(self, name, x):
        scale, bias = self.parameter(f"{name}.scale"), self.parameter(f"{name}.bias")
        if self.fused_norm:
            return self.node("LayerNormalization", [x, scale, bias], name, axis=-1, epsilon=EPSILON)
        centred = self.node("Sub", [x, self.node("ReduceMean", [x], axes=[-1])])
        square = self.node("Pow", [centred, self.scalar(2.0)])
        variance = self.node("ReduceMean", [square], axes=[-1])
        deviation = self.node("Sqrt", [self.node("Add", [variance, self.scalar(EPSILON)])])
        scaled = self.node("Mul", [self.node("Div", [centred, deviation]), scale])
        return self.node("Add", [scaled, bias], name)

    def patches(self, name, x, width):
        inputs = [x, self.parameter(f"{name}.weight"), self.parameter(f"{name}.bias")]
        out = self.node("Conv", inputs, name, kernel_shape=[2, 2], strides=[2, 2])
        flat = self.node("Reshape", [out, self.ints(0, width, -1)])
        return self.node("Transpose", [flat], perm=[0, 2, 1])

    def add_parameter(self, name, x, shape):
        return self.node("Add", [x, self.parameter(name)])

    def attend(self, query, key, value, heads):
        width = self.parameters["position"].shape[1]
        split = self.ints(0, 0, heads, width // heads)
        query, value = (
            self.node("Transpose", [self.node("Reshape", [part, split])], perm=[0, 2, 1, 3]) for part in (query, value)
        )
        key = self.node("Transpose", [self.node("Reshape", [key, split])], perm=[0, 2, 3, 1])
        scores = self.node("Div", [self.node("MatMul", [query, key]), self.scalar((width // heads) ** 0.5)])
        mixed = self.node("MatMul", [self.node("Softmax", [scores], axis=-1), value])
        joined = self.node("Transpose", [mixed], perm=[0, 2, 1, 3])
        return self.node("Reshape", [joined, self.ints(0, 0, width)])

    def max_pool(self, x):
        return self.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])

    def global_mean(self, x, keep=False):
        pooled = self.node("GlobalAveragePool", [x])
        return pooled if keep else self.node("Flatten", [pooled], axis=1)

    def token_mean(self, x):
        return self.node("ReduceMean", [x], axes=[1], keepdims=0)

    def relu(self, x):
        return self.node("Relu", [x])

    def gelu(self, x):
        error = self.node("Erf", [self.node("Div", [x, self.scalar(float(np.sqrt(2)))])])
        return self.node("Mul", [self.node("Mul", [x, self.node("Add", [error, self.scalar(1.0)])]), self.scalar(0.5)])

    def hard_sigmoid(self, x):
        return self.node("HardSigmoid", [x], alpha=1 / 6, beta=0.5)

    def hard_swish(self, x):
        return self.node("HardSwish", [x])

    def add(self, a, b):
        return self.node("Add", [a, b])

    def multiply(self, a, b):
        return self.node("Mul", [a, b])
