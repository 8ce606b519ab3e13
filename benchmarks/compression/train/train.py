# SPDX-License-Identifier: Apache-2.0
"""Trains the networks of the compression benchmark and writes them with their data to benchmarks/compression/networks.

    pip install torch numpy scipy scikit-learn onnx onnxruntime
    python3 benchmarks/compression/train/train.py [--only cnn] [--out folder]

Beside the networks: images and labels of the four parts of the data as .npy, and `networks.json` with what each network
is and its accuracy in ONNX Runtime on the validation and test data. Everything is seeded. Nothing is chosen by the test
data. It takes some minutes.
"""

import argparse
import json
import os
import sys
from pathlib import Path

# One thread, set before anything loads its BLAS: sums are then made in the same order on every run.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

HERE = Path(__file__).resolve().parent
# Data and the writer of ONNX are those of the precision benchmark.
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "precision/train")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnx_ops  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

import fitting  # noqa: E402
import networks  # noqa: E402
import split as splits  # noqa: E402

NETWORKS = {
    "cnn": dict(
        about="CNN with residuals, 32 to 128 channels",
        training=dict(seed=1, epochs=40, peak_rate=3e-3, decay=0.02),
    ),
    "mlp": dict(
        about="MLP, 64-512-512-256-10",
        training=dict(seed=2, epochs=100, peak_rate=3e-3, decay=0.02),
    ),
    "transformer": dict(
        about="transformer, 3 layers of 128, 16 tokens",
        training=dict(seed=3, epochs=80, peak_rate=1e-3, decay=0.05),
    ),
}


class WritingOps(onnx_ops.OnnxOps):
    def dropout(self, x, share):
        return x

    def flatten(self, x):
        return self.node("Flatten", [x], axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "networks")
    parser.add_argument("--only", choices=NETWORKS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    split = splits.digits()
    for part, (images, labels) in split._asdict().items():
        np.save(arguments.out / f"digits-{part}.npy", images)
        np.save(arguments.out / f"digits-{part}-labels.npy", labels)
    table = arguments.out / "networks.json"
    entries = json.loads(table.read_text()) if table.exists() else {}
    for name, entry in NETWORKS.items():
        if arguments.only in (None, name):
            entries[name] = make_network(name, entry, split, arguments.out)
            table.write_text(json.dumps(entries, indent=2) + "\n")


def make_network(name, entry, split, out):
    """Trains, exports; returns the entry of networks.json."""
    network = getattr(networks, name)
    trained = fitting.fit(network, split, **entry["training"])
    model = export(network, trained, name)
    onnx.save(model, out / f"{name}.onnx")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    accuracy = {part: accuracy_of(session, *getattr(split, part)) for part in ("validation", "test")}
    print(f"{name}: {accuracy}", flush=True)
    return dict(about=entry["about"], data="digits", accuracy=accuracy["test"], validation=accuracy["validation"])


def export(network, parameters, name):
    # `export` makes its operators by this name; those of here know dropout and Flatten as well.
    onnx_ops.OnnxOps = WritingOps
    model = onnx_ops.export(network, parameters, name=name, input_dims=(1, 8, 8), classes=10, fused_norm=True)
    model.producer_name = "tensorrt-node benchmarks/compression"
    return model


def accuracy_of(session, images, labels):
    logits = session.run(None, {"input": images.astype(np.float32)})[0]
    return round(float((logits.argmax(axis=1) == labels).mean()), 5)


if __name__ == "__main__":
    main()
