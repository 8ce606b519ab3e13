# SPDX-License-Identifier: Apache-2.0
"""Results of NumPy (float64) for low rank: what is lost at each rank, and the best product of a rank.

    pip install -r scripts/references/requirements.txt
    python scripts/references/factorize.py

Writes test/references/factorize/factorize.json. Matrices are multiples of powers of two, made by a formula that the test
repeats.
"""

import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).parents[2] / "test" / "references" / "factorize" / "factorize.json"


def made(rows, columns, seed):
    """Numbers from -8 to 8 in steps of 1/64: a linear congruential generator, high bits."""
    state, values = seed, np.empty(rows * columns, np.float64)
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = ((state >> 16) % 1025 - 512) / 64
    return values.reshape(rows, columns)


def digits(array):
    return [float(f"{value:.10g}") for value in np.asarray(array, np.float64).ravel()]


def lost(energies):
    tail = np.concatenate([np.cumsum(energies[::-1])[::-1], [0]])
    return tail / tail[0]


def weighted(outputs, inputs, samples, seed):
    """min |X W^T - X W'^T| over W' of a rank: by the decomposition of what the layer makes, X W^T itself."""
    w, x = made(outputs, inputs, seed), made(samples, inputs, seed + 1)
    _, s, vt = np.linalg.svd(x @ w.T, full_matrices=False)
    rank = min(outputs, inputs) // 2
    product = (vt[:rank].T @ vt[:rank]) @ w
    return {
        "outputs": outputs, "inputs": inputs, "samples": samples, "seed": seed, "rank": rank,
        "lost": digits(lost(s**2)[: min(outputs, inputs) + 1]), "product": digits(product),
    }


def plain(outputs, channels, kernel, seed):
    """Energies of the unfoldings of a kernel: channel, spatial, and both sides of Tucker-2."""
    w = made(outputs, channels * kernel[0] * kernel[1], seed).reshape(outputs, channels, *kernel)
    unfold = {
        "channel": w.reshape(outputs, -1),
        "spatial": w.transpose(0, 3, 1, 2).reshape(outputs * kernel[1], channels * kernel[0]),
        "inner": w.transpose(0, 2, 3, 1).reshape(-1, channels),
    }
    return {
        "outputs": outputs, "channels": channels, "kernel": list(kernel), "seed": seed,
        **{name: digits(lost(np.linalg.svd(m, compute_uv=False) ** 2)) for name, m in unfold.items()},
    }


if __name__ == "__main__":
    OUT.parent.mkdir(parents=True, exist_ok=True)
    cases = {
        "numpy": np.__version__,
        "weighted": [weighted(*sizes) for sizes in [(6, 9, 40, 1), (12, 5, 64, 2), (8, 8, 8, 3), (7, 10, 4, 4)]],
        "plain": [plain(*sizes) for sizes in [(6, 4, (3, 3), 5), (5, 3, (1, 3), 6), (9, 7, (5, 3), 7)]],
    }
    OUT.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
