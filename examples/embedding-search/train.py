# SPDX-License-Identifier: Apache-2.0
"""Trains a network that gives parts of photos a vector by which they are found again, and writes it beside this file.

    python train.py                  # photo-parts.onnx, photos/*.jpg
    python train.py --out /some/dir  # elsewhere

Needs scripts/train-examples/requirements.txt. Two spoilt copies of one place are to be more alike than copies of different
places (SimCLR, Chen et al., 2020). It is trained on eight photos and tested on two others.
"""

import argparse
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts/train-examples"))
import photos  # noqa: E402
import small_network  # noqa: E402

SEED = 3
SIZE, DIMENSIONS, PAIRS, TEMPERATURE = 64, 48, 32, 0.1
TRAIN = "astronaut.png brick.png chelsea.png coffee.png gravel.png motorcycle_left.png rocket.jpg grass.png".split()
TEST = ["china.jpg", "flower.jpg"]
TILE = 71


def two_copies(photo, rng):
    """The same place twice, a little moved, turned and spoilt."""
    side = rng.uniform(60, 110)
    left, top = (rng.uniform(0, length - side) for length in photo.size)
    margin = 0.1 * side
    box = (left - margin, top - margin, left + side + margin, top + side + margin)
    around = photo.crop([round(max(0, edge)) for edge in box[:2]] + [round(edge) for edge in box[2:]])
    copies = (photos.random_part(around, SIZE, rng, sides=(0.95 * side, 1.15 * side), turn=12) for _ in range(2))
    return [photos.as_input(photos.spoil(copy, rng, tint=0.2, gray=0.1)) for copy in copies]


def network(layers, x):
    """[n, 64, 64, 3] -> [n, 48]"""
    x = layers.relu(layers.conv("stem", x, 16, stride=2))
    x = layers.relu(layers.conv("second", x, 24, stride=2))
    x = layers.relu(layers.conv("third", x, 32, stride=2))
    x = layers.relu(layers.conv("fourth", x, 48, stride=2))
    x = layers.relu(layers.conv("fifth", x, 64, stride=2))
    # One number of the vector sees the whole square: where something is counts.
    return layers.linear("fc", layers.flatten(x), DIMENSIONS)


def contrast(vectors, _):
    """Rows 2 i and 2 i + 1 are of one place."""
    vectors = vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T / TEMPERATURE - 1e9 * jnp.eye(len(vectors))
    partner = jnp.arange(len(vectors)) ^ 1
    return -jnp.take_along_axis(jax.nn.log_softmax(alike), partner[:, None], axis=1).mean()


def tiles(photo):
    columns, rows = photo.size[0] // TILE, photo.size[1] // TILE
    boxes = [(c * TILE, r * TILE, (c + 1) * TILE, (r + 1) * TILE) for r in range(rows) for c in range(columns)]
    return [photo.crop(box).resize((SIZE, SIZE)) for box in boxes]


def recall(embed, photo, rng, copies=4):
    """How often the nearest tile of the photo is the one of which a spoilt copy was made."""
    inside = tiles(photo)
    known = embed(np.stack([photos.as_input(tile) for tile in inside]))
    spoilt = [
        photos.as_input(photos.spoil(photos.random_part(tile, SIZE, rng, sides=(54, 64), turn=8), rng))
        for tile in inside
        for _ in range(copies)
    ]
    found = embed(np.stack(spoilt))
    cosines = (found / np.linalg.norm(found, axis=1)[:, None]) @ (known / np.linalg.norm(known, axis=1)[:, None]).T
    order = np.argsort(-cosines, axis=1)
    right = np.repeat(np.arange(len(inside)), copies)
    return (order[:, 0] == right).mean(), (order[:, :5] == right[:, None]).any(1).mean(), len(right), len(inside)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    pairs = [two_copies(photos.load(name), rng) for name in TRAIN for _ in range(250)]
    pairs = np.stack(pairs)
    print(f"{len(pairs)} pairs", flush=True)

    def batch_of(rng):
        picked = pairs[rng.choice(len(pairs), PAIRS, replace=False)]
        return picked.reshape(-1, SIZE, SIZE, 3), ()

    parameters = small_network.fit(network, batch_of=batch_of, loss=contrast, steps=400, peak_rate=2e-3, seed=SEED)
    embed = small_network.predictor(network, parameters)
    for name in TEST:
        first, five, count, known = recall(embed, photos.load(name), np.random.default_rng(SEED))
        print(f"{name}: of {count} spoilt copies of its {known} tiles {first:.4f} found first, {five:.4f} among five")
    (out / "photos").mkdir(parents=True, exist_ok=True)
    dims = ("images", [3, SIZE, SIZE]), ("embedding", [DIMENSIONS])
    small_network.export(network, parameters, path=out / "photo-parts.onnx", input=dims[0], output=dims[1])
    photos.load(TEST[0]).save(out / "photos" / "pagoda.jpg", quality=80)


if __name__ == "__main__":
    main()
