# SPDX-License-Identifier: Apache-2.0
"""Small convolutional networks for the examples: written once, trained with JAX, exported to ONNX.

A network is a function `network(layers, x)`. With `Compute` it computes, with `Write` it writes nodes. Batch
normalisation follows each convolution with `norm=True`; the exported convolution has it in its weights.
"""

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-5


class Compute:
    """Arrays are [n, height, width, channels]. With `rng` missing parameters are made. With `statistics` batches are
    normalised by their own statistics, which are noted there, otherwise by those among the parameters."""

    def __init__(self, parameters, rng=None, statistics=None):
        self.parameters, self.rng, self.statistics = parameters, rng, statistics

    def parameter(self, name, shape, deviation=0.0, value=0.0):
        if self.rng is not None and name not in self.parameters:
            made = self.rng.standard_normal(shape) * deviation + value
            self.parameters[name] = jnp.asarray(made, jnp.float32)
        return self.parameters[name]

    def conv(self, name, x, width, *, kernel=3, stride=1, norm=True, bias=0.0):
        inner = x.shape[-1]
        weight = self.parameter(f"{name}.weight", (kernel, kernel, inner, width), (2 / (inner * kernel**2)) ** 0.5)
        pad = (kernel // 2, kernel // 2)
        out = jax.lax.conv_general_dilated(
            x, weight, (stride, stride), (pad, pad), dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        if norm:
            out = self.normalise(name, out) * self.parameter(f"{name}.scale", (width,), value=1.0)
        return out + self.parameter(f"{name}.bias", (width,), value=bias)

    def normalise(self, name, x):
        if self.statistics is None:
            mean, variance = self.parameters[f"{name}.mean"], self.parameters[f"{name}.variance"]
        else:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.statistics[f"{name}.mean"], self.statistics[f"{name}.variance"] = mean, variance
        return (x - mean) / jnp.sqrt(variance + EPSILON)

    def linear(self, name, x, width):
        weight = self.parameter(f"{name}.weight", (x.shape[-1], width), (1 / x.shape[-1]) ** 0.5)
        return x @ weight + self.parameter(f"{name}.bias", (width,))

    def relu(self, x):
        return jnp.maximum(x, 0)

    def add(self, a, b):
        return a + b

    def global_mean(self, x):
        return x.mean((1, 2))

    def flatten(self, x):
        """In the order of ONNX: channels, rows, columns."""
        return x.transpose(0, 3, 1, 2).reshape(len(x), -1)

    def cells(self, x):
        """[n, height, width, channels] -> [n, height * width, channels]; ONNX has [n, channels, height * width]."""
        return x.reshape(len(x), -1, x.shape[-1])


class Write:
    """Writes nodes of ONNX; arrays are [n, channels, height, width] there, and values are names."""

    def __init__(self, parameters):
        self.parameters, self.nodes, self.initializers = parameters, [], []

    def node(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name, value):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def conv(self, name, x, width, *, kernel=3, stride=1, norm=True, bias=0.0):
        part = lambda suffix: np.asarray(self.parameters[f"{name}.{suffix}"], np.float32)  # noqa: E731
        weight, offset = part("weight"), part("bias")
        if norm:
            factor = part("scale") / np.sqrt(part("variance") + np.float32(EPSILON))
            weight, offset = weight * factor, offset - part("mean") * factor
        inputs = [
            x,
            self.constant(f"{name}.weight", weight.transpose(3, 2, 0, 1)),
            self.constant(f"{name}.bias", offset),
        ]
        pads = [kernel // 2] * 4
        return self.node("Conv", inputs, name, kernel_shape=[kernel] * 2, pads=pads, strides=[stride] * 2)

    def linear(self, name, x, width):
        parts = [self.constant(f"{name}.{part}", self.parameters[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.node("Gemm", [x, *parts], name)

    def relu(self, x):
        return self.node("Relu", [x], f"{x}.relu")

    def add(self, a, b):
        return self.node("Add", [a, b], f"{a}.add")

    def global_mean(self, x):
        return self.node("Flatten", [self.node("GlobalAveragePool", [x], f"{x}.mean")], f"{x}.flat", axis=1)

    def flatten(self, x):
        return self.node("Flatten", [x], f"{x}.flat", axis=1)

    def cells(self, x):
        dims = self.constant(f"{x}.dims", np.array([0, 0, -1], np.int64))
        return self.node("Reshape", [x, dims], f"{x}.cells")


def fit(network, *, batch_of, loss, steps, peak_rate, seed, decay=1e-3, statistics_batches=8):
    """Adam with decoupled weight decay; the rate warms up and falls along a half cosine.

    `batch_of(rng)` gives (inputs, targets); `loss(outputs, targets)` a number. Returns the parameters, with statistics
    of normalisation over some more batches.
    """
    rng = np.random.default_rng(seed)
    parameters = {}
    network(Compute(parameters, rng, {}), jnp.asarray(batch_of(rng)[0]))
    weights = [name for name in parameters if name.endswith(".weight")]

    def loss_of(values, inputs, targets):
        return loss(network(Compute(values, statistics={}), inputs), targets)

    @jax.jit
    def step_of(state, step, inputs, targets):
        values, first, second = state
        found, gradients = jax.value_and_grad(loss_of)(values, inputs, targets)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        rate = peak_rate * jnp.minimum(1, step / 50) * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))

        def update(name):
            change = (first[name] / (1 - 0.9**step)) / (jnp.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            return values[name] - rate * (change + (decay * values[name] if name in weights else 0))

        return ({name: update(name) for name in values}, first, second), found

    zeros = {name: jnp.zeros_like(value) for name, value in parameters.items()}
    state, recent = (parameters, zeros, zeros), []
    for step in range(1, steps + 1):
        inputs, targets = batch_of(rng)
        state, found = step_of(state, step, jnp.asarray(inputs), jax.tree.map(jnp.asarray, targets))
        recent.append(found)
        if step % max(1, steps // 10) == 0:
            print(f"step {step:5d} of {steps}: loss {np.mean(recent):.4f}", flush=True)
            recent = []
    shown = np.concatenate([np.asarray(batch_of(rng)[0]) for _ in range(statistics_batches)])
    statistics = {}
    network(Compute(state[0], statistics=statistics), jnp.asarray(shown))
    return {name: np.asarray(value, np.float32) for name, value in {**state[0], **statistics}.items()}


def predictor(network, parameters):
    """The network as a function of arrays, any number of inputs at a time."""
    run = jax.jit(lambda inputs: network(Compute(parameters), inputs))
    return lambda inputs, batch=128: np.concatenate(
        [np.asarray(run(jnp.asarray(inputs[start : start + batch]))) for start in range(0, len(inputs), batch)]
    )


def cross_entropy(outputs, labels, smoothing=0.05):
    log_probabilities = jax.nn.log_softmax(outputs)
    right = jnp.take_along_axis(log_probabilities, labels[:, None], axis=1)
    return -((1 - smoothing) * right.mean() + smoothing * log_probabilities.mean())


def export(network, parameters, *, path, input, output):
    """Writes the network, opset 17, IR version 8. `input` and `output` are (name, dims without the batch)."""
    layers = Write(parameters)
    last = network(layers, input[0])
    for node in layers.nodes:
        for index, name in enumerate(node.output):
            if name == last:
                node.output[index] = output[0]
    shaped = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *dims])  # noqa: E731
    graph = helper.make_graph(layers.nodes, path.stem, [shaped(*input)], [shaped(*output)], layers.initializers)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="tensorrt-node examples")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
