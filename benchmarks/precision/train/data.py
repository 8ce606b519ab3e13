# SPDX-License-Identifier: Apache-2.0
"""Data sets of the networks: scikit-learn's digits and seeded clusters, each in three parts that share no sample.

Training data stays here; calibration and test data are committed beside the networks, so that what is measured needs
no Python.
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits, make_classification

SEED = 7
CALIBRATION = 200


class Split(NamedTuple):
    """Inputs as they are fed (the leading axis counts samples) and labels of the three parts."""

    train: tuple
    calibration: tuple
    test: tuple


def digits():
    """uint8 [n, 1, 8, 8] from 0 to 16: 1,000 images to train on, 200 to calibrate, 597 to test.

    Each test image is there three times, moved by -1, 0 and 1 columns: one image is 0.06 points of accuracy then, not
    0.17. Digits leave their first and last column empty more often than not, so the moved ones can still be read.
    """
    data = load_digits()
    images = data.images.astype(np.uint8)[:, None]
    labels = data.target.astype(np.uint8)
    order = np.random.default_rng(SEED).permutation(len(images))
    train, calibration, test = np.split(order, [1000, 1000 + CALIBRATION])
    moved = np.concatenate([shift(images[test], column) for column in (-1, 0, 1)])
    return Split(
        (images[train], labels[train]),
        (images[calibration], labels[calibration]),
        (moved, np.tile(labels[test], 3)),
    )


def shift(images, columns, rows=0):
    """Moves images; zeros come in."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return padded[:, :, 1 - rows : 9 - rows, 1 - columns : 9 - columns]


def shift_randomly(images, rng):
    """Moves each image by -1, 0 or 1 pixels in both directions: the only augmentation."""
    moved = np.empty_like(images)
    for i, (row, column) in enumerate(rng.integers(-1, 2, size=(len(images), 2))):
        moved[i] = shift(images[i : i + 1], column, row)[0]
    return moved


def clusters():
    """float32 [n, 48]: eight classes of three clusters each; 2,000 samples to train on, 200 to calibrate, 1,500 to test.

    Features have the scales that tables have: some are a thousand times larger than others, after which they are
    standardised with the training data's mean and deviation, as anybody would.
    """
    inputs, labels = make_classification(
        n_samples=2000 + CALIBRATION + 1500,
        n_features=48,
        n_informative=28,
        n_redundant=8,
        n_classes=8,
        n_clusters_per_class=3,
        class_sep=1.9,
        flip_y=0.01,
        random_state=SEED,
    )
    mean, deviation = inputs[:2000].mean(axis=0), inputs[:2000].std(axis=0)
    inputs = ((inputs - mean) / deviation).astype(np.float32)
    ends = [2000, 2000 + CALIBRATION]
    return Split(*zip(np.split(inputs, ends), np.split(labels.astype(np.uint8), ends)))
