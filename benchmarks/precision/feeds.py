# SPDX-License-Identifier: Apache-2.0
"""Data of the networks as they are fed: a dictionary of arrays whose leading axis counts samples."""

from pathlib import Path

import numpy as np

NETWORKS = Path(__file__).resolve().parent / "networks"
# Samples of one run, for all tools. It divides what there is: the histograms of onnxruntime fail on a shorter last run.
BATCH = 8


def load_feeds(data, part, folder=NETWORKS):
    """`data` is `digits`, `clusters` or `sentence`; `part` is `calibration` or `test`."""
    values = np.load(Path(folder) / f"{data}-{part}.npy")
    if data == "sentence":
        return {"input_ids": values, "attention_mask": (values != 0).astype(np.int64)}
    return {"input": values.astype(np.float32)}


def batches(feeds, size=BATCH):
    count = len(next(iter(feeds.values())))
    for start in range(0, count, size):
        yield {name: values[start : start + size] for name, values in feeds.items()}
