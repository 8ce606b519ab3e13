# SPDX-License-Identifier: Apache-2.0
"""Operators that compute, with JAX. The first forward makes the parameters, later ones read them."""

import jax
import jax.numpy as jnp
import numpy as np

EPSILON = 1e-5
LAYOUT = ("NCHW", "OIHW", "NCHW")


class JaxOps:
    """With `rng`, missing parameters are made; with `statistics`, batch normalisation uses the batch's own and notes
    them there, otherwise those among the parameters."""

    def __init__(self, parameters, rng=None, statistics=None):
        self.parameters, self.rng, self.statistics = parameters, rng, statistics

    def parameter(self, name, shape, scale=None, value=0.0):
        """Normal with deviation `scale`, or constant."""
        if self.rng is not None and name not in self.parameters:
            made = self.rng.standard_normal(shape) * scale if scale is not None else np.full(shape, value)
            self.parameters[name] = jnp.asarray(made, jnp.float32)
        return self.parameters[name]

    def channels(self, x):
        return x.shape[1]

    def conv(self, name, x, width, kernel, *, groups=1, stride=1, bias=True):
        inner = x.shape[1] // groups
        weight = self.parameter(f"{name}.weight", (width, inner, kernel, kernel), (2 / (inner * kernel**2)) ** 0.5)
        pad = kernel // 2
        out = jax.lax.conv_general_dilated(
            x,
            weight,
            (stride, stride),
            ((pad, pad), (pad, pad)),
            dimension_numbers=LAYOUT,
            feature_group_count=groups,
        )
        return out + self.parameter(f"{name}.bias", (width,))[:, None, None] if bias else out

    def batch_norm(self, name, x):
        width = x.shape[1]
        scale, offset = self.parameter(f"{name}.scale", (width,), value=1.0), self.parameter(f"{name}.bias", (width,))
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        if self.statistics is None:
            mean, variance = self.parameters[f"{name}.mean"], self.parameters[f"{name}.var"]
        else:
            mean, variance = x.mean(axes), x.var(axes)
            self.statistics[f"{name}.mean"], self.statistics[f"{name}.var"] = mean, variance
        spread = (slice(None),) + (None,) * (x.ndim - 2)
        return (x - mean[spread]) * (scale / jnp.sqrt(variance + EPSILON))[spread] + offset[spread]

    def linear(self, name, x, width):
        weight = self.parameter(f"{name}.weight", (x.shape[-1], width), (1 / x.shape[-1]) ** 0.5)
        return x @ weight + self.parameter(f"{name}.bias", (width,))

    def layer_norm(self, name, x):
        width = x.shape[-1]
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return scaled * self.parameter(f"{name}.scale", (width,), value=1.0) + self.parameter(f"{name}.bias", (width,))

    def patches(self, name, x, width):
        """A convolution over patches of 2x2 pixels that do not overlap; [n, 1, 8, 8] -> [n, 16, width]."""
        # Pixels are 0 to 16: a sixteenth of the usual deviation.
        weight = self.parameter(f"{name}.weight", (width, 1, 2, 2), 0.5 / 16)
        out = jax.lax.conv_general_dilated(x, weight, (2, 2), "VALID", dimension_numbers=LAYOUT)
        out = out + self.parameter(f"{name}.bias", (width,))[:, None, None]
        return out.reshape(len(x), width, -1).transpose(0, 2, 1)

    def add_parameter(self, name, x, shape):
        return x + self.parameter(name, shape, 0.1)

    def attend(self, query, key, value, heads):
        count, tokens, width = query.shape
        query, key, value = (
            part.reshape(count, tokens, heads, width // heads).transpose(0, 2, 1, 3) for part in (query, key, value)
        )
        scores = query @ key.transpose(0, 1, 3, 2) / (width // heads) ** 0.5
        return (jax.nn.softmax(scores, axis=-1) @ value).transpose(0, 2, 1, 3).reshape(count, tokens, width)

    def max_pool(self, x):
        count, channels, height, width = x.shape
        return x.reshape(count, channels, height // 2, 2, width // 2, 2).max((3, 5))

    def global_mean(self, x, keep=False):
        return x.mean((2, 3), keepdims=keep)

    def token_mean(self, x):
        return x.mean(1)

    def relu(self, x):
        return jnp.maximum(x, 0)

    def gelu(self, x):
        return jax.nn.gelu(x, approximate=False)

    def hard_sigmoid(self, x):
        return jnp.clip(x / 6 + 0.5, 0, 1)

    def hard_swish(self, x):
        return x * self.hard_sigmoid(x)

    def add(self, a, b):
        return a + b

    def multiply(self, a, b):
        return a * b
