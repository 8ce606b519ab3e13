# SPDX-License-Identifier: Apache-2.0
"""Runs an engine through TensorRT's official Python API, for gpu:check to compare latencies with.

Usage: peer.py <module> <engine> <device ordinal> <input shapes as JSON>. Driver calls go through ctypes, so that
nothing but TensorRT's own package is needed. Says {"ready": ...}, then answers each line {"mode": "plain" | "graph",
"count": n} on standard input with the microseconds of that many inferences: copy in, enqueue, copy out, synchronise,
as a caller who waits for each result sees them.
"""

import ctypes
import importlib
import json
import os
import random
import struct
import sys
import time

STREAM_NON_BLOCKING = 1
CAPTURE_THREAD_LOCAL = 1
ITEM_BYTES = {"FLOAT": 4, "HALF": 2, "BF16": 2, "INT64": 8, "INT32": 4, "INT8": 1, "UINT8": 1, "BOOL": 1, "FP8": 1}

# The same driver that the package opens.
cuda = ctypes.CDLL(os.environ.get("TENSORRT_NODE_DRIVER_LIBRARY") or "libcuda.so.1")


def call(name, *args):
    """Calls the driver; raises with its own words where it fails."""
    result = getattr(cuda, name)(*args)
    if result != 0:
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(result, ctypes.byref(text))
        raise RuntimeError(f"{name}: {(text.value or b'?').decode()} ({result})")


def open_device(ordinal):
    """Makes the device's primary context, which TensorRT uses as well, current."""
    device, context = ctypes.c_int(), ctypes.c_void_p()
    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), ordinal)
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxSetCurrent", context)


class Tensor:
    """Page-locked host memory and device memory of one tensor."""

    def __init__(self, name, is_input, size):
        self.name, self.is_input, self.size = name, is_input, ctypes.c_size_t(size)
        self.host, self.device = ctypes.c_void_p(), ctypes.c_uint64()
        call("cuMemHostAlloc", ctypes.byref(self.host), self.size, 0)
        call("cuMemAlloc_v2", ctypes.byref(self.device), self.size)

    def fill(self, type_name):
        count = self.size.value // ITEM_BYTES[type_name]
        numbers = [random.uniform(-1, 1) for _ in range(count)]
        letter = {"FLOAT": "f", "HALF": "e"}.get(type_name)
        data = struct.pack(f"{count}{letter}", *numbers) if letter else bytes(self.size.value)
        ctypes.memmove(self.host, data, len(data))


class Logger:
    """TensorRT's warnings go to standard error: standard output is for answers."""

    @staticmethod
    def make(trt):
        class Quiet(trt.ILogger):
            def __init__(self):
                trt.ILogger.__init__(self)

            def log(self, severity, message):
                if severity <= trt.ILogger.Severity.WARNING:
                    print(message, file=sys.stderr)

        return Quiet()


class Peer:
    def __init__(self, module, path, shapes):
        trt = self.trt = importlib.import_module(module)
        self.logger = Logger.make(trt)
        self.runtime = trt.Runtime(self.logger)
        with open(path, "rb") as file:
            self.engine = self.runtime.deserialize_cuda_engine(file.read())
        if self.engine is None:
            raise RuntimeError("the engine cannot be deserialised")
        self.context = self.engine.create_execution_context()
        self.stream = ctypes.c_void_p()
        call("cuStreamCreate", ctypes.byref(self.stream), STREAM_NON_BLOCKING)
        self.graph = None
        self.tensors = self.bind(shapes)

    def bind(self, shapes):
        names = [self.engine.get_tensor_name(index) for index in range(self.engine.num_io_tensors)]
        for name, shape in shapes.items():
            if not self.context.set_input_shape(name, shape):
                raise RuntimeError(f"{name} does not take {shape}")
        tensors = []
        for name in names:
            is_input = self.engine.get_tensor_mode(name) == self.trt.TensorIOMode.INPUT
            type_name = self.engine.get_tensor_dtype(name).name
            size = ITEM_BYTES[type_name]
            for dim in self.context.get_tensor_shape(name):
                size *= dim
            tensor = Tensor(name, is_input, size)
            if is_input:
                tensor.fill(type_name)
            if not self.context.set_tensor_address(name, tensor.device.value):
                raise RuntimeError(f"{name} takes no address")
            tensors.append(tensor)
        return tensors

    def submit(self):
        for tensor in self.tensors:
            if tensor.is_input:
                call("cuMemcpyHtoDAsync_v2", tensor.device, tensor.host, tensor.size, self.stream)
        if not self.context.execute_async_v3(self.stream.value):
            raise RuntimeError("execute_async_v3 failed")
        for tensor in self.tensors:
            if not tensor.is_input:
                call("cuMemcpyDtoHAsync_v2", tensor.host, tensor.device, tensor.size, self.stream)

    def wait(self):
        call("cuStreamSynchronize", self.stream)

    def capture(self):
        """One graph of copies and inference, after the uncaptured runs that TensorRT wants first."""
        for _ in range(2):
            self.submit()
            self.wait()
        graph, executable = ctypes.c_void_p(), ctypes.c_void_p()
        call("cuStreamBeginCapture_v2", self.stream, CAPTURE_THREAD_LOCAL)
        self.submit()
        call("cuStreamEndCapture", self.stream, ctypes.byref(graph))
        call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
        return executable

    def launch(self):
        call("cuGraphLaunch", self.graph, self.stream)

    def measure(self, mode, count):
        if mode == "graph" and self.graph is None:
            self.graph = self.capture()
        start = self.launch if mode == "graph" else self.submit
        times = []
        for _ in range(count):
            begin = time.perf_counter_ns()
            start()
            self.wait()
            times.append((time.perf_counter_ns() - begin) / 1000)
        return times


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    module, path, ordinal, shapes = sys.argv[1:5]
    open_device(int(ordinal))
    peer = Peer(module, path, json.loads(shapes))
    say({"ready": True, "version": peer.trt.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"microseconds": peer.measure(request["mode"], request["count"])})
        except RuntimeError as error:
            say({"error": str(error)})


if __name__ == "__main__":
    main()
