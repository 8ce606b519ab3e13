# SPDX-License-Identifier: Apache-2.0
"""Trains a detector of road signs on scenes that it draws, and writes it and two scenes for the demo beside this file.

    python train.py                  # signs.onnx, scenes/*.jpg, scenes/truth.json
    python train.py --out /some/dir  # elsewhere

Needs scripts/train-examples/requirements.txt. Signs are drawn, backgrounds are parts of photos; the tests have photos that
the training has not. The head is anchor-free: each of 20 x 20 cells gives one box and a logit for each class.
"""

import argparse
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts/train-examples"))
import photos  # noqa: E402
import small_network  # noqa: E402

SEED = 11
SIZE, STRIDE = 160, 8
CELLS = SIZE // STRIDE
CLASSES = ["stop", "yield", "priority", "no entry", "straight on"]
TRAIN = "astronaut.png brick.png chelsea.png coffee.png gravel.png motorcycle_left.png rocket.jpg grass.png".split()
TEST = ["china.jpg", "flower.jpg"]
RED, BLUE, YELLOW, WHITE, BLACK = (190, 20, 30), (20, 70, 170), (245, 195, 20), (245, 245, 240), (20, 20, 20)


# --- Scenes -----------------------------------------------------------------------------------------------------


def polygon(corners, turn, radius, centre=128):
    angles = np.deg2rad(np.arange(corners) * 360 / corners + turn)
    return [(centre + radius * np.cos(a), centre + radius * np.sin(a)) for a in angles]


def draw_sign(name):
    """A sign with nothing around it, 256 x 256, RGBA."""
    image = Image.new("RGBA", (256, 256))
    pen = ImageDraw.Draw(image)
    if name == "stop":
        pen.polygon(polygon(8, 22.5, 126), WHITE)
        pen.polygon(polygon(8, 22.5, 116), RED)
        for x in (60, 98, 136, 174):
            pen.rectangle((x, 100, x + 24, 156), WHITE)
    elif name == "yield":
        pen.polygon(polygon(3, 90, 126), RED)
        pen.polygon(polygon(3, 90, 78), WHITE)
    elif name == "priority":
        pen.polygon(polygon(4, 0, 126), WHITE)
        pen.polygon(polygon(4, 0, 120), BLACK)
        pen.polygon(polygon(4, 0, 112), WHITE)
        pen.polygon(polygon(4, 0, 84), YELLOW)
    elif name == "no entry":
        pen.ellipse((4, 4, 252, 252), RED)
        pen.rectangle((44, 106, 212, 150), WHITE)
    else:
        pen.ellipse((4, 4, 252, 252), WHITE)
        pen.ellipse((12, 12, 244, 244), BLUE)
        pen.polygon([(128, 40), (180, 104), (146, 104), (146, 212), (110, 212), (110, 104), (76, 104)], WHITE)
    return image.crop(image.getbbox())


def place_sign(scene, sign, rng, *, sides):
    """Pastes a sign; returns its box."""
    squeeze = rng.uniform(0.8, 1.0)
    side = rng.uniform(*sides)
    ratio = side / max(sign.size)
    sized = sign.resize((max(8, round(sign.size[0] * ratio * squeeze)), max(8, round(sign.size[1] * ratio))))
    sized = sized.rotate(rng.uniform(-10, 10), Image.Resampling.BICUBIC, expand=True)
    sized = sized.crop(sized.getbbox())
    alpha = sized.getchannel("A")
    sized = ImageEnhance.Brightness(sized.convert("RGB")).enhance(rng.uniform(0.6, 1.15))
    left, top = (int(rng.integers(0, length - part + 1)) for length, part in zip(scene.size, sized.size))
    box = (left, top, left + sized.size[0], top + sized.size[1])
    return sized, alpha, box


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])  # noqa: E731
    return width * height / (area(a) + area(b) - width * height)


def draw_scene(background, signs, rng, *, most=4, sides=(20, 76)):
    """Some signs over a photo, which do not cover each other; returns the image and [(class, box)]."""
    scene, placed = background.copy(), []
    for _ in range(rng.integers(0, most + 1)):
        label = int(rng.integers(len(CLASSES)))
        sized, alpha, box = place_sign(scene, signs[label], rng, sides=sides)
        if any(overlap(box, other) > 0.02 for _, other in placed):
            continue
        scene.paste(sized, box[:2], alpha)
        placed.append((label, box))
    return photos.spoil(scene, rng), placed


def draw_scenes(names, count, rng):
    signs = [draw_sign(name) for name in CLASSES]
    backgrounds = [photos.load(name) for name in names]
    scenes = []
    for _ in range(count):
        part = photos.random_part(backgrounds[rng.integers(len(backgrounds))], SIZE, rng, sides=(130, 400))
        scenes.append(draw_scene(part, signs, rng))
    return scenes


def targets_of(placed):
    """For each cell: a class or -1, and the box as the head gives it: offset of the centre and logarithm of the size."""
    labels, boxes = np.full((CELLS, CELLS), -1, np.int32), np.zeros((CELLS, CELLS, 4), np.float32)
    rows, columns = np.mgrid[:CELLS, :CELLS]
    for label, (x1, y1, x2, y2) in placed:
        x, y, width, height = (x1 + x2) / 2 / STRIDE, (y1 + y2) / 2 / STRIDE, (x2 - x1) / STRIDE, (y2 - y1) / STRIDE
        # The cells whose middle is within a fifth of the box's size, and at least one cell, of its centre.
        near = np.abs(columns + 0.5 - x) <= max(0.75, width / 5)
        near &= np.abs(rows + 0.5 - y) <= max(0.75, height / 5)
        labels[near] = label
        boxes[near] = np.stack([x - columns, y - rows, 0 * rows + np.log(width), 0 * rows + np.log(height)], -1)[near]
    return labels.reshape(-1), boxes.reshape(-1, 4)


# --- Network ----------------------------------------------------------------------------------------------------


def network(layers, x):
    """[n, 160, 160, 3] -> [n, 400, 4 + 5]"""
    x = layers.relu(layers.conv("stem", x, 12, stride=2))
    x = layers.relu(layers.conv("second", x, 24, stride=2))
    x = layers.relu(layers.conv("third", x, 32, stride=2))
    for block in ("fourth", "fifth", "sixth"):
        x = layers.add(layers.relu(layers.conv(block, x, 32)), x)
    x = layers.relu(layers.conv("seventh", x, 48))
    # Signs are rare: with a logit of -4 the first steps are not lost to cells without any.
    bias = np.array([0.5, 0.5, 1.5, 1.5] + [-4.0] * len(CLASSES))
    return layers.cells(layers.conv("boxes", x, 4 + len(CLASSES), kernel=1, norm=False, bias=bias))


def loss(outputs, targets):
    """Focal loss (Lin et al., 2017) of the classes, and the distance of the boxes where there is a sign."""
    labels, boxes = targets
    logits, wanted = outputs[..., 4:], jax.nn.one_hot(labels, len(CLASSES))
    probability = jax.nn.sigmoid(logits)
    entropy = -wanted * jax.nn.log_sigmoid(logits) - (1 - wanted) * jax.nn.log_sigmoid(-logits)
    miss = jnp.abs(wanted - probability)
    inside = labels >= 0
    signs = jnp.maximum(inside.sum(), 1)
    distance = jnp.abs(outputs[..., :4] - boxes)
    distance = jnp.where(distance < 0.1, 5 * distance**2, distance - 0.05).sum(-1)
    return ((0.25 + 0.5 * wanted) * miss**2 * entropy).sum() / signs + (distance * inside).sum() / signs


# --- Test -------------------------------------------------------------------------------------------------------


def find_signs(output, threshold=0.6):
    """[(score, class, box)] of one scene, best first, without boxes over better ones: what detect.mjs does."""
    scores = 1 / (1 + np.exp(-output[:, 4:]))
    cells = np.arange(CELLS * CELLS)
    centre = (output[:, :2] + np.stack([cells % CELLS, cells // CELLS], 1)) * STRIDE
    size = np.exp(output[:, 2:4]) * STRIDE
    boxes = np.concatenate([centre - size / 2, centre + size / 2], 1)
    kept = []
    for cell in np.argsort(-scores.max(1)):
        score, label = scores[cell].max(), int(scores[cell].argmax())
        if score < threshold:
            break
        if all(other != label or overlap(boxes[cell], box) < 0.45 for _, other, box in kept):
            kept.append((float(score), label, boxes[cell]))
    return kept


def count_found(outputs, scenes):
    """Signs that there are, those found with an overlap of at least 0.5, and finds that are none."""
    there = right = wrong = 0
    for output, (_, placed) in zip(outputs, scenes):
        open_signs = list(placed)
        there += len(placed)
        for _, label, box in find_signs(output):
            hit = next((sign for sign in open_signs if sign[0] == label and overlap(sign[1], box) >= 0.5), None)
            if hit:
                open_signs.remove(hit)
            right, wrong = right + bool(hit), wrong + (not hit)
    return there, right, wrong


def write_demo(out):
    """Two scenes of another size than the network's, and where their signs are."""
    rng = np.random.default_rng(SEED + 2)
    signs, truth = [draw_sign(name) for name in CLASSES], {}
    for name in TEST:
        placed = []
        while len({label for label, _ in placed}) < 3:
            background = photos.load(name).resize((480, 320))
            scene, placed = draw_scene(background, signs, rng, most=5, sides=(60, 170))
        scene.save(out / "scenes" / name, quality=80)
        truth[name] = [{"label": CLASSES[label], "box": box} for label, box in placed]
    (out / "scenes" / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    scenes = draw_scenes(TRAIN, 2000, np.random.default_rng(SEED))
    inputs = np.stack([np.asarray(image) for image, _ in scenes])
    labels, boxes = (np.stack(part) for part in zip(*(targets_of(placed) for _, placed in scenes)))
    print(f"{len(inputs)} scenes", flush=True)

    def batch_of(rng):
        picked = rng.integers(0, len(inputs), 12)
        return np.float32(inputs[picked]) / 255, (labels[picked], boxes[picked])

    parameters = small_network.fit(network, batch_of=batch_of, loss=loss, steps=1000, peak_rate=4e-3, seed=SEED)
    test = draw_scenes(TEST, 300, np.random.default_rng(SEED + 1))
    outputs = small_network.predictor(network, parameters)(np.stack([photos.as_input(image) for image, _ in test]), 16)
    there, right, wrong = count_found(outputs, test)
    print(f"{len(test)} scenes over photos not trained on: {right} of {there} signs found, {wrong} finds are none")
    (out / "scenes").mkdir(parents=True, exist_ok=True)
    dims = ("images", [3, SIZE, SIZE]), ("head", [4 + len(CLASSES), CELLS * CELLS])
    small_network.export(network, parameters, path=out / "signs.onnx", input=dims[0], output=dims[1])
    write_demo(out)


if __name__ == "__main__":
    main()
