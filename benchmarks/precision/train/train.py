# SPDX-License-Identifier: Apache-2.0
"""Trains the networks of the precision benchmark and writes them with their data to benchmarks/precision/networks.

    npm run sdk -- --group peers,train-networks
    python3 benchmarks/precision/train/train.py [--only cnn] [--out folder]

Five networks, each as trained and as `<name>-unequal`: the same function with channels whose ranges differ by up to
1,024 times (rescale.py). Beside them: `<data>-calibration.npy`, `<data>-test.npy`, `<data>-labels.npy`, and
`networks.json` with what each network is, its data and its accuracy on the test data in ONNX Runtime.

Everything is seeded. Test data is put aside before training and looked at once, at the end. It takes some minutes.
"""

import argparse
import json
import os
import sys
from pathlib import Path

# One thread, set before anything loads its BLAS: sums are then made in the same order on every run.
os.environ.update(OPENBLAS_NUM_THREADS="1", JAX_PLATFORMS="cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[2] / ".sdk"
sys.path[:0] = [str(HERE), *(str(SDK / name) for name in ("train-networks", "train", "peers"))]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402

import data  # noqa: E402
import networks  # noqa: E402
import rescale  # noqa: E402
from fit import fit  # noqa: E402
from onnx_ops import export  # noqa: E402

NETWORKS = {
    "cnn": dict(about="plain CNN with residuals", data="digits", seed=1, epochs=40, peak_rate=4e-3),
    "separable": dict(about="depth-wise separable, hard-swish", data="digits", seed=2, epochs=60, peak_rate=4e-3),
    "transformer-pre": dict(
        about="transformer, pre-LN, GELU, fused LayerNormalization",
        data="digits",
        seed=3,
        epochs=60,
        peak_rate=2e-3,
        fused_norm=True,
    ),
    "transformer-post": dict(
        about="transformer, post-LN, Relu, LayerNormalization in parts",
        data="digits",
        seed=4,
        epochs=60,
        peak_rate=1.5e-3,
    ),
    "mlp": dict(about="MLP on eight classes of clusters", data="clusters", seed=5, epochs=50, peak_rate=3e-3),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "networks")
    parser.add_argument("--only", choices=NETWORKS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    splits = {"digits": data.digits(), "clusters": data.clusters()}
    for name, split in splits.items():
        np.save(arguments.out / f"{name}-calibration.npy", split.calibration[0])
        np.save(arguments.out / f"{name}-test.npy", split.test[0])
        np.save(arguments.out / f"{name}-labels.npy", split.test[1])
    table = arguments.out / "networks.json"
    entries = json.loads(table.read_text()) if table.exists() else {}
    for name, entry in NETWORKS.items():
        if arguments.only in (None, name):
            entries |= make_network(name, entry, splits[entry["data"]], arguments.out)
            table.write_text(json.dumps(entries, indent=2) + "\n")


def make_network(name, entry, split, out):
    """Trains, exports both variants, checks that they are the same function; returns their entries."""
    network = getattr(networks, name.replace("-", "_"))
    training = {key: entry[key] for key in ("seed", "epochs", "peak_rate")}
    trained = fit(network, split, is_image=entry["data"] == "digits", **training)
    unequal = rescale.Rescaling(trained, entry["seed"])
    getattr(rescale, name.replace("-", "_"))(unequal)
    entries, outputs = {}, {}
    for variant, parameters in ((name, trained), (f"{name}-unequal", unequal.parameters)):
        model = export(
            network,
            parameters,
            name=variant,
            input_dims=split.test[0].shape[1:],
            classes=int(split.test[1].max()) + 1,
            fused_norm=entry.get("fused_norm", False),
        )
        onnx.save(model, out / f"{variant}.onnx")
        outputs[variant] = run(model, split.test[0])
        accuracy = float((outputs[variant].argmax(axis=1) == split.test[1]).mean())
        entries[variant] = dict(about=entry["about"], data=entry["data"], accuracy=round(accuracy, 5))
        print(f"{variant}: accuracy {accuracy:.4f} on {len(split.test[1])} samples", flush=True)
    expected, actual = outputs.values()
    error = np.abs(expected - actual).max() / np.abs(expected).max()
    assert error < 1e-4, f"{name}: rescaling changed the outputs by {error}"
    return entries


def run(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": inputs.astype(np.float32)})[0]


if __name__ == "__main__":
    main()
