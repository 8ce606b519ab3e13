# SPDX-License-Identifier: Apache-2.0
"""Milliseconds of copies within a GPU's memory, through the driver alone.

Usage: copy-rate.py '{"driver": "libcuda.so.1", "ordinal": 0, "bytes": [268435456], "copies": 32}'

A copy of half as many bytes reads and writes `bytes` together. Prints {"milliseconds": [...]}: for each, the median of
some rounds of `copies` copies between two events.
"""
import ctypes
import json
import statistics
import sys

ROUNDS = 9


def main() -> None:
    task = json.loads(sys.argv[1])
    cuda = ctypes.CDLL(task["driver"])

    def call(name, *arguments):
        result = getattr(cuda, name)(*arguments)
        if result != 0:
            sys.exit(f"{name} failed: {result}")

    pointer, handle, size = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t
    call("cuInit", 0)
    device, context, stream = ctypes.c_int(), handle(), handle()
    call("cuDeviceGet", ctypes.byref(device), task["ordinal"])
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxPushCurrent_v2", context)
    call("cuStreamCreateWithPriority", ctypes.byref(stream), 1, 0)
    start, end = handle(), handle()
    call("cuEventCreate", ctypes.byref(start), 0)
    call("cuEventCreate", ctypes.byref(end), 0)

    def measure(total):
        half = total // 2
        source, target = pointer(), pointer()
        call("cuMemAllocAsync", ctypes.byref(source), size(half), stream)
        call("cuMemAllocAsync", ctypes.byref(target), size(half), stream)
        # Not zeros, which may run faster.
        call("cuMemsetD8Async", source, ctypes.c_ubyte(0x5A), size(half), stream)
        times = []
        for _ in range(ROUNDS + 1):
            call("cuEventRecord", start, stream)
            for _ in range(task["copies"]):
                call("cuMemcpyDtoDAsync_v2", target, source, size(half), stream)
            call("cuEventRecord", end, stream)
            call("cuStreamSynchronize", stream)
            elapsed = ctypes.c_float()
            call("cuEventElapsedTime", ctypes.byref(elapsed), start, end)
            times.append(elapsed.value / task["copies"])
        call("cuMemFreeAsync", source, stream)
        call("cuMemFreeAsync", target, stream)
        call("cuStreamSynchronize", stream)
        # The first round warms up.
        return statistics.median(times[1:])

    print(json.dumps({"milliseconds": [measure(total) for total in task["bytes"]]}))
    call("cuEventDestroy_v2", start)
    call("cuEventDestroy_v2", end)
    call("cuStreamDestroy_v2", stream)
    call("cuDevicePrimaryCtxRelease_v2", device)


main()
