# SPDX-License-Identifier: Apache-2.0
"""Training data of the networks of benchmarks/precision, for what trains without Python.

    pip install numpy scikit-learn
    python benchmarks/compression/data/make.py

They are the samples that the networks were trained on: none of them is among those of calibration and test.
"""

import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "precision" / "train"))
import data  # noqa: E402

if __name__ == "__main__":
    for name, split in (("digits", data.digits()), ("clusters", data.clusters())):
        images, labels = split.train
        known = {sample.tobytes() for part in (split.calibration, split.test) for sample in part[0]}
        assert not any(sample.tobytes() in known for sample in images)
        np.save(HERE / f"{name}-train.npy", images)
        np.save(HERE / f"{name}-train-labels.npy", labels)
        print(name, images.dtype, images.shape, np.bincount(labels))
