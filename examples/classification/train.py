# SPDX-License-Identifier: Apache-2.0
"""Trains a network that names the surface in a photo, and writes it and the photos of the demo beside this file.

    python train.py                  # surfaces.onnx, photos/*.jpg
    python train.py --out /some/dir  # elsewhere

Needs scripts/train-examples/requirements.txt. Each surface is known from one photo: one part of it to train, another one,
which shares no pixel with it, to test.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts/train-examples"))
import photos  # noqa: E402
import small_network  # noqa: E402

SEED = 7
SIZE = 64
# Photo, box to train, box to test: left, top, right, bottom.
SURFACES = {
    "brick": ("brick.png", (0, 0, 304, 512), (312, 0, 512, 512)),
    "grass": ("grass.png", (0, 0, 304, 512), (312, 0, 512, 512)),
    "gravel": ("gravel.png", (0, 0, 304, 512), (312, 0, 512, 512)),
    "leaves": ("china.jpg", (490, 280, 640, 427), (350, 335, 482, 427)),
    "petals": ("flower.jpg", (190, 92, 352, 212), (190, 236, 352, 340)),
    "wood": ("coffee.png", (505, 110, 600, 262), (470, 272, 600, 400)),
}


def draw(box_index, count, rng):
    """Squares of all surfaces, [n, 64, 64, 3], and their classes."""
    inputs, labels = [], []
    for label, (name, *boxes) in enumerate(SURFACES.values()):
        part = photos.load(name).crop(boxes[box_index])
        for _ in range(count):
            square = photos.random_part(part, SIZE, rng, sides=(56, 200), turn=10)
            levels = photos.as_input(photos.spoil(square, rng, tint=0.25, gray=0.3))
            # A surface has no top: quarter turns and mirror images.
            levels = np.rot90(levels, rng.integers(4))
            inputs.append(levels[:, :: rng.choice([-1, 1])])
            labels.append(label)
    return np.stack(inputs), np.array(labels, np.int32)


def network(layers, x):
    """[n, 64, 64, 3] -> [n, 6]"""
    x = layers.relu(layers.conv("stem", x, 12, stride=2))
    x = layers.relu(layers.conv("second", x, 24, stride=2))
    x = layers.relu(layers.conv("third", x, 32, stride=2))
    x = layers.relu(layers.conv("fourth", x, 48))
    return layers.linear("fc", layers.global_mean(x), len(SURFACES))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    inputs, labels = draw(0, 500, np.random.default_rng(SEED))

    def batch_of(rng):
        picked = rng.integers(0, len(inputs), 48)
        return inputs[picked], labels[picked]

    parameters = small_network.fit(
        network, batch_of=batch_of, loss=small_network.cross_entropy, steps=600, peak_rate=3e-3, seed=SEED
    )
    test_inputs, test_labels = draw(1, 150, np.random.default_rng(SEED + 1))
    found = small_network.predictor(network, parameters)(test_inputs).argmax(1)
    print(f"parts that were not trained on: {(found == test_labels).mean():.4f} of {len(found)} squares right")
    for label, name in enumerate(SURFACES):
        print(f"  {name:8s} {(found[test_labels == label] == label).mean():.4f}")
    (out / "photos").mkdir(parents=True, exist_ok=True)
    dims = ("images", [3, SIZE, SIZE]), ("logits", [len(SURFACES)])
    small_network.export(network, parameters, path=out / "surfaces.onnx", input=dims[0], output=dims[1])
    for name, (photo, _, box) in SURFACES.items():
        part = photos.load(photo).crop(box)
        side = min(140, *part.size)
        left, top = ((length - side) // 2 for length in part.size)
        part.crop((left, top, left + side, top + side)).save(out / "photos" / f"{name}.jpg", quality=85)


if __name__ == "__main__":
    main()
