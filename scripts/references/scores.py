# SPDX-License-Identifier: Apache-2.0
"""Results of NumPy (float64) and SciPy for the operators on scores, from which the tests get their references.

    pip install -r scripts/references/requirements.txt
    python scripts/references/scores.py

Writes test/references/scores/scores.json. Inputs are multiples of powers of two, made by a formula that the test
repeats, so that they are the same numbers everywhere and need not be stored.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
import scipy.special

OUT = pathlib.Path(__file__).parents[2] / "test" / "references" / "scores" / "scores.json"


def made(count, seed):
    """Numbers from -8 to 8 in steps of 1/64: a linear congruential generator, high bits."""
    state, values = seed, np.empty(count, np.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = ((state >> 16) % 1025 - 512) / 64
    return values


def best(x, k):
    """Largest first, of equal ones the lower index first: a stable sort of the negated numbers."""
    indices = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, indices, -1), indices


def digits(array):
    return [float(f"{value:.10g}") for value in np.asarray(array, np.float64).ravel()]


def row_cases():
    for index, (rows, columns, k, temperature) in enumerate(
        [(1, 1, 1, 1.0), (4, 3, 2, 0.5), (2, 7, 7, 2.0), (3, 33, 5, 1.0), (2, 257, 17, 4.0), (1, 1100, 100, 1.0)]
    ):
        x = made(rows * columns, index + 1).reshape(rows, columns)
        probabilities = scipy.special.softmax(x / temperature, axis=-1)
        values, indices = best(x, k)
        yield {
            "dims": [rows, columns],
            "seed": index + 1,
            "k": k,
            "temperature": temperature,
            "softmax": digits(probabilities),
            "logSoftmax": digits(scipy.special.log_softmax(x / temperature, axis=-1)),
            "sigmoid": digits(scipy.special.expit(x)),
            "l2Normalize": digits(x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)),
            "argMax": np.argmax(x, -1).tolist(),
            "values": digits(values),
            "indices": indices.ravel().tolist(),
            "probabilities": digits(np.take_along_axis(probabilities, indices, -1)),
        }


def pool_cases():
    for index, (rows, tokens, columns) in enumerate([(1, 1, 1), (3, 5, 7), (2, 16, 40)]):
        x = made(rows * tokens * columns, 20 + index).reshape(rows, tokens, columns)
        mask = (made(rows * tokens, 30 + index) > 0).astype(np.float64).reshape(rows, tokens)
        mask[-1] = 0 if rows > 1 else mask[-1]
        weights = mask.sum(1, keepdims=True)
        mean = np.einsum("rtc,rt->rc", x, mask) / np.where(weights == 0, 1, weights)
        yield {
            "dims": [rows, tokens, columns],
            "seed": 20 + index,
            "mask": mask.astype(int).ravel().tolist(),
            "masked": digits(mean),
            "unmasked": digits(x.mean(1)),
        }


def cosine_cases():
    for index, (queries, count, size) in enumerate([(1, 1, 1), (2, 9, 5), (3, 20, 384), (1, 4, 1500)]):
        q = made(queries * size, 40 + index).reshape(queries, size)
        v = made(count * size, 50 + index).reshape(count, size)
        norms = np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(v, axis=1)[None]
        yield {
            "dims": [queries, count, size],
            "seeds": [40 + index, 50 + index],
            "cosines": digits(q @ v.T / np.maximum(norms, 1e-16)),
        }


def main():
    content = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "rows": list(row_cases()),
        "pools": list(pool_cases()),
        "cosines": list(cosine_cases()),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


main()
