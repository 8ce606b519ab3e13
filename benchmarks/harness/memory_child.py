# SPDX-License-Identifier: Apache-2.0
"""The same through the official Python API: memory_child.py <builds> <model>..."""

import gc
import json
import os
import sys

import tensorrt_peer as peer

count, models = int(sys.argv[1]), sys.argv[2:]
samples = []
failed = 0
for done in range(1, count + 1):
    try:
        peer.build(models[done % len(models)])
    except (peer.ParseFailed, peer.BuildFailed):
        failed += 1
    if done % 50 == 0:
        gc.collect()
        with open("/proc/self/statm") as statm:
            pages = int(statm.read().split()[1])
        samples.append({"builds": done, "rssKiB": pages * os.sysconf("SC_PAGESIZE") / 1024})
print(json.dumps({"samples": samples, "failed": failed}))
