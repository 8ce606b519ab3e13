# SPDX-License-Identifier: Apache-2.0
"""torchvision's side of nms.mjs: one JSON request a line."""

import base64
import json
import sys
import time

import numpy
import torch
import torchvision


def tensor(text, kind):
    return torch.from_numpy(numpy.frombuffer(base64.b64decode(text), kind).copy())


def run(boxes, scores, labels):
    start = time.perf_counter()
    if labels is None:
        kept = torchvision.ops.nms(boxes, scores, 0.5)
    else:
        kept = torchvision.ops.batched_nms(boxes, scores, labels, 0.5)
    return {"ms": (time.perf_counter() - start) * 1000, "kept": sorted(kept.tolist())}


inputs = None
for line in sys.stdin:
    request = json.loads(line)
    answer = {"versions": {"torch": torch.__version__, "torchvision": torchvision.__version__}}
    if "run" in request:
        answer = run(*inputs)
    elif "scores" in request:
        labels = None if request["labels"] is None else tensor(request["labels"], numpy.int32)
        inputs = tensor(request["boxes"], numpy.float32).reshape(-1, 4), tensor(request["scores"], numpy.float32), labels
        run(*inputs)
    print(json.dumps(answer), flush=True)
