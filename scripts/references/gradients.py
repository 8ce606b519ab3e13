# SPDX-License-Identifier: Apache-2.0
"""Gradients of PyTorch (float64) for the operators that can be trained through, from which the tests get their references.

    pip install -r scripts/references/requirements.txt
    python scripts/references/gradients.py

Writes test/references/gradients/gradients.json. Each case is one ONNX node and the same function in PyTorch; the loss is
the sum of the outputs times numbers. All numbers are multiples of a power of two, made by a formula that the test repeats.
"""

import json
import pathlib
import platform

import numpy as np
import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parents[2] / "test" / "references" / "gradients" / "gradients.json"
COTANGENT_SEED = 999


def made(dims, seed):
    """Numbers from -2 to 2 in steps of 1/256, none of them a border of a function: a linear congruential generator."""
    count = int(np.prod(dims))
    state, values = seed, np.empty(count, np.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (((state >> 16) % 1024) - 512) / 256 + 1 / 1024
    return torch.tensor(values.reshape(dims), dtype=torch.float64)


def x(*dims, positive=False):
    return {"dims": list(dims), **({"positive": True} if positive else {})}


def ints(*values, dims=None):
    return {"ints": list(values), "dims": [len(values)] if dims is None else list(dims)}


def real(value):
    return {"float": value}


CASES = []


def case(op, inputs, function, **attributes):
    CASES.append((op, inputs, function, attributes))


def conv_cases():
    def conv(dims, weights, bias=True, strides=None, pads=None, dilations=None, group=1):
        n = len(dims) - 2
        strides, dilations, pads = strides or [1] * n, dilations or [1] * n, pads or [0] * 2 * n

        def function(a, w, b=None):
            padding = [size for axis in reversed(range(n)) for size in (pads[axis], pads[axis + n])]
            padded = F.pad(a, padding)
            return (F.conv1d, F.conv2d, F.conv3d)[n - 1](padded, w, b, tuple(strides), 0, tuple(dilations), group)

        inputs = [x(*dims), x(*weights)] + ([x(weights[0])] if bias else [])
        case("Conv", inputs, function, strides=strides, pads=pads, dilations=dilations, group=group)

    conv([2, 3, 6, 5], [4, 3, 3, 3])
    conv([2, 3, 6, 5], [4, 3, 3, 3], pads=[1, 1, 1, 1])
    conv([2, 3, 7, 8], [4, 3, 3, 2], bias=False, strides=[2, 3], pads=[0, 1, 2, 0])
    conv([1, 2, 9, 9], [3, 2, 3, 3], strides=[2, 2], dilations=[2, 3], pads=[1, 2, 0, 1])
    conv([3, 4, 5, 5], [6, 2, 3, 3], group=2, pads=[1, 1, 1, 1], strides=[2, 2])
    conv([2, 4, 6, 6], [4, 1, 3, 3], bias=False, group=4, pads=[0, 0, 1, 1], strides=[2, 2])
    conv([2, 4, 5, 5], [8, 1, 2, 3], group=4, dilations=[2, 1])
    conv([2, 3, 4, 4], [5, 3, 1, 1])
    conv([2, 3, 5, 5], [5, 3, 1, 1], strides=[2, 2])
    conv([2, 3, 11], [4, 3, 4], strides=[3], pads=[2, 1])
    conv([1, 2, 4, 5, 3], [3, 2, 2, 3, 1], pads=[1, 0, 0, 0, 1, 0], strides=[1, 2, 1])
    conv([1, 1, 8, 8], [2, 1, 3, 3], bias=False, strides=[4, 4])

    def transposed(dims, weights, strides, pads, output_padding, group=1, dilations=(1, 1)):
        def function(a, w, b):
            full = F.conv_transpose2d(a, w, b, tuple(strides), 0, 0, group, tuple(dilations))
            full = F.pad(full, (0, output_padding[1], 0, output_padding[0]))
            if any(output_padding):  # what is added holds the bias
                h, v = full.shape[2] - output_padding[0], full.shape[3] - output_padding[1]
                extra = torch.ones_like(full)
                extra[:, :, :h, :v] = 0
                full = full + extra * b.reshape(1, -1, 1, 1)
            return full[:, :, pads[0] : full.shape[2] - pads[2], pads[1] : full.shape[3] - pads[3]]

        inputs = [x(*dims), x(*weights), x(weights[1] * group)]
        case("ConvTranspose", inputs, function, strides=list(strides), pads=list(pads), group=group,
             output_padding=list(output_padding), dilations=list(dilations))  # fmt: skip

    transposed([2, 3, 4, 4], [3, 2, 3, 3], [1, 1], [0, 0, 0, 0], [0, 0])
    transposed([2, 4, 4, 3], [4, 2, 3, 3], [2, 2], [1, 1, 1, 1], [1, 1], group=2)
    transposed([1, 2, 3, 4], [2, 3, 2, 3], [3, 2], [0, 1, 1, 0], [0, 0], dilations=(2, 1))


def product_cases():
    for trans_a, trans_b in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        def gemm(a, b, c, ta=trans_a, tb=trans_b):
            return 0.5 * (a.T if ta else a) @ (b.T if tb else b) + 2 * c

        a, b = [[5, 3], [3, 5]][trans_a], [[3, 4], [4, 3]][trans_b]
        case("Gemm", [x(*a), x(*b), x(4)], gemm, alpha=real(0.5), beta=real(2.0), transA=trans_a, transB=trans_b)
    case("Gemm", [x(2, 3), x(3, 4)], lambda a, b: a @ b)
    case("Gemm", [x(2, 3), x(3, 4), x(2, 1)], lambda a, b, c: a @ b + c)
    for a, b in [
        ([3, 4], [4, 5]), ([2, 3, 4], [4, 5]), ([2, 3, 4], [2, 4, 5]), ([2, 1, 3, 4], [5, 4, 2]), ([3, 4], [2, 4, 5]),
        ([1, 3, 4], [2, 4, 5]), ([2, 2, 3, 4], [1, 2, 4, 3]), ([4], [4, 3]), ([3, 4], [4]), ([4], [4]),
        ([2, 3, 4], [4]), ([4], [2, 4, 3]),
    ]:  # fmt: skip
        case("MatMul", [x(*a), x(*b)], torch.matmul)


def elementwise_cases():
    for op, function in [("Add", torch.add), ("Sub", torch.sub), ("Mul", torch.mul)]:
        for a, b in [([2, 3], [2, 3]), ([2, 3, 4], [3, 1]), ([3, 1], [2, 1, 4]), ([2, 3], []), ([1], [2, 2])]:
            case(op, [x(*a), x(*b)], function)
    case("Div", [x(2, 3, 4), x(3, 1, positive=True)], torch.div)
    case("Div", [x(3), x(2, 3, positive=True)], torch.div)
    case("Pow", [x(2, 5, positive=True), x(5)], torch.pow)
    case("Sum", [x(2, 3), x(3), x(1, 1)], lambda *v: v[0] + v[1] + v[2])
    case("Mean", [x(2, 3), x(3)], lambda *v: (v[0] + v[1]) / 2)
    case("Max", [x(2, 3, 4), x(3, 1)], torch.maximum)
    case("Min", [x(2, 3), x(2, 3)], torch.minimum)
    case("Max", [x(2, 3), x(3), x(1)], lambda a, b, c: torch.maximum(torch.maximum(a, b), c))
    for op, function, attributes in [
        ("Neg", torch.neg, {}), ("Abs", torch.abs, {}), ("Exp", torch.exp, {}), ("Sin", torch.sin, {}),
        ("Cos", torch.cos, {}), ("Erf", torch.erf, {}), ("Relu", torch.relu, {}), ("Sigmoid", torch.sigmoid, {}),
        ("Tanh", torch.tanh, {}), ("Softplus", F.softplus, {}), ("Softsign", F.softsign, {}),
        ("LeakyRelu", lambda v: F.leaky_relu(v, 0.25), {"alpha": real(0.25)}),
        ("LeakyRelu", F.leaky_relu, {}),
        ("Elu", lambda v: F.elu(v, 0.5), {"alpha": real(0.5)}), ("Selu", F.selu, {}),
        ("ThresholdedRelu", lambda v: torch.where(v > 0.5, v, 0.0), {"alpha": real(0.5)}),
        ("HardSigmoid", F.hardsigmoid, {"alpha": real(1 / 6)}),
        ("HardSwish", lambda v: F.hardswish(v), {}), ("Identity", lambda v: v * 1, {}),
        ("Gelu", F.gelu, {}), ("Gelu", lambda v: F.gelu(v, approximate="tanh"), {"approximate": "tanh"}),
    ]:  # fmt: skip
        case(op, [x(3, 7)], function, **attributes)
    case("HardSwish", [x(40)], lambda v: F.hardswish(v))
    for op, function in [("Log", torch.log), ("Sqrt", torch.sqrt), ("Reciprocal", torch.reciprocal)]:
        case(op, [x(3, 5, positive=True)], function)
    case("PRelu", [x(2, 3, 4), x(3, 1)], lambda a, s: torch.where(a > 0, a, a * s))
    case("Clip", [x(3, 7), {"floats": [-0.5], "dims": []}, {"floats": [1.25], "dims": []}],
         lambda v: torch.clamp(v, -0.5, 1.25))  # fmt: skip
    case("Clip", [x(3, 7), {"floats": [0.0], "dims": []}], lambda v: torch.clamp(v, 0.0))
    for axis in [-1, 0, 1]:
        case("Softmax", [x(3, 4, 2)], lambda v, d=axis: F.softmax(v, d), axis=axis)
        case("LogSoftmax", [x(3, 4, 2)], lambda v, d=axis: F.log_softmax(v, d), axis=axis)
    choice = torch.tensor([[1, 0, 1]], dtype=torch.bool)
    case("Where", [{"bools": [1, 0, 1], "dims": [1, 3]}, x(2, 3), x(3)], lambda a, b: torch.where(choice, a, b))


def normalization_cases():
    for dims, axis in [([2, 3, 6], -1), ([2, 3, 4], 1), ([5, 8], -1)]:
        shape = dims[axis:]
        case("LayerNormalization", [x(*dims), x(*shape), x(*shape)],
             lambda a, s, b, d=shape: F.layer_norm(a, d, s, b, 1e-3), axis=axis, epsilon=real(1e-3))  # fmt: skip
    case("LayerNormalization", [x(2, 6), x(6)], lambda a, s: F.layer_norm(a, [6], s, None, 1e-5))
    for dims in [[3, 4, 2, 5], [6, 3]]:
        c = dims[1]
        case("BatchNormalization", [x(*dims), x(c), x(c), {**x(c), "fixed": True}, {**x(c, positive=True), "fixed": True}],
             lambda a, s, b, m, v: F.batch_norm(a, m, v, s, b, False, 0.1, 1e-3), epsilon=real(1e-3))  # fmt: skip
        CASES.append(("BatchNormalization", [x(*dims), x(c), x(c), {**x(c), "fixed": True}, {**x(c, positive=True), "fixed": True}],
             lambda a, s, b, m, v: F.batch_norm(a, None, None, s, b, True, 0.1, 1e-3), {"epsilon": real(1e-3), "batchStatistics": 1}))  # fmt: skip
    case("InstanceNormalization", [x(2, 3, 4, 5), x(3), x(3)],
         lambda a, s, b: F.instance_norm(a, None, None, s, b, True, 0, 1e-3), epsilon=real(1e-3))  # fmt: skip


def pooling_cases():
    case("MaxPool", [x(2, 3, 6, 6)], lambda v: F.max_pool2d(v, 2), kernel_shape=[2, 2], strides=[2, 2])
    case("MaxPool", [x(2, 2, 7, 5)], lambda v: F.max_pool2d(v, 3, 2, 1),
         kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])  # fmt: skip
    case("MaxPool", [x(1, 2, 6, 6)], lambda v: F.max_pool2d(v, 3, 2, ceil_mode=True),
         kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)  # fmt: skip
    case("MaxPool", [x(2, 3, 9)], lambda v: F.max_pool1d(v, 3, 1), kernel_shape=[3])
    case("AveragePool", [x(2, 3, 6, 6)], lambda v: F.avg_pool2d(v, 2), kernel_shape=[2, 2], strides=[2, 2])
    for include in (0, 1):
        case("AveragePool", [x(2, 2, 7, 6)], lambda v, i=include: F.avg_pool2d(v, 3, 2, 1, count_include_pad=bool(i)),
             kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=include)  # fmt: skip
    case("GlobalAveragePool", [x(2, 3, 4, 5)], lambda v: v.mean((2, 3), keepdim=True))
    case("GlobalMaxPool", [x(2, 3, 4, 5)], lambda v: v.amax((2, 3), keepdim=True))


def reduction_cases():
    for op, function in [("ReduceSum", torch.sum), ("ReduceMean", torch.mean), ("ReduceMax", torch.amax),
                         ("ReduceMin", torch.amin)]:  # fmt: skip
        for keep in (0, 1):
            case(op, [x(2, 3, 4), ints(1)], lambda v, f=function, k=bool(keep): f(v, dim=1, keepdim=k), keepdims=keep)
        case(op, [x(2, 3, 4), ints(-1, 0)], lambda v, f=function: f(v, dim=(-1, 0)), keepdims=0)
    case("ReduceMean", [x(2, 3)], lambda v: v.mean().reshape(1, 1))
    case("ReduceSum", [x(2, 3)], lambda v: v.sum(), keepdims=0)
    case("ReduceSumSquare", [x(2, 3), ints(1)], lambda v: (v * v).sum(1), keepdims=0)
    case("ReduceL2", [x(2, 3), ints(1)], lambda v: (v * v).sum(1, keepdim=True).sqrt())


def shape_cases():
    case("Reshape", [x(2, 6), ints(3, -1)], lambda v: v.reshape(3, -1))
    case("Flatten", [x(2, 3, 4)], lambda v: v.reshape(2, -1))
    case("Squeeze", [x(2, 1, 3), ints(1)], lambda v: v.squeeze(1))
    case("Unsqueeze", [x(2, 3), ints(0, 2)], lambda v: v[None, :, None])
    case("Transpose", [x(2, 3, 4)], lambda v: v.permute(2, 0, 1), perm=[2, 0, 1])
    case("Transpose", [x(2, 3, 4)], lambda v: v.permute(2, 1, 0))
    case("Expand", [x(3, 1), ints(2, 3, 4)], lambda v: v.expand(2, 3, 4))
    case("Concat", [x(2, 3), x(2, 1), x(2, 2)], lambda *v: torch.cat(v, 1), axis=1)
    case("Concat", [x(2, 3), x(1, 3)], lambda *v: torch.cat(v, 0), axis=-2)
    case("DepthToSpace", [x(1, 8, 2, 3)], lambda v: dcr(v), blocksize=2)
    case("SpaceToDepth", [x(1, 2, 4, 6)], lambda v: v.reshape(1, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(1, 8, 2, 3),
         blocksize=2)  # fmt: skip
    case("Slice", [x(4, 6), ints(1), ints(3), ints(1)], lambda v: v[:, 1:3])
    case("Slice", [x(4, 6), ints(-3, 0), ints(2**40, -1), ints(0, 1)], lambda v: v[-3:, :-1])
    case("Slice", [x(4, 6), ints(5), ints(-(2**40)), ints(1), ints(-2)], lambda v: v.flip(1)[:, ::2])
    case("Slice", [x(4, 6), ints(0), ints(6), ints(1), ints(2)], lambda v: v[:, ::2])
    index = torch.tensor([[1, 0, 1], [3, 3, 1]])
    case("Gather", [x(4, 5), ints(1, 0, 1, 3, 3, 1, dims=[2, 3])], lambda v: v[index], axis=0)
    case("Gather", [x(4, 5), ints(-1, 0, 2)], lambda v: v[:, [-1, 0, 2]], axis=1)
    case("Gather", [x(3, 4, 5), ints(2, dims=[])], lambda v: v[:, 2], axis=1)
    case("GatherElements", [x(3, 3), ints(1, 2, 0, 2, 0, 0, dims=[2, 3])],
         lambda v: torch.gather(v, 0, torch.tensor([[1, 2, 0], [2, 0, 0]])), axis=0)  # fmt: skip
    case("Pad", [x(2, 3), ints(1, 0, 2, 1)], lambda v: F.pad(v, (0, 1, 1, 2)))
    case("Pad", [x(1, 1, 4, 5), ints(0, 0, 1, 2, 0, 0, 2, 1)], lambda v: F.pad(v, (2, 1, 1, 2), mode="reflect"), mode="reflect")
    case("Pad", [x(3, 4), ints(0, -1, 1, 0)], lambda v: F.pad(v, (-1, 0, 0, 1)))
    case("Tile", [x(2, 3), ints(2, 1)], lambda v: v.repeat(2, 1))
    case("Resize", [x(1, 2, 3, 3), None, None, ints(1, 2, 6, 6)], lambda v: F.interpolate(v, scale_factor=2, mode="nearest"),
         mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")  # fmt: skip


def dcr(v):
    n, c, h, w = v.shape
    return v.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)


def digits(array):
    return [float(f"{value:.9g}") for value in array.detach().numpy().ravel()]


def record(index, op, inputs, function, attributes):
    leaves, specs, seed = [], [], 7 * index + 1
    for given in inputs:
        if given is None or any(key in given for key in ("ints", "floats", "bools")):
            specs.append(given)
            continue
        seed += 1
        values = made(given["dims"], seed)
        leaf = (values.abs() + 0.5 if given.get("positive") else values).requires_grad_(not given.get("fixed"))
        leaves.append(leaf)
        specs.append({**given, "seed": seed})
    y = function(*leaves)
    loss = (y * made(list(y.shape), COTANGENT_SEED)).sum()
    gradients = torch.autograd.grad(loss, [leaf for leaf in leaves if leaf.requires_grad])
    return {
        "op": op,
        "attributes": attributes,
        "inputs": specs,
        "output": {"dims": list(y.shape), "values": digits(y)},
        "gradients": [digits(gradient) for gradient in gradients],
    }


if __name__ == "__main__":
    for add in (conv_cases, product_cases, elementwise_cases, normalization_cases, pooling_cases, reduction_cases, shape_cases):
        add()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "source": f"PyTorch {torch.__version__}, Python {platform.python_version()}",
        "cotangentSeed": COTANGENT_SEED,
        "cases": [record(index, *one) for index, one in enumerate(CASES)],
    }
    lines = ",\n".join(json.dumps(one) for one in document["cases"])
    head = json.dumps({key: value for key, value in document.items() if key != "cases"})[:-1]
    OUT.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(len(CASES), "cases")
