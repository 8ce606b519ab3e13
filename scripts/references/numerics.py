# SPDX-License-Identifier: Apache-2.0
"""Results of NumPy, SciPy and scikit-learn for the numerics of compression, from which the tests get their references.

    pip install -r scripts/references/requirements.txt
    python scripts/references/numerics.py

Writes test/references/numerics/numerics.json. Inputs are multiples of powers of two, made by a formula that the test
repeats, so that they are the same numbers everywhere and need not be stored.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
import scipy.linalg
import sklearn
import sklearn.cluster

OUT = pathlib.Path(__file__).parents[2] / "test" / "references" / "numerics" / "numerics.json"


def made(count, seed):
    """Numbers from -8 to 8 in steps of 1/64: a linear congruential generator, high bits."""
    state, values = seed, np.empty(count, np.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = ((state >> 16) % 1025 - 512) / 64
    return values


def digits(array):
    return [float(f"{value:.14g}") for value in np.asarray(array, np.float64).ravel()]


def singular_cases():
    for index, (rows, columns) in enumerate([(1, 1), (1, 5), (6, 1), (4, 4), (9, 5), (5, 9), (17, 16), (40, 33)]):
        a = made(rows * columns, index + 1).reshape(rows, columns)
        yield {"dims": [rows, columns], "seed": index + 1, "s": digits(np.linalg.svd(a, compute_uv=False))}


def triangular_cases():
    for index, (size, columns) in enumerate([(1, 1), (2, 3), (5, 1), (12, 4)]):
        x = made(3 * size * size, 20 + index).reshape(3 * size, size)
        b = made(size * columns, 30 + index).reshape(size, columns)
        gram = x.T @ x
        lower = np.linalg.cholesky(gram)
        yield {
            "size": size,
            "columns": columns,
            "seeds": [20 + index, 30 + index],
            "gram": digits(gram),
            "cholesky": digits(lower),
            "forward": digits(scipy.linalg.solve_triangular(lower, b, lower=True)),
            "backward": digits(scipy.linalg.solve_triangular(lower, b, lower=True, trans=1)),
        }


def cluster_cases():
    for index, (count, clusters, weighted) in enumerate(
        [(40, 3, False), (300, 8, False), (300, 8, True), (1000, 16, False), (1000, 5, True)]
    ):
        values = made(count, 40 + index)
        weights = np.abs(made(count, 50 + index)) + 1 / 64 if weighted else None
        model = sklearn.cluster.KMeans(clusters, n_init=200, max_iter=1000, tol=0, random_state=0)
        model.fit(values[:, None], sample_weight=weights)
        yield {
            "count": count,
            "clusters": clusters,
            "seed": 40 + index,
            "weightSeed": 50 + index if weighted else None,
            "centers": digits(np.sort(model.cluster_centers_[:, 0])),
            "error": float(model.inertia_),
        }


def main():
    content = {
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "singularValues": list(singular_cases()),
        "triangular": list(triangular_cases()),
        "clusters": list(cluster_cases()),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


main()
