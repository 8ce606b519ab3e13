# SPDX-License-Identifier: Apache-2.0
"""NumPy's side of numerics.mjs: reads the name of a case per line, answers with the seconds of one call of it."""

import json
import sys
import time

try:
    import numpy as np
except ImportError as error:
    sys.exit(f"{error}: npm run sdk -- --group peers, or pass a python that has numpy as --python")

size, samples = int(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(1)
matrix = random.standard_normal((size, size))
x = random.standard_normal((samples, size)).astype(np.float32)
gram = np.zeros((size, size))
definite = matrix @ matrix.T + np.eye(size)


def add_gram():
    global gram
    doubles = x.astype(np.float64)
    gram += doubles.T @ doubles


CASES = {
    "svd": lambda: np.linalg.svd(matrix, full_matrices=False),
    "gram": add_gram,
    "cholesky": lambda: np.linalg.cholesky(definite),
    "multiply": lambda: matrix @ matrix,
}

print(json.dumps({"version": np.__version__}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    CASES[line.strip()]()
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
