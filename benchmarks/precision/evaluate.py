# SPDX-License-Identifier: Apache-2.0
"""Scores models of all tools alike: the same CPU runtime, the same test data, the same way to count.

    python3 evaluate.py <data> <folder of the data> <reference.onnx> <model.onnx>…

Prints one JSON list, the reference first: `{path, accuracy, sqnrDb, cosine, quantized, nodes}`; `error` where a model
does not load. `quantized` counts weighted operators that read both their input and their constant weight
through DequantizeLinear; products of two activations do not count. The runtime computes Q/DQ as written (`session.disable_quant_qdq`): its own INT8 kernels round
differently from machine to machine, and TensorRT's are others again.
"""

import json
import sys
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / ".sdk"
sys.path[:0] = [str(SDK / "peers")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402

from feeds import load_feeds  # noqa: E402

WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
# What stands between a DequantizeLinear and its reader without changing the values.
PASSES_ON = {"Cast", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Identity", "MaxPool"}


def run(path, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)[0].astype(np.float64)


def count_quantized(path):
    graph = onnx.load(path).graph
    producers = {output: node for node in graph.node for output in node.output}
    constants = {tensor.name for tensor in graph.initializer}

    def dequantize_of(name):
        node = producers.get(name)
        while node is not None and node.op_type in PASSES_ON:
            node = producers.get(node.input[0])
        return node if node is not None and node.op_type == "DequantizeLinear" else None

    def is_constant(name):
        node = producers.get(name)
        return name in constants or (node is not None and node.op_type == "QuantizeLinear" and node.input[0] in constants)

    def is_quantized(node):
        activation, weight = map(dequantize_of, node.input[:2])
        return activation is not None and weight is not None and is_constant(weight.input[0])

    return sum(node.op_type in WEIGHTED and is_quantized(node) for node in graph.node)


def score(expected, actual, labels):
    noise = float(((actual - expected) ** 2).sum())
    signal = float((expected**2).sum())
    product = (expected * actual).sum(axis=1)
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(actual, axis=1)
    return dict(
        accuracy=None if labels is None else float((actual.argmax(axis=1) == labels).mean()),
        sqnrDb=None if noise == 0 else 10 * float(np.log10(signal / noise)),
        cosine=float((product / lengths).mean()),
    )


def main():
    data, folder, reference, *models = sys.argv[1:]
    feeds = load_feeds(data, "test", folder)
    labels_file = Path(folder) / f"{data}-labels.npy"
    labels = np.load(labels_file) if labels_file.exists() else None
    expected = run(reference, feeds)
    results = []
    for path in [reference, *models]:
        try:
            scores = score(expected, run(path, feeds), labels)
            results.append(dict(path=path, **scores, quantized=count_quantized(path)))
        except Exception as error:
            results.append(dict(path=path, error=str(error).splitlines()[0]))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
