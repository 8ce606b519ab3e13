# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's digits in four parts that share no image, in another order than the precision benchmark's.

Images of the last three parts are moved by -1, 0 or 1 columns: each calibration image by one of them, drawn at random,
those of validation and test by all three, so that one image is a third of what it would weigh.
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits

from data import shift

SEED = 41
TRAIN, CALIBRATION, VALIDATION = 1100, 200, 150


class Split(NamedTuple):
    """Images (uint8 [n, 1, 8, 8] from 0 to 16) and labels of the parts; `test` is what is left."""

    train: tuple
    calibration: tuple
    validation: tuple
    test: tuple


def digits():
    loaded = load_digits()
    images, labels = loaded.images.astype(np.uint8)[:, None], loaded.target.astype(np.uint8)
    rng = np.random.default_rng(SEED)
    ends = np.cumsum([TRAIN, CALIBRATION, VALIDATION])
    train, calibration, validation, test = np.split(rng.permutation(len(images)), ends)
    moved = np.concatenate([shift(images[i : i + 1], rng.integers(-1, 2)) for i in calibration])
    return Split(
        (images[train], labels[train]),
        (moved, labels[calibration]),
        *(thrice(images[part], labels[part]) for part in (validation, test)),
    )


def thrice(images, labels):
    return np.concatenate([shift(images, column) for column in (-1, 0, 1)]), np.tile(labels, 3)
