# SPDX-License-Identifier: Apache-2.0
"""Builds engines through the official Python API of TensorRT-RTX, for the benchmarks to compare with.

Every option stays at its default, as in a plain `buildEngine(model)`. Used as a module by the other peers.
"""

import hashlib
import time

try:
    import tensorrt_rtx as trt
except ImportError:  # the meta package is missing, the bindings are enough
    import tensorrt_rtx_bindings as trt


class CollectingLogger(trt.ILogger):
    """Keeps error lines, prints nothing."""

    def __init__(self):
        trt.ILogger.__init__(self)
        self.errors = []

    def log(self, severity, message):
        if severity <= trt.ILogger.Severity.ERROR:
            self.errors.append(message)


LOGGER = CollectingLogger()


class ParseFailed(Exception):
    pass


class BuildFailed(Exception):
    pass


def parse(builder, path):
    """Returns (network, parser); raises ParseFailed. The parser owns weights: keep it as long as the network."""
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, LOGGER)
    if not parser.parse_from_file(path):
        raise ParseFailed("; ".join(parser.get_error(i).desc() for i in range(parser.num_errors)))
    return network, parser


def make_config(builder, profile):
    """`profile` is {input: {"values": [..]} | {"dims": [..]}}: one value for min, opt and max."""
    config = builder.create_builder_config()
    if profile:
        optimization = builder.create_optimization_profile()
        for name, entry in profile.items():
            if "values" in entry:
                optimization.set_shape_input(name, entry["values"], entry["values"], entry["values"])
            else:
                optimization.set_shape(name, entry["dims"], entry["dims"], entry["dims"])
        if config.add_optimization_profile(optimization) < 0:
            raise BuildFailed("the profile was refused: " + "; ".join(LOGGER.errors))
    return config


def build(path, profile=None):
    """Parses and builds; returns bytes, SHA-256, parseMs and buildMs. `totalMs` counts from before the builder."""
    LOGGER.errors.clear()
    start = time.perf_counter()
    builder = trt.Builder(LOGGER)
    created = time.perf_counter()
    network, parser = parse(builder, path)
    parsed = time.perf_counter()
    config = make_config(builder, profile)
    engine = builder.build_serialized_network(network, config)
    done = time.perf_counter()
    if engine is None:
        raise BuildFailed("; ".join(LOGGER.errors))
    data = memoryview(engine)
    result = {
        "bytes": data.nbytes,
        "sha256": hashlib.sha256(data).hexdigest(),
        "parseMs": (parsed - created) * 1000,
        "buildMs": (done - parsed) * 1000,
        "totalMs": (done - start) * 1000,
    }
    del parser
    return result
