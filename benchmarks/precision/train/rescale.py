# SPDX-License-Identifier: Apache-2.0
"""The same functions with unequal channels: what one layer makes larger by a power of two, the next makes smaller.

Factors are powers of two from 2^-5 to 2^5, so ranges of the channels of a tensor differ by up to 1,024 times and every
product is exact: outputs differ by the order of sums alone. Places are those where training leaves channels unequal too
(gamma of normalisations, depth-wise layers, the streams of residual networks).
"""

import numpy as np

EXTENT = 5


class Rescaling:
    """Works on a copy of a network's parameters."""

    def __init__(self, parameters, seed):
        self.parameters = {name: value.copy() for name, value in parameters.items()}
        self.rng = np.random.default_rng(seed)

    def factors(self, width):
        """Powers of two in random order, as many small as large ones."""
        exponents = np.linspace(-EXTENT, EXTENT, width).round()
        return np.exp2(self.rng.permutation(exponents)).astype(np.float32)

    def norm(self, name, by):
        """Output of a batch or layer normalisation."""
        self.parameters[f"{name}.scale"] *= by
        self.parameters[f"{name}.bias"] *= by

    def conv_out(self, name, by):
        """Output of a convolution without batch normalisation."""
        self.parameters[f"{name}.weight"] *= by[:, None, None, None]
        self.parameters[f"{name}.bias"] *= by

    def conv_in(self, name, by):
        self.parameters[f"{name}.weight"] /= by[None, :, None, None]

    def depth_in(self, name, by):
        self.parameters[f"{name}.weight"] /= by[:, None, None, None]

    def linear_out(self, name, by):
        self.parameters[f"{name}.weight"] *= by
        self.parameters[f"{name}.bias"] *= by

    def linear_in(self, name, by):
        self.parameters[f"{name}.weight"] /= by[:, None]


def cnn(r):
    """All streams: Relu, MaxPool and means keep the sign, so factors pass them."""
    by = r.factors(16)
    for name in ("stem.bn", "block1.b.bn"):
        r.norm(name, by)
    for name in ("block1.a", "block2.a", "block2.shortcut"):
        r.conv_in(name, by)
    for block, width in (("block1", 16), ("block2", 32)):
        by = r.factors(width)
        r.norm(f"{block}.a.bn", by)
        r.conv_in(f"{block}.b", by)
    by = r.factors(32)
    for name in ("block2.b.bn", "block2.shortcut.bn"):
        r.norm(name, by)
    r.conv_in("last", by)
    by = r.factors(32)
    r.norm("last.bn", by)
    r.linear_in("fc", by)


def separable(r):
    """Streams between projections and expansions, Relu chains through depth-wise layers, gates of squeeze-excite."""
    by = r.factors(24)
    for name in ("block2", "block3", "block4"):
        r.norm(f"{name}.project.bn", by)
    for name in ("block3.expand", "block4.expand", "head"):
        r.conv_in(name, by)
    for name in ("block1", "block2"):
        by = r.factors(48)
        r.norm(f"{name}.expand.bn", by)
        r.depth_in(f"{name}.depth", by)
        by = r.factors(48)
        r.norm(f"{name}.depth.bn", by)
        r.conv_in(f"{name}.project", by)
        if name == "block2":
            r.conv_in(f"{name}.squeeze", by)
    for name in ("block2", "block3", "block4"):
        by = r.factors(16)
        r.conv_out(f"{name}.squeeze", by)
        r.conv_in(f"{name}.excite", by)


def transformer_pre(r):
    """Normalisations into the projections that follow, values into the output projection."""
    for layer in ("layer1", "layer2"):
        by = r.factors(64)
        r.norm(f"{layer}.norm1", by)
        for part in ("query", "key", "value"):
            r.linear_in(f"{layer}.{part}", by)
        by = r.factors(64)
        r.norm(f"{layer}.norm2", by)
        r.linear_in(f"{layer}.up", by)
        rescale_values(r, layer)
    by = r.factors(64)
    r.norm("norm", by)
    r.linear_in("fc", by)


def transformer_post(r):
    """Values into the output projection, Relu between the two feed-forward layers."""
    for layer in ("layer1", "layer2"):
        rescale_values(r, layer)
        by = r.factors(128)
        r.linear_out(f"{layer}.up", by)
        r.linear_in(f"{layer}.down", by)


def rescale_values(r, layer):
    by = r.factors(64)
    r.linear_out(f"{layer}.value", by)
    r.linear_in(f"{layer}.out", by)


def mlp(r):
    for norm, following, width in (("one.bn", "two", 128), ("two.bn", "three", 128)):
        by = r.factors(width)
        r.norm(norm, by)
        r.linear_in(following, by)
    by = r.factors(64)
    r.linear_out("three", by)
    r.linear_in("fc", by)
