# SPDX-License-Identifier: Apache-2.0
"""OpenCV's side of preprocess.mjs: preprocess_peer.py width height size threads calls fill"""

import json
import sys
import time

try:
    import cv2
    import numpy as np
except ImportError as error:
    sys.exit(f"{error}: pip install -r scripts/references/requirements.txt, and pass that python as --python")

width, height, size, threads, calls, fill = (int(text) for text in sys.argv[1:])
cv2.setNumThreads(threads)
pixels = ((np.arange(width * height * 3, dtype=np.int64) * 7919) >> 3).astype(np.uint8).reshape(height, width, 3)
scale = min(size / width, size / height)
inner = (round(width * scale), round(height * scale))
left, top = (size - inner[0]) // 2, (size - inner[1]) // 2


def letterbox():
    resized = cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    border = (top, size - inner[1] - top, left, size - inner[0] - left)
    boxed = cv2.copyMakeBorder(resized, *border, cv2.BORDER_CONSTANT, value=(fill, fill, fill))
    return cv2.dnn.blobFromImage(boxed, 1 / 255)


milliseconds = []
for call in range(-5, calls):
    start = time.perf_counter()
    letterbox()
    if call >= 0:
        milliseconds.append((time.perf_counter() - start) * 1000)
print(json.dumps({"version": cv2.__version__, "milliseconds": milliseconds}))
