# SPDX-License-Identifier: Apache-2.0
"""The Python side of the coverage comparison: one JSON request a line on stdin, one JSON answer a line on stdout.

    {"id": "...", "path": "model.onnx", "prepare": true}    -> {"id", "profile": {...} | null}
    {"id": "...", "path": "model.onnx", "profile": {...}}   -> {"id", "status", "sha256"?, "bytes"?, "message"?}
    {"list": true}                                          -> {"root": "...", "models": ["node/test_abs/model.onnx", ...]}

Each request runs in a process of its own, forked from this one, which has loaded TensorRT but never used it. `status`
is "built", "parse-failed", "build-failed", "crashed" or "timed-out".
"""

import json
import os
import select
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness"))

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnx.numpy_helper  # noqa: E402

import tensorrt_peer as peer  # noqa: E402

TIMEOUT_SECONDS = 120


def list_models(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.onnx"))


def stored_inputs(path):
    """The values that the test data ships for each graph input: {name: array}; what is no tensor is left out."""
    model = onnx.load(path, load_external_data=False)
    folder = Path(path).parent / "test_data_set_0"
    found = {}
    for index, value in enumerate(model.graph.input):
        file = folder / f"input_{index}.pb"
        if not file.is_file() or not value.type.HasField("tensor_type"):
            continue
        tensor = onnx.TensorProto()
        tensor.ParseFromString(file.read_bytes())
        found[value.name] = onnx.numpy_helper.to_array(tensor)
    return found


def make_profile(path):
    """The profile both sides get: shape tensors take the stored values, dynamic inputs the stored dimensions."""
    try:
        builder = peer.trt.Builder(peer.LOGGER)
        network, parser = peer.parse(builder, path)
    except peer.ParseFailed:
        return None
    needed = {}
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        if tensor.is_shape_tensor:
            needed[tensor.name] = "values"
        elif -1 in tuple(tensor.shape):
            needed[tensor.name] = "dims"
    del parser
    if not needed:
        return None
    stored = stored_inputs(path)
    profile = {}
    for name, kind in needed.items():
        if name not in stored:
            return None
        array = stored[name]
        numbers = array.astype(numpy.int64).reshape(-1).tolist() if kind == "values" else list(array.shape)
        profile[name] = {kind: numbers}
    return profile


def answer(request):
    """Runs in the child."""
    if request.get("prepare"):
        return {"profile": make_profile(request["path"])}
    try:
        return {"status": "built", **peer.build(request["path"], request.get("profile"))}
    except peer.ParseFailed as error:
        return {"status": "parse-failed", "message": str(error)[:300]}
    except peer.BuildFailed as error:
        return {"status": "build-failed", "message": str(error)[:300]}


def in_child(request):
    """Forks, and returns the child's answer or how it ended."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(receiver)
            os.write(sender, json.dumps(answer(request)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(sender)
    data = b""
    while select.select([receiver], [], [], TIMEOUT_SECONDS)[0]:
        chunk = os.read(receiver, 65536)
        if not chunk:
            break
        data += chunk
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(receiver)
        return {"status": "timed-out"}
    os.close(receiver)
    _, wait_status = os.waitpid(child, 0)
    if wait_status != 0:
        return {"status": "crashed", "message": f"wait status {wait_status}"}
    return json.loads(data)


def main():
    # Native code prints to stdout and stderr: the answers get a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("list"):
            root = Path(onnx.__file__).parent / "backend" / "test" / "data"
            versions = {"onnx": onnx.__version__, "tensorrtRtx": peer.trt.__version__}
            reply = {"root": str(root), "models": list_models(root), "versions": versions}
        else:
            reply = {"id": request["id"], **in_child(request)}
        answers.write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
