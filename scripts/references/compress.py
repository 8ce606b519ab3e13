# SPDX-License-Identifier: Apache-2.0
"""Least squares on supports and batch statistics by NumPy, for test/unit/compress/reconstruct.test.ts.

    python scripts/references/compress.py

writes test/references/compress/least-squares.json.
"""

import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "test" / "references" / "compress"


def case(rng, samples, inputs, outputs, damping, centred, keep):
    mixing = rng.normal(size=(inputs, inputs)) / np.sqrt(inputs)
    x = (rng.normal(size=(samples, inputs)) @ mixing + 0.3).astype(np.float32)
    w = rng.normal(size=(outputs, inputs)).astype(np.float32)
    y = (x @ w.T + 0.1 * rng.normal(size=(samples, outputs)) + 1.5).astype(np.float32)
    support = (rng.random(size=(outputs, inputs)) < keep).astype(int)
    support[0] = 1
    xs, ys = x.astype(np.float64), y.astype(np.float64)
    if centred:
        xs, ys = xs - xs.mean(0), ys - ys.mean(0)
    lam = damping * np.mean(np.sum(xs * xs, 0))
    solved = np.zeros((outputs, inputs))
    for row in range(outputs):
        columns = np.flatnonzero(support[row])
        # The term that holds weights where they were, as samples of its own.
        a = np.vstack([xs[:, columns], np.sqrt(lam) * np.eye(len(columns))])
        b = np.concatenate([ys[:, row], np.sqrt(lam) * w[row, columns].astype(np.float64)])
        solved[row, columns] = np.linalg.lstsq(a, b, rcond=None)[0]
    error = np.sum((xs @ solved.T - ys) ** 2) / np.sum(ys**2)
    bias = y.astype(np.float64).mean(0) - solved @ x.astype(np.float64).mean(0)
    return {
        "samples": samples,
        "inputs": inputs,
        "outputs": outputs,
        "damping": damping,
        "centred": centred,
        "x": x.ravel().tolist(),
        "w": w.ravel().tolist(),
        "y": y.ravel().tolist(),
        "support": support.ravel().tolist(),
        "solved": solved.ravel().tolist(),
        "error": float(error),
        "bias": bias.tolist(),
    }


def main():
    rng = np.random.default_rng(0)
    cases = [
        case(rng, 40, 6, 3, 0.01, False, 0.5),
        case(rng, 40, 6, 3, 0.01, True, 0.5),
        case(rng, 5, 9, 4, 0.1, True, 0.6),
        case(rng, 60, 17, 5, 1.0, False, 0.4),
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"numpy": np.__version__, "cases": cases}, separators=(",", ":"))
    (OUT / "least-squares.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
