# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's Python package: onnxruntime_child.py '{ "model", "seconds", "warmUpSeconds", "threads" }'"""

import gc
import json
import sys
import time

import numpy
import onnxruntime


def open_session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def bind(session):
    binding = session.io_binding()
    for value in session.get_inputs():
        dims = [dim if isinstance(dim, int) and dim > 0 else 1 for dim in value.shape]
        count = int(numpy.prod(dims))
        data = ((numpy.arange(count) * 37) % 101 / 50 - 1).astype(numpy.float32).reshape(dims)
        binding.bind_cpu_input(value.name, data)
    for value in session.get_outputs():
        binding.bind_output(value.name)
    return binding


def repeat(session, binding, seconds):
    times = []
    start = end = time.perf_counter()
    while end - start < seconds:
        begin = end
        session.run_with_iobinding(binding)
        end = time.perf_counter()
        times.append((end - begin) * 1000)
    return times, end - start


def main():
    task = json.loads(sys.argv[1])
    session = open_session(task["model"], task["threads"])
    binding = bind(session)
    gc.disable()
    repeat(session, binding, task["warmUpSeconds"])
    times, measured = repeat(session, binding, task["seconds"])
    times.sort()
    at = lambda percent: times[max(0, -(-len(times) * percent // 100) - 1)]
    print(json.dumps({
        "p50Ms": at(50),
        "p90Ms": at(90),
        "p99Ms": at(99),
        "inferencesPerSecond": len(times) / measured,
    }))


if __name__ == "__main__":
    main()
