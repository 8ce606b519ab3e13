# SPDX-License-Identifier: Apache-2.0
"""Training with JAX: cross-entropy, Adam with decoupled weight decay, a rate that warms up and falls along a cosine."""

import jax
import jax.numpy as jnp
import numpy as np

from data import shift_randomly
from jax_ops import JaxOps

BATCH = 64
DECAY = 2e-3
SMOOTHING = 0.05


def fit(network, split, *, epochs, peak_rate, seed, is_image):
    """Returns the parameters with the statistics of batch normalisation among them."""
    rng = np.random.default_rng(seed)
    inputs, labels = split.train
    parameters = {}
    network(JaxOps(parameters, rng, {}), jnp.asarray(inputs[:2], jnp.float32))
    step_of = make_step(network, steps=epochs * (len(inputs) // BATCH), peak_rate=peak_rate)
    state = (parameters, zeros_like(parameters), zeros_like(parameters))
    step = 0
    for _ in range(epochs):
        shown = shift_randomly(inputs, rng) if is_image else inputs
        order = rng.permutation(len(inputs))
        for start in range(0, len(inputs) - BATCH + 1, BATCH):
            picked = order[start : start + BATCH]
            step += 1
            state = step_of(state, step, jnp.asarray(shown[picked], jnp.float32), jnp.asarray(labels[picked]))
    # Statistics of all training data at once: exact, and no averages to keep while training.
    shown = np.concatenate([inputs, shift_randomly(inputs, rng)]) if is_image else inputs
    statistics = {}
    network(JaxOps(state[0], statistics=statistics), jnp.asarray(shown, jnp.float32))
    return {name: np.asarray(value, np.float32) for name, value in {**state[0], **statistics}.items()}


def make_step(network, *, steps, peak_rate):
    def loss(parameters, inputs, labels):
        log_probabilities = jax.nn.log_softmax(network(JaxOps(parameters, statistics={}), inputs))
        right = jnp.take_along_axis(log_probabilities, labels[:, None].astype(jnp.int32), axis=1)
        return -((1 - SMOOTHING) * right.mean() + SMOOTHING * log_probabilities.mean())

    @jax.jit
    def step_of(state, step, inputs, labels):
        parameters, first, second = state
        gradients = jax.grad(loss)(parameters, inputs, labels)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        rate = peak_rate * jnp.minimum(1, step / 50) * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))

        def update(name):
            change = (first[name] / (1 - 0.9**step)) / (jnp.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            decay = DECAY * parameters[name] if name.endswith("weight") else 0
            return parameters[name] - rate * (change + decay)

        return {name: update(name) for name in parameters}, first, second

    return step_of


def zeros_like(parameters):
    return {name: jnp.zeros_like(value) for name, value in parameters.items()}
