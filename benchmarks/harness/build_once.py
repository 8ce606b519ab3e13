# SPDX-License-Identifier: Apache-2.0
"""Builds one model through the official Python API and prints its times: build_once.py model.onnx"""

import time

start = time.perf_counter()

import json  # noqa: E402
import sys  # noqa: E402

import tensorrt_peer as peer  # noqa: E402

result = peer.build(sys.argv[1])
whole = (time.perf_counter() - start) * 1000
print(json.dumps({**result, "parseAndBuildMs": result["parseMs"] + result["buildMs"], "wholeMs": whole}))
