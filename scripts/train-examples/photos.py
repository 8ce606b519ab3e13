# SPDX-License-Identifier: Apache-2.0
"""Photos that come with scikit-image and scikit-learn, and what a camera could have done to a part of them."""

import io
from pathlib import Path

import numpy as np
import skimage
import sklearn
from PIL import Image, ImageEnhance, ImageFilter

SKIMAGE = Path(skimage.__file__).parent / "data"
SKLEARN = Path(sklearn.__file__).parent / "datasets/images"


def load(name):
    """A photo by its file's name, RGB."""
    folder = SKIMAGE if (SKIMAGE / name).exists() else SKLEARN
    return Image.open(folder / name).convert("RGB")


def random_part(photo, size, rng, *, sides, turn=0):
    """A square of the photo, turned by at most `turn` degrees, `size` pixels large; `sides` is how many it had."""
    side = min(rng.uniform(*sides), *photo.size)
    left, top = (rng.uniform(0, length - side) for length in photo.size)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    scale, centre = side / size, (left + side / 2, top + side / 2)
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    half = size / 2
    matrix = (a, -b, centre[0] - half * (a - b), b, a, centre[1] - half * (a + b))
    return photo.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def spoil(image, rng, *, tint=0.15, gray=0.0):
    """Other light, colours, focus, noise and compression."""
    if rng.random() < gray:
        image = image.convert("L").convert("RGB")
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.65, 1.35))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.7, 1.3))
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    levels = np.asarray(image, np.float32) * rng.uniform(1 - tint, 1 + tint, 3)
    levels += rng.standard_normal(levels.shape) * rng.uniform(0, 8)
    image = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        file = io.BytesIO()
        image.save(file, "jpeg", quality=int(rng.integers(30, 90)))
        image = Image.open(file).convert("RGB")
    return image


def as_input(image):
    """Levels from 0 to 1, [height, width, 3]."""
    return np.asarray(image, np.float32) / 255
