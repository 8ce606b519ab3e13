# SPDX-License-Identifier: Apache-2.0
"""What the Python package onnx says about its backend models: a line of JSON for each, read by inference.mjs."""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnx.backend.test
import onnx.numpy_helper
from onnx import TensorProto

ROOT = Path(onnx.backend.test.__file__).parent / "data"
SETS = ("node", "simple", "light", "pytorch-converted", "pytorch-operator")
# Shape inference names sizes that it does not know.
MADE = "unk__"
SHAPE_TYPES = (TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL)
MOST_VALUES = 16


def models():
    for name in SETS:
        for path in sorted((ROOT / name).glob("**/*.onnx")):
            yield f"{name}/{path.parent.name if path.stem == 'model' else path.stem}", path


def dim(one):
    kind = one.WhichOneof("value")
    if kind == "dim_value":
        return one.dim_value
    return one.dim_param if kind == "dim_param" and not one.dim_param.startswith(MADE) else None


def value_type(value):
    if not value.type.HasField("tensor_type"):
        return None
    tensor = value.type.tensor_type
    return [tensor.elem_type, [dim(one) for one in tensor.shape.dim] if tensor.HasField("shape") else None]


def types(values):
    found = {value.name: value_type(value) for value in values}
    return {name: one for name, one in found.items() if one is not None}


def tensors(folder, kind, names):
    """Dims of the tensors that a test comes with; those that are no tensors are left out."""
    found = {}
    for index, value in enumerate(names):
        path = folder / f"{kind}_{index}.pb"
        if not path.exists() or not value.type.HasField("tensor_type"):
            continue
        tensor = TensorProto()
        tensor.ParseFromString(path.read_bytes())
        found[value.name] = [tensor.data_type, list(tensor.dims), values(tensor)]
    return found


def values(tensor):
    """Elements of a tensor that may be a shape, an axis, scales or the like; else None."""
    if tensor.data_type not in SHAPE_TYPES or len(tensor.dims) > 1:
        return None
    array = onnx.numpy_helper.to_array(tensor)
    if array.size > MOST_VALUES or not numpy.isfinite(array).all():
        return None
    return [float(one) if array.dtype.kind == "f" else int(one) for one in array.flatten()]


def check(model):
    try:
        onnx.checker.check_model(model)
        return None
    except Exception as error:  # the checker's own error, and those of protobuf
        return str(error).split("\n")[0][:300]


def inferred(model):
    stripped = onnx.ModelProto()
    stripped.CopyFrom(model)
    del stripped.graph.value_info[:]
    for output in stripped.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    try:
        done = onnx.shape_inference.infer_shapes(stripped, strict_mode=False, data_prop=True)
    except Exception:
        return {}
    return types([*done.graph.value_info, *done.graph.output])


def main():
    for name, path in models():
        model = onnx.load(path)
        folder = path.parent / "test_data_set_0"
        initializers = {tensor.name for tensor in model.graph.initializer}
        line = {
            "id": name,
            "path": str(path),
            "checker": check(model),
            "declared": types(model.graph.output),
            "inferred": inferred(model),
            "inputs": tensors(folder, "input", [one for one in model.graph.input if one.name not in initializers]),
            "outputs": tensors(folder, "output", model.graph.output),
        }
        sys.stdout.write(json.dumps(line) + "\n")


main()
