# SPDX-License-Identifier: Apache-2.0
"""Operators that compute, with PyTorch. The first forward makes the parameters, later ones read them."""

import numpy as np
import torch
import torch.nn.functional as F

EPSILON = 1e-5


class TorchOps:
    """With `rng`, missing parameters are made. `training`: values are dropped, and batch normalisation uses the batch's
    own statistics, which it notes in `statistics`; otherwise it reads them among the parameters."""

    def __init__(self, parameters, *, rng=None, training=False, statistics=None):
        self.parameters, self.rng, self.training, self.statistics = parameters, rng, training, statistics

    def parameter(self, name, shape, scale=None, value=0.0):
        """Normal with deviation `scale`, or constant."""
        if self.rng is not None and name not in self.parameters:
            made = self.rng.standard_normal(shape) * scale if scale is not None else np.full(shape, value)
            self.parameters[name] = torch.tensor(made, dtype=torch.float32, requires_grad=True)
        return self.parameters[name]

    def channels(self, x):
        return x.shape[1]

    def conv(self, name, x, width, kernel, *, bias=True):
        inner = x.shape[1]
        weight = self.parameter(f"{name}.weight", (width, inner, kernel, kernel), (2 / (inner * kernel**2)) ** 0.5)
        return F.conv2d(x, weight, self.parameter(f"{name}.bias", (width,)) if bias else None, padding=kernel // 2)

    def batch_norm(self, name, x):
        width = x.shape[1]
        scale, offset = self.parameter(f"{name}.scale", (width,), value=1.0), self.parameter(f"{name}.bias", (width,))
        if self.statistics is None:
            mean, variance = self.parameters[f"{name}.mean"], self.parameters[f"{name}.var"]
            return F.batch_norm(x, mean, variance, scale, offset, eps=EPSILON)
        axes = [axis for axis in range(x.ndim) if axis != 1]
        self.statistics[f"{name}.mean"] = x.detach().mean(axes)
        self.statistics[f"{name}.var"] = x.detach().var(axes, correction=0)
        return F.batch_norm(x, None, None, scale, offset, training=True, eps=EPSILON)

    def linear(self, name, x, width):
        weight = self.parameter(f"{name}.weight", (x.shape[-1], width), (1 / x.shape[-1]) ** 0.5)
        return x @ weight + self.parameter(f"{name}.bias", (width,))

    def layer_norm(self, name, x):
        width = x.shape[-1]
        scale, offset = self.parameter(f"{name}.scale", (width,), value=1.0), self.parameter(f"{name}.bias", (width,))
        return F.layer_norm(x, (width,), scale, offset, EPSILON)

    def patches(self, name, x, width):
        """A convolution over patches of 2x2 that do not overlap; [n, c, 8, 8] -> [n, 16, width]."""
        inner = x.shape[1]
        weight = self.parameter(f"{name}.weight", (width, inner, 2, 2), (1 / (4 * inner)) ** 0.5)
        out = F.conv2d(x, weight, self.parameter(f"{name}.bias", (width,)), stride=2)
        return out.flatten(2).transpose(1, 2)

    def add_parameter(self, name, x, shape):
        return x + self.parameter(name, shape, 0.1)

    def attend(self, query, key, value, heads):
        count, tokens, width = query.shape
        parts = (part.reshape(count, tokens, heads, -1).transpose(1, 2) for part in (query, key, value))
        return F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(count, tokens, width)

    def dropout(self, x, share):
        return F.dropout(x, share, training=self.training)

    def flatten(self, x):
        return x.flatten(1)

    def max_pool(self, x):
        return F.max_pool2d(x, 2)

    def global_mean(self, x):
        return x.mean((2, 3))

    def token_mean(self, x):
        return x.mean(1)

    def relu(self, x):
        return F.relu(x)

    def gelu(self, x):
        return F.gelu(x)

    def add(self, a, b):
        return a + b
