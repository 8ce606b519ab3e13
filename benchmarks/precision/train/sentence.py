# SPDX-License-Identifier: Apache-2.0
"""A seeded sentence-embedding transformer of the size of the small ones in use, with seeded sentences for it.

    python3 benchmarks/precision/train/sentence.py <folder>

Six layers, width 384, 12 heads, 1,536 in between, normalised after each addition (LayerNormalization in parts, as
exporters wrote them for years), GELU by Erf, mean over the tokens that are there, length 1. Too large to commit and
made in seconds; its weights are random, with what makes trained ones hard to quantise:

- normalisations have a few channels with a gamma eight times that of the others, which the next weights make up for;
- the residual stream has channels with a large constant;
- sentences are padded, and words are as unevenly frequent as in a language.

Outputs of such a network are mostly what all sentences share. That part is subtracted in the last normalisation, so the
cosine between different sentences is about 0 and an error shows in full.

Writes sentence.onnx and, int64 [n, 32] with 0 for padding, sentence-calibration.npy (64) and sentence-test.npy (200).
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SDK = Path(__file__).resolve().parents[3] / ".sdk"
sys.path[:0] = [str(SDK / "peers")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

SEED = 11
LAYERS, WIDTH, HEADS, INNER, WORDS, LENGTH = 6, 384, 12, 1536, 4096, 32
OUTLIER_GAMMA = 8.0
# Channels that are larger between a layer's two halves, between layers, and by a constant.
WITHIN, AFTER, CONSTANT = slice(0, 6), slice(6, 12), slice(12, 14)
TOPICS, TOPIC_WORDS = 40, 60


def sentences(rng, count):
    """Half of the words from one of 40 topics, half from all; frequencies fall as in a language. 0 is padding."""
    frequency = 1 / np.arange(1, WORDS)
    frequency /= frequency.sum()
    topics = np.random.default_rng(SEED).integers(200, WORDS, size=(TOPICS, TOPIC_WORDS))
    ids = np.zeros((count, LENGTH), np.int64)
    for row in ids:
        length = rng.integers(5, LENGTH + 1)
        common = rng.choice(np.arange(1, WORDS), size=length, p=frequency)
        row[:length] = np.where(rng.random(length) < 0.5, common, rng.choice(topics[rng.integers(TOPICS)], size=length))
    return ids


class Graph:
    """Nodes and initializers, named after their outputs."""

    def __init__(self, rng):
        self.rng, self.nodes, self.initializers = rng, [], []

    def node(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name, value):
        if all(known.name != name for known in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def linear(self, name, x, inner, outer, *, rows=None, gain=1.0, bias=None):
        weight = self.rng.standard_normal((inner, outer)).astype(np.float32) * np.float32(gain / inner**0.5)
        if rows is not None:
            weight /= rows[:, None]
        if bias is None:
            bias = self.rng.standard_normal(outer) * 0.05
        product = self.node("MatMul", [x, self.constant(f"{name}.weight", weight)], f"{name}.matmul")
        return self.node("Add", [product, self.constant(f"{name}.bias", bias.astype(np.float32))], name)

    def norm(self, name, x, gamma, beta):
        centred = self.node("Sub", [x, self.node("ReduceMean", [x], f"{name}.mean", axes=[-1])], f"{name}.centred")
        square = self.node("Pow", [centred, self.constant("two", np.float32(2))], f"{name}.square")
        variance = self.node("ReduceMean", [square], f"{name}.variance", axes=[-1])
        shifted = self.node("Add", [variance, self.constant("epsilon", np.float32(1e-12))], f"{name}.shifted")
        scaled = self.node("Div", [centred, self.node("Sqrt", [shifted], f"{name}.deviation")], f"{name}.scaled")
        wide = self.node("Mul", [scaled, self.constant(f"{name}.gamma", gamma)], f"{name}.wide")
        return self.node("Add", [wide, self.constant(f"{name}.beta", beta)], name)

    def split(self, name, x, perm):
        dims = self.constant("heads", np.array([0, 0, HEADS, WIDTH // HEADS], np.int64))
        return self.node("Transpose", [self.node("Reshape", [x, dims], f"{name}.heads")], f"{name}.turned", perm=perm)


def make_model(rng, shared=None):
    """With `shared`, what all sentences share is subtracted and the output has length 1."""
    g = Graph(rng)
    table = g.constant("words", rng.standard_normal((WORDS, WIDTH)).astype(np.float32))
    places = g.constant("places", (rng.standard_normal((LENGTH, WIDTH)) * 0.3).astype(np.float32))
    known = g.node("Cast", ["attention_mask"], "known", to=TensorProto.FLOAT)
    x = g.node("Add", [g.node("Gather", [table, "input_ids"], "embedded"), placed(g, places)], "placed")
    rows = gammas(rng, large=AFTER)
    x = g.norm("norm", x, rows, betas(rng))
    masked = g.node("Mul", [g.node("Sub", [g.constant("one", np.float32(1)), known], "gone"), lowest(g)], "masked")
    mask = g.node("Unsqueeze", [masked, g.constant("mask_axes", np.array([1, 2], np.int64))], "mask")
    for layer in range(LAYERS):
        x, rows = transformer_layer(g, f"layer{layer}", x, mask, rows)
    tokens = g.node("Unsqueeze", [known, g.constant("token_axis", np.array([2], np.int64))], "tokens")
    summed = g.node("ReduceSum", [g.node("Mul", [x, tokens], "there"), axis(g)], "summed", keepdims=0)
    pooled = g.node("Div", [summed, g.node("ReduceSum", [tokens, axis(g)], "count", keepdims=0)], "pooled")
    if shared is not None:
        last = next(one for one in g.initializers if one.name == f"layer{LAYERS - 1}.norm2.beta")
        last.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(last) - shared, last.name))
        length = g.node("ReduceL2", [pooled], "length", axes=[1])
        pooled = g.node("Div", [pooled, length], "embedding")
    return finish(g, pooled)


def placed(g, places):
    """The first rows of the table of places, as many as there are tokens."""
    dims = g.node("Shape", ["input_ids"], "dims", start=1, end=2)
    zero = g.constant("zero", np.array([0], np.int64))
    return g.node("Slice", [places, zero, dims, zero], "place")


def lowest(g):
    return g.constant("lowest", np.float32(-10000))


def axis(g):
    return g.constant("axis", np.array([1], np.int64))


def gammas(rng, large=None, small=None):
    """Channels that are `large` in one normalisation are `small` in the next, or they would drown the others."""
    gamma = rng.uniform(0.6, 1.2, WIDTH)
    if large is not None:
        gamma[large] *= OUTLIER_GAMMA
    if small is not None:
        gamma[small] /= OUTLIER_GAMMA
    return gamma.astype(np.float32)


def betas(rng):
    return (rng.standard_normal(WIDTH) * 0.1).astype(np.float32)


def transformer_layer(g, name, x, mask, rows):
    query, key, value = (g.linear(f"{name}.{part}", x, WIDTH, WIDTH, rows=rows) for part in ("query", "key", "value"))
    query = g.split(f"{name}.query", query, [0, 2, 1, 3])
    key = g.split(f"{name}.key", key, [0, 2, 3, 1])
    value = g.split(f"{name}.value", value, [0, 2, 1, 3])
    root = g.constant("root", np.float32((WIDTH // HEADS) ** 0.5))
    scores = g.node("Div", [g.node("MatMul", [query, key], f"{name}.product"), root], f"{name}.scores")
    weights = g.node("Softmax", [g.node("Add", [scores, mask], f"{name}.seen")], f"{name}.weights", axis=-1)
    mixed = g.node("Transpose", [g.node("MatMul", [weights, value], f"{name}.mixed")], f"{name}.back", perm=[0, 2, 1, 3])
    joined = g.node("Reshape", [mixed, g.constant("joined", np.array([0, 0, WIDTH], np.int64))], f"{name}.joined")
    out = g.linear(f"{name}.out", joined, WIDTH, WIDTH, gain=1.5)
    gamma = gammas(g.rng, large=WITHIN, small=AFTER)
    x = g.norm(f"{name}.norm1", g.node("Add", [out, x], f"{name}.sum1"), gamma, betas(g.rng))
    up = g.linear(f"{name}.up", x, WIDTH, INNER, rows=gamma)
    error = g.node("Erf", [g.node("Div", [up, g.constant("root2", np.float32(2**0.5))], f"{name}.part")], f"{name}.erf")
    half = g.node("Mul", [up, g.node("Add", [error, "one"], f"{name}.gate")], f"{name}.twice")
    active = g.node("Mul", [half, g.constant("half", np.float32(0.5))], f"{name}.gelu")
    large = g.rng.standard_normal(WIDTH) * 0.05
    large[CONSTANT] = (9.0, -7.0)
    down = g.linear(f"{name}.down", active, INNER, WIDTH, gain=1.5, bias=large)
    gamma = gammas(g.rng, large=None if name == f"layer{LAYERS - 1}" else AFTER, small=WITHIN)
    return g.norm(f"{name}.norm2", g.node("Add", [down, x], f"{name}.sum2"), gamma, betas(g.rng)), gamma


def finish(g, output):
    ids = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"]) for n in ("input_ids", "attention_mask")]
    made = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", WIDTH])
    graph = helper.make_graph(g.nodes, "sentence", ids, [made], g.initializers)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="tensorrt-node benchmarks/precision")
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, ids):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)})[0]


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED + 1)
    first, calibration, test = (sentences(rng, count) for count in (100, 64, 200))
    shared = run(make_model(np.random.default_rng(SEED)), first).mean(axis=0)
    model = make_model(np.random.default_rng(SEED), shared)
    onnx.save(model, out / "sentence.onnx")
    np.save(out / "sentence-calibration.npy", calibration)
    np.save(out / "sentence-test.npy", test)
    outputs = run(model, test)
    between = outputs @ outputs.T
    apart = np.abs(between[~np.eye(len(test), dtype=bool)])
    # The cosine between two different sentences, as JSON.
    print(json.dumps(dict(mean=round(float(apart.mean()), 3), largest=round(float(apart.max()), 3))))


if __name__ == "__main__":
    main()
