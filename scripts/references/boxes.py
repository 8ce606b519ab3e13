# SPDX-License-Identifier: Apache-2.0
"""Results of torchvision and NumPy (float64) for the operators on boxes, from which the tests get their references.

    pip install -r scripts/references/requirements.txt
    python scripts/references/boxes.py

Writes test/references/boxes/boxes.json. Inputs come from a formula that the test repeats, so that they are the same
numbers everywhere and need not be stored.
"""

import json
import math
import pathlib
import platform

import numpy as np
import torch
import torchvision
from torchvision.models.detection._utils import BoxCoder

OUT = pathlib.Path(__file__).parents[2] / "test" / "references" / "boxes" / "boxes.json"


def made(count, seed):
    """Numbers from 0 to below 1, multiples of 2^-24: a linear congruential generator, high bits."""
    state, values = seed, np.empty(count, np.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 8) / 2**24
    return values


def made_boxes(count, seed, extent):
    """x and y below `extent`, sizes from 5 to 45."""
    v = made(count * 4, seed).reshape(count, 4)
    low = v[:, :2] * extent
    return np.concatenate([low, low + 5 + v[:, 2:] * 40], 1).astype(np.float32)


def made_scores(count, seed, levels):
    """From 1 / levels to 1: few levels give many ties."""
    return ((np.floor(made(count, seed) * levels) + 1) / levels).astype(np.float32)


def by_score(kept, scores):
    """torchvision leaves the order of equal scores open; ours is that of the indices."""
    return sorted(kept.tolist(), key=lambda index: (-scores[index], index))


def suppression_cases():
    for index, (count, extent, levels, iou, classes) in enumerate(
        [
            (1, 100, 10, 0.5, 0),
            (64, 50, 1000, 0.5, 0),
            (300, 100, 20, 0.1, 0),
            (300, 100, 20, 0.7, 0),
            (300, 10, 7, 0.0, 0),
            (300, 10, 7, 1.0, 0),
            (1500, 400, 5000, 0.45, 0),
            (400, 60, 50, 0.3, 5),
            (1500, 300, 5000, 0.6, 80),
        ]
    ):
        boxes, scores = made_boxes(count, index + 1, extent), made_scores(count, index + 101, levels)
        case = {"count": count, "seed": index + 1, "extent": extent, "levels": levels, "iou": iou, "classes": classes}
        tensors = torch.from_numpy(boxes), torch.from_numpy(scores)
        if classes == 0:
            kept = torchvision.ops.nms(*tensors, iou)
        else:
            labels = torch.from_numpy(np.floor(made(count, index + 201) * classes).astype(np.int64))
            kept = torchvision.ops.batched_nms(*tensors, labels, iou)
        yield {**case, "kept": by_score(kept, scores)}


def overlap(a, b):
    inner = np.maximum(np.minimum(a[2:], b[..., 2:]) - np.maximum(a[:2], b[..., :2]), 0).prod(-1)
    return inner / ((a[2:] - a[:2]).prod() + (b[..., 2:] - b[..., :2]).prod(-1) - inner)


def soft_cases():
    """The paper's loop, in float64."""
    for index, (count, method, sigma, iou, least) in enumerate(
        [(120, "gaussian", 0.5, 0.5, 0.05), (120, "gaussian", 0.1, 0.5, 0.3), (120, "linear", 0.5, 0.3, 0.05)]
    ):
        boxes = made_boxes(count, index + 11, 80).astype(np.float64)
        scores = made_scores(count, index + 111, 5000).astype(np.float64)
        left, kept, values = list(range(count)), [], []
        while left:
            best = max(left, key=lambda at: (scores[at], -at))
            if scores[best] <= least:
                break
            left.remove(best)
            kept.append(best)
            values.append(float(f"{scores[best]:.9g}"))
            for at in left:
                o = overlap(boxes[best], boxes[at])
                scores[at] *= math.exp(-o * o / sigma) if method == "gaussian" else (1 - o if o > iou else 1)
        settings = {"count": count, "seed": index + 11, "method": method, "sigma": sigma, "iou": iou, "least": least}
        yield {**settings, "kept": kept, "scores": values}


def logistic(x):
    return 1 / (1 + np.exp(-x))


def corners(cxcywh):
    return torchvision.ops.box_convert(torch.from_numpy(cxcywh), "cxcywh", "xyxy").numpy()


LEVELS = [(4, 3, 8, [(10, 13), (33, 23)]), (2, 2, 16, [(62, 45), (116, 90)])]


def cells(with_anchors):
    """x, y, stride, width, height of each box: all cells of an anchor, row by row, then the next anchor."""
    rows = []
    for width, height, stride, anchors in LEVELS:
        for w, h in anchors if with_anchors else [(0, 0)]:
            rows += [(x, y, stride, w, h) for y in range(height) for x in range(width)]
    return np.array(rows, np.float64)


def decode(form, t):
    if form == "center":
        return corners(t)
    if form == "corners":
        return t
    if form == "deltas":
        anchors = torch.from_numpy(made_boxes(len(t), 77, 200).astype(np.float64))
        return BoxCoder((10.0, 10.0, 5.0, 5.0)).decode_single(torch.from_numpy(t), anchors).numpy()
    x, y, stride, w, h = cells(form in ("yolov3", "yolov5")).T
    if form == "distances":
        return np.stack([x + 0.5 - t[:, 0], y + 0.5 - t[:, 1], x + 0.5 + t[:, 2], y + 0.5 + t[:, 3]], 1) * stride[:, None]
    if form == "yolov3":
        s = logistic(t[:, :2])
        return corners(np.stack([(s[:, 0] + x) * stride, (s[:, 1] + y) * stride, np.exp(t[:, 2]) * w, np.exp(t[:, 3]) * h], 1))
    if form == "yolov5":
        s = logistic(t)
        wide, high = (2 * s[:, 2]) ** 2 * w, (2 * s[:, 3]) ** 2 * h
        return corners(np.stack([(2 * s[:, 0] - 0.5 + x) * stride, (2 * s[:, 1] - 0.5 + y) * stride, wide, high], 1))
    wide, high = np.exp(t[:, 2]) * stride, np.exp(t[:, 3]) * stride
    return corners(np.stack([(t[:, 0] + x) * stride, (t[:, 1] + y) * stride, wide, high], 1))


def digits(array):
    return [float(f"{value:.9g}") for value in np.asarray(array, np.float64).ravel()]


def decode_cases():
    for index, form in enumerate(["center", "corners", "yolov3", "yolov5", "yolox", "distances", "deltas"]):
        with_objectness = form.startswith("yolo")
        has_logits = form in ("yolov3", "yolov5")
        count = 32 if has_logits else 16
        channels = 4 + with_objectness + 3
        # Multiples of 2^-20: exact in float32.
        head = np.round((made(count * channels, 31 + index) * 6 - 3) * 2**20).reshape(count, channels) / 2**20
        scores = head[:, 4 + with_objectness :]
        objectness = head[:, 4:5] if with_objectness else np.ones((count, 1))
        if has_logits:
            scores, objectness = logistic(scores), logistic(objectness)
        scores = scores * objectness
        yield {
            "form": form,
            "count": count,
            "channels": channels,
            "seed": 31 + index,
            "boxes": digits(decode(form, head[:, :4])),
            "scores": digits(scores),
            "best": np.argmax(head[:, 4 + with_objectness :], 1).tolist(),
        }


def mask_cases():
    """torch's own interpolation, where the model's input is the image resized without a border."""
    for index, (masks, size, image) in enumerate([(3, (8, 8), (37, 53)), (2, (16, 12), (20, 17)), (1, (1, 1), (4, 5))]):
        logits = (made(masks * size[0] * size[1], 51 + index) * 8 - 4).astype(np.float32).reshape(masks, *size)
        boxes = made_boxes(masks, 61 + index, min(image) - 3)
        wide = torch.nn.functional.interpolate(
            torch.from_numpy(logits)[None].double(), image, mode="bilinear", align_corners=False
        )[0].numpy()
        y, x = np.mgrid[0 : image[0], 0 : image[1]]
        b = boxes[:, :, None, None]
        inside = (x >= b[:, 0]) & (x < b[:, 2]) & (y >= b[:, 1]) & (y < b[:, 3])
        # The test leaves out pixels where rounding decides.
        near = np.abs(wide) < 1e-4
        text = np.where(near & inside, 2, (wide > 0) & inside).astype(int)
        rows = ["".join(map(str, row)) for row in text.reshape(masks, -1)]
        yield {"masks": masks, "size": size, "image": image, "seed": 51 + index, "rows": rows}


def main():
    document = {
        "made_by": "scripts/references/boxes.py",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0],
        },
        "levels": [
            {"width": w, "height": h, "stride": s, "anchors": [list(a) for a in anchors]} for w, h, s, anchors in LEVELS
        ],
        "suppression": list(suppression_cases()),
        "soft": list(soft_cases()),
        "decode": list(decode_cases()),
        "masks": list(mask_cases()),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")


main()
