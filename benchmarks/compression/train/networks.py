# SPDX-License-Identifier: Apache-2.0
"""The networks, each written once, as in benchmarks/precision/train/networks.py: `ops` computes or writes nodes.

Ordinary architectures of the width that people deploy, which is more than the data needs: that is what compression is
for. `ops.dropout` does nothing in the exported network.
"""


def cnn(ops, x):
    """Residual blocks of 32, 64 and 128 channels. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.relu(conv_bn(ops, "stem", x, 32, 3))
    x = residual(ops, "block1", x, 32)
    x = residual(ops, "block2", x, 64)
    x = ops.max_pool(x)
    x = residual(ops, "block3", x, 128)
    return ops.linear("fc", ops.dropout(ops.global_mean(x), 0.2), 10)


def residual(ops, name, x, width):
    """Two convolutions beside a shortcut, which is a convolution of its own where the width changes."""
    shortcut = x if ops.channels(x) == width else conv_bn(ops, f"{name}.shortcut", x, width, 1)
    y = ops.relu(conv_bn(ops, f"{name}.a", x, width, 3))
    return ops.relu(ops.add(conv_bn(ops, f"{name}.b", y, width, 3), shortcut))


def conv_bn(ops, name, x, width, kernel):
    return ops.batch_norm(f"{name}.bn", ops.conv(name, x, width, kernel, bias=False))


def mlp(ops, x):
    """64-512-512-256-10 with Relu and batch normalisation. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.flatten(x)
    for name, width in (("one", 512), ("two", 512), ("three", 256)):
        x = ops.dropout(ops.relu(ops.batch_norm(f"{name}.bn", ops.linear(name, x, width))), 0.3)
    return ops.linear("fc", x, 10)


STEM, WIDTH, INNER, HEADS, TOKENS, LAYERS = 32, 128, 512, 4, 16, 3


def transformer(ops, x):
    """A convolution, tokens of 2x2 of what it makes, three layers that normalise first, GELU. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.relu(conv_bn(ops, "stem", x, STEM, 3))
    x = ops.add_parameter("position", ops.patches("embed", x, WIDTH), (TOKENS, WIDTH))
    for layer in (f"layer{number}" for number in range(1, LAYERS + 1)):
        x = ops.add(x, ops.dropout(attention(ops, layer, ops.layer_norm(f"{layer}.norm1", x)), 0.1))
        y = ops.gelu(ops.linear(f"{layer}.up", ops.layer_norm(f"{layer}.norm2", x), INNER))
        x = ops.add(x, ops.dropout(ops.linear(f"{layer}.down", ops.dropout(y, 0.1), WIDTH), 0.1))
    return ops.linear("fc", ops.token_mean(ops.layer_norm("norm", x)), 10)


def attention(ops, layer, x):
    query, key, value = (ops.linear(f"{layer}.{part}", x, WIDTH) for part in ("query", "key", "value"))
    return ops.linear(f"{layer}.out", ops.attend(query, key, value, HEADS), WIDTH)
