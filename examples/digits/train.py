# SPDX-License-Identifier: Apache-2.0
"""Trains the digits network with NumPy alone and writes the model and the test split beside this file.

    python train.py                  # digits.onnx, test-images.npy, test-labels.npy
    python train.py --out /some/dir  # elsewhere

The network, for images [batch, 1, 8, 8] with values from 0 to 1:

    conv 3x3, 16 channels, ReLU -> max pool 2x2 -> conv 3x3, 32 channels, ReLU -> fully connected -> logits [batch, 10]

Everything is seeded: the same NumPy on the same kind of processor writes the same file. The test split is put aside
before training and looked at once, at the end.
"""

import argparse
import os
from pathlib import Path

# One thread, set before NumPy loads its BLAS: sums are then made in the same order on every run.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

SEED = 20
TEST_IMAGES = 450
EPOCHS = 60
BATCH = 64
PEAK_RATE = 3e-3
WEIGHT_DECAY = 1e-4


# --- Data -------------------------------------------------------------------------------------------------------


def load_split(rng):
    """Returns (train images, train labels, test images, test labels); images are float32 [n, 1, 8, 8] in 0..1."""
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[:, None]
    labels = digits.target.astype(np.uint8)
    order = rng.permutation(len(images))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return images[train], labels[train], images[test], labels[test]


def shift_randomly(images, rng):
    """Moves each image by -1, 0 or 1 pixels in both directions, zeros coming in: the only augmentation."""
    count, _, height, width = images.shape
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows, columns = rng.integers(0, 3, size=(2, count))
    moved = np.empty_like(images)
    for i in range(count):
        moved[i] = padded[i, :, rows[i] : rows[i] + height, columns[i] : columns[i] + width]
    return moved


# --- Layers: forward returns (output, what backward needs), backward returns (input gradient, parameter gradients) -


def conv_forward(x, weight, bias):
    """3x3 convolution with padding 1 as one matrix product over the unfolded input."""
    count, channels, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    # [count, channels, height, width, 3, 3] -> one row per output pixel
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, channels * 9)
    out = columns @ weight.reshape(len(weight), -1).T + bias
    return out.reshape(count, height, width, -1).transpose(0, 3, 1, 2), (columns, x.shape)


def conv_backward(gradient, kept, weight):
    columns, (count, channels, height, width) = kept
    flat = gradient.transpose(0, 2, 3, 1).reshape(-1, len(weight))
    weight_gradient = (flat.T @ columns).reshape(weight.shape)
    unfolded = (flat @ weight.reshape(len(weight), -1)).reshape(count, height, width, channels, 3, 3)
    padded = np.zeros((count, channels, height + 2, width + 2), np.float32)
    for row in range(3):
        for column in range(3):
            part = unfolded[..., row, column].transpose(0, 3, 1, 2)
            padded[:, :, row : row + height, column : column + width] += part
    return padded[:, :, 1:-1, 1:-1], weight_gradient, flat.sum(axis=0)


def pool_forward(x):
    """Max pool 2x2; keeps the mask of the winners. Ties share the gradient."""
    count, channels, height, width = x.shape
    blocks = x.reshape(count, channels, height // 2, 2, width // 2, 2)
    out = blocks.max(axis=(3, 5))
    mask = blocks == out[:, :, :, None, :, None]
    return out, mask / mask.sum(axis=(3, 5), keepdims=True, dtype=np.float32)


def pool_backward(gradient, mask):
    count, channels, height, _, width, _ = mask.shape
    spread = mask * gradient[:, :, :, None, :, None]
    return spread.reshape(count, channels, height * 2, width * 2)


# --- Network ----------------------------------------------------------------------------------------------------


def init_parameters(rng):
    """He initialisation for the layers before a ReLU, a smaller one for the last."""

    def normal(shape, fan_in, gain):
        return (rng.standard_normal(shape) * np.sqrt(gain / fan_in)).astype(np.float32)

    return {
        "conv1.weight": normal((16, 1, 3, 3), 9, 2.0),
        "conv1.bias": np.zeros(16, np.float32),
        "conv2.weight": normal((32, 16, 3, 3), 144, 2.0),
        "conv2.bias": np.zeros(32, np.float32),
        "fc.weight": normal((10, 512), 512, 1.0),
        "fc.bias": np.zeros(10, np.float32),
    }


def forward(p, images):
    """Returns the logits and everything that backward needs."""
    conv1, kept1 = conv_forward(images, p["conv1.weight"], p["conv1.bias"])
    relu1 = np.maximum(conv1, 0)
    pooled, mask = pool_forward(relu1)
    conv2, kept2 = conv_forward(pooled, p["conv2.weight"], p["conv2.bias"])
    features = np.maximum(conv2, 0).reshape(len(images), -1)
    logits = features @ p["fc.weight"].T + p["fc.bias"]
    return logits, (conv1, kept1, mask, conv2, kept2, features)


def backward(p, logits, kept, labels):
    """Gradients of the mean cross-entropy."""
    conv1, kept1, mask, conv2, kept2, features = kept
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    d_logits = exponents / exponents.sum(axis=1, keepdims=True)
    d_logits[np.arange(len(labels)), labels] -= 1
    d_logits /= len(labels)
    gradients = {"fc.weight": d_logits.T @ features, "fc.bias": d_logits.sum(axis=0)}
    d_conv2 = (d_logits @ p["fc.weight"]).reshape(conv2.shape) * (conv2 > 0)
    d_pooled, gradients["conv2.weight"], gradients["conv2.bias"] = conv_backward(d_conv2, kept2, p["conv2.weight"])
    d_conv1 = pool_backward(d_pooled, mask) * (conv1 > 0)
    _, gradients["conv1.weight"], gradients["conv1.bias"] = conv_backward(d_conv1, kept1, p["conv1.weight"])
    return gradients


def train(images, labels, rng):
    """Adam with decoupled weight decay and a rate that warms up and falls along a half cosine."""
    p = init_parameters(rng)
    first = {name: np.zeros_like(value) for name, value in p.items()}
    second = {name: np.zeros_like(value) for name, value in p.items()}
    steps = EPOCHS * (len(images) // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(images))
        shifted = shift_randomly(images, rng)
        for start in range(0, len(images) - BATCH + 1, BATCH):
            step += 1
            picked = order[start : start + BATCH]
            logits, kept = forward(p, shifted[picked])
            gradients = backward(p, logits, kept, labels[picked])
            rate = PEAK_RATE * min(1, step / 50) * 0.5 * (1 + np.cos(np.pi * step / steps))
            for name, gradient in gradients.items():
                first[name] += 0.1 * (gradient - first[name])
                second[name] += 0.001 * (gradient * gradient - second[name])
                update = (first[name] / (1 - 0.9**step)) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
                decay = WEIGHT_DECAY * p[name] if name.endswith("weight") else 0
                p[name] = (p[name] - rate * (update + decay)).astype(np.float32)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2d}: training accuracy {accuracy(p, images, labels):.4f}")
    return p


def accuracy(p, images, labels):
    logits, _ = forward(p, images)
    return float((logits.argmax(axis=1) == labels).mean())


# --- Export -----------------------------------------------------------------------------------------------------


def make_model(p):
    """The network as ONNX, opset 17, IR version 8, with a dynamic dimension called "batch"."""
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["images", "conv1.weight", "conv1.bias"], ["conv1_out"], name="conv1", **conv),
        helper.make_node("Relu", ["conv1_out"], ["relu1_out"], name="relu1"),
        helper.make_node("MaxPool", ["relu1_out"], ["pool_out"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pool_out", "conv2.weight", "conv2.bias"], ["conv2_out"], name="conv2", **conv),
        helper.make_node("Relu", ["conv2_out"], ["relu2_out"], name="relu2"),
        helper.make_node("Flatten", ["relu2_out"], ["features"], name="flatten", axis=1),
        helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["logits"], name="fc", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(value, name) for name, value in p.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tensorrt-node examples/digits"
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    train_images, train_labels, test_images, test_labels = load_split(rng)
    p = train(train_images, train_labels, rng)
    print(f"test accuracy {accuracy(p, test_images, test_labels):.4f} on {len(test_images)} images")
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(make_model(p), out / "digits.onnx")
    np.save(out / "test-images.npy", test_images)
    np.save(out / "test-labels.npy", test_labels)


if __name__ == "__main__":
    main()
