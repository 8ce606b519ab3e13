# SPDX-License-Identifier: Apache-2.0
"""Training with PyTorch: cross-entropy with smoothed labels, AdamW, a rate that warms up and falls along a cosine, images
that are slightly turned and moved."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import rotate

from data import shift_randomly
from torch_ops import TorchOps

BATCH = 64
SMOOTHING = 0.05
WARM_UP = 50
MOST_DEGREES = 12


def fit(network, split, *, epochs, peak_rate, decay, seed):
    """Returns the parameters with the statistics of batch normalisation among them."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    images, labels = split.train
    parameters = {}
    network(TorchOps(parameters, rng=rng, statistics={}), torch.tensor(images[:2], dtype=torch.float32))
    decayed = [value for name, value in parameters.items() if name.endswith("weight")]
    others = [value for name, value in parameters.items() if not name.endswith("weight")]
    groups = [dict(params=decayed, weight_decay=decay), dict(params=others, weight_decay=0)]
    optimizer = torch.optim.AdamW(groups, lr=peak_rate)
    steps = epochs * (len(images) // BATCH)

    def rate_at(step):
        return min(1, (step + 1) / WARM_UP) * 0.5 * (1 + np.cos(np.pi * step / steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
    for _ in range(epochs):
        shown = augment(images, rng)
        order = rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            picked = order[start : start + BATCH]
            ops = TorchOps(parameters, training=True, statistics={})
            logits = network(ops, torch.tensor(shown[picked]))
            loss = F.cross_entropy(logits, torch.tensor(labels[picked]).long(), label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
            optimizer.step()
            schedule.step()
    # Statistics of all training data at once: exact, and no averages to keep while training.
    statistics = {}
    shown = np.concatenate([images, augment(images, rng)]).astype(np.float32)
    with torch.no_grad():
        network(TorchOps(parameters, statistics=statistics), torch.tensor(shown))
    return {name: value.detach().numpy() for name, value in {**parameters, **statistics}.items()}


def augment(images, rng):
    """Each image turned by up to 12 degrees and moved by up to a pixel."""
    angles = rng.uniform(-MOST_DEGREES, MOST_DEGREES, len(images))
    pairs = zip(images.astype(np.float32), angles)
    turned = [rotate(image[0], angle, reshape=False, order=1) for image, angle in pairs]
    return shift_randomly(np.stack(turned)[:, None], rng)
