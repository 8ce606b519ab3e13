# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's static quantisation: calibration_child.py <folder> <model> <runs> <method> [<method> ...]

Only Conv, Gemm and MatMul are quantised, weights per channel, as the other side does it; one thread.
"""

import json
import os
import resource
import sys
import time

import numpy as np
import onnxruntime

Options = onnxruntime.SessionOptions


def one_thread():
    options = Options()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options


# The quantiser makes its sessions itself and has no setting for their threads.
onnxruntime.SessionOptions = one_thread

from onnxruntime.quantization import (  # noqa: E402
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

folder, name, runs, methods = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
DIMS = {"conv": (8, 3, 64, 64), "chain": (32, 64)}[name]


class Reader(CalibrationDataReader):
    def __init__(self):
        self.run = 0
        path = os.path.join(folder, f"{name}.f32")
        self.data = np.fromfile(path, np.float32).reshape(-1, *DIMS) if os.path.exists(path) else None
        self.random = np.random.default_rng(3)

    def get_next(self):
        if self.run == runs:
            return None
        self.run += 1
        if self.data is None:
            return {"input": self.random.normal(0, 1, DIMS).astype(np.float32)}
        return {"input": self.data[self.run - 1]}


source = os.path.join(folder, f"{name}.onnx")
seconds = {}
cpu = time.process_time()
for method in methods:
    start = time.perf_counter()
    quantize_static(
        source,
        os.path.join(folder, f"{name}-ort-{method}.onnx"),
        Reader(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=getattr(CalibrationMethod, method),
        extra_options={"ActivationSymmetric": True, "WeightSymmetric": True},
    )
    seconds[method] = time.perf_counter() - start
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpuSeconds": time.process_time() - cpu,
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
