# SPDX-License-Identifier: Apache-2.0
"""The networks, each written once: `ops` computes (jax_ops.py) or writes nodes (onnx_ops.py).

A layer's parameters are named after it: `stem.weight`, `stem.bias`. Convolutions are followed by batch normalisation
and have no bias of their own.
"""


def cnn(ops, x):
    """A plain CNN with two residual blocks; the second has a shortcut of its own. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.relu(conv_bn(ops, "stem", x, 16, 3))
    y = ops.relu(conv_bn(ops, "block1.a", x, 16, 3))
    x = ops.relu(ops.add(conv_bn(ops, "block1.b", y, 16, 3), x))
    x = ops.max_pool(x)
    y = ops.relu(conv_bn(ops, "block2.a", x, 32, 3))
    shortcut = conv_bn(ops, "block2.shortcut", x, 32, 1)
    x = ops.relu(ops.add(conv_bn(ops, "block2.b", y, 32, 3), shortcut))
    x = ops.relu(conv_bn(ops, "last", x, 32, 3))
    return ops.linear("fc", ops.global_mean(x), 10)


def separable(ops, x):
    """Inverted residuals with depth-wise convolutions, squeeze-excite and hard-swish, Relu in the first two, as mobile
    networks have it. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.hard_swish(conv_bn(ops, "stem", x, 16, 3))
    x = inverted_residual(ops, "block1", x, ops.relu, excite=False)
    x = inverted_residual(ops, "block2", x, ops.relu, width=24, stride=2)
    x = inverted_residual(ops, "block3", x, ops.hard_swish, width=24)
    x = inverted_residual(ops, "block4", x, ops.hard_swish, width=24)
    x = ops.hard_swish(conv_bn(ops, "head", x, 96, 1))
    return ops.linear("fc", ops.global_mean(x), 10)


def inverted_residual(ops, name, x, activate, *, width=16, stride=1, excite=True):
    channels = ops.channels(x)
    inner = 3 * channels
    y = activate(conv_bn(ops, f"{name}.expand", x, inner, 1))
    y = activate(conv_bn(ops, f"{name}.depth", y, inner, 3, groups=inner, stride=stride))
    if excite:
        gate = ops.relu(ops.conv(f"{name}.squeeze", ops.global_mean(y, keep=True), 16, 1))
        y = ops.multiply(y, ops.hard_sigmoid(ops.conv(f"{name}.excite", gate, inner, 1)))
    y = conv_bn(ops, f"{name}.project", y, width, 1)
    return ops.add(y, x) if width == channels and stride == 1 else y


def conv_bn(ops, name, x, width, kernel, **how):
    return ops.batch_norm(f"{name}.bn", ops.conv(name, x, width, kernel, bias=False, **how))


WIDTH, HEADS, TOKENS = 64, 4, 16


def transformer_pre(ops, x):
    """Tokens of 2x2 pixels, normalised before each of two layers of attention and GELU. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.add_parameter("position", ops.patches("embed", x, WIDTH), (TOKENS, WIDTH))
    for layer in ("layer1", "layer2"):
        y = ops.layer_norm(f"{layer}.norm1", x)
        x = ops.add(x, attention(ops, layer, y))
        y = ops.gelu(ops.linear(f"{layer}.up", ops.layer_norm(f"{layer}.norm2", x), 2 * WIDTH))
        x = ops.add(x, ops.linear(f"{layer}.down", y, WIDTH))
    x = ops.token_mean(ops.layer_norm("norm", x))
    return ops.linear("fc", x, 10)


def transformer_post(ops, x):
    """The same tokens, normalised after each addition, Relu in between. [n, 1, 8, 8] -> [n, 10]"""
    x = ops.add_parameter("position", ops.patches("embed", x, WIDTH), (TOKENS, WIDTH))
    x = ops.layer_norm("norm", x)
    for layer in ("layer1", "layer2"):
        x = ops.layer_norm(f"{layer}.norm1", ops.add(attention(ops, layer, x), x))
        y = ops.linear(f"{layer}.down", ops.relu(ops.linear(f"{layer}.up", x, 2 * WIDTH)), WIDTH)
        x = ops.layer_norm(f"{layer}.norm2", ops.add(y, x))
    return ops.linear("fc", ops.token_mean(x), 10)


def attention(ops, layer, x):
    query, key, value = (ops.linear(f"{layer}.{part}", x, WIDTH) for part in ("query", "key", "value"))
    return ops.linear(f"{layer}.out", ops.attend(query, key, value, HEADS), WIDTH)


def mlp(ops, x):
    """Four layers with Relu, batch normalisation after the first two. [n, 48] -> [n, 8]"""
    x = ops.relu(ops.batch_norm("one.bn", ops.linear("one", x, 128)))
    x = ops.relu(ops.batch_norm("two.bn", ops.linear("two", x, 128)))
    x = ops.relu(ops.linear("three", x, 64))
    return ops.linear("fc", x, 8)
