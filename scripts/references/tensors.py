# SPDX-License-Identifier: Apache-2.0
"""Records what NumPy, ml_dtypes and ONNX Runtime make of small tensors, for test/native/ops/tensors-*.test.ts.

    pip install -r scripts/references/requirements.txt
    python scripts/references/tensors.py

Each case: the public function, its arguments, tensors before and after (base64 of their bytes). All are compared bit for
bit; NaN with NaN of any bits.
"""

import base64
import json
import pathlib
from fractions import Fraction

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import helper

TARGET = pathlib.Path(__file__).parents[2] / "test/references/tensors/tensors.json"
TYPES = {
    "float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float64": np.float64,
    "int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16, "int32": np.int32,
    "uint32": np.uint32, "int64": np.int64, "uint64": np.uint64, "bool": np.bool_,
    "float8e4m3": ml_dtypes.float8_e4m3fn, "float8e5m2": ml_dtypes.float8_e5m2,
}
NAMES = {np.dtype(value): key for key, value in TYPES.items()}
random = np.random.default_rng(11)
cases = []


def tensor(array):
    array = np.ascontiguousarray(array)
    return {"type": NAMES[array.dtype], "dims": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def case(operator, inputs, outputs, *arguments):
    outputs = outputs if isinstance(outputs, list) else [outputs]
    cases.append({"operator": operator, "arguments": list(arguments), "inputs": [tensor(x) for x in inputs],
                  "outputs": [tensor(np.asarray(y).reshape(np.shape(y))) for y in outputs]})


def run_onnx(op_type, inputs, outputs=1, **attributes):
    """One ONNX operator in ONNX Runtime."""
    names = [f"i{index}" for index in range(len(inputs))]
    results = [f"o{index}" for index in range(outputs)]
    node = helper.make_node(op_type, names, results, **attributes)
    values = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
              for name, x in zip(names, inputs)]
    graph = helper.make_graph([node], "one", values, [helper.make_empty_tensor_value_info(name) for name in results])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    model = onnx.shape_inference.infer_shapes(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    made = session.run(None, dict(zip(names, inputs)))
    return made if outputs > 1 else made[0]


def values_of(name):
    """Ordinary numbers, ties and extremes that the type has."""
    dtype = np.dtype(TYPES[name])
    if name == "bool":
        return np.array([False, True, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        some = [0, 1, 2, 3, 7, 100, 127, 128, 255, 256, 257, 2049, 32768, 65519, 65520, 65535, 2**24 + 1, 2**24 + 3,
                2**26 + 2**18 - 1, 2**31 - 65, 2**53 + 1, 2**62 + 2**54 + 1, info.max, info.max - 1, info.min]
        some += [-value for value in some]
        return np.array([value for value in some if info.min <= value <= info.max], dtype)
    some = np.array([0.0, -0.0, 0.4, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 127.5, 254.5, 255.5, -128.5, 448, 464, 500, 1e3,
                     32767.5, 65504, 65519.9, 65520, 1e5, 16777217, 2147483647.5, 4294967295.5, 9.3e18, -9.3e18, 2e19,
                     1e-3, 2.0**-9, 2.0**-10, 2.0**-16, 2.0**-25, 1.5 * 2.0**-25, 1e-40, 1e-45, 3e38, 1e300, -1e300,
                     1 + 2.0**-11, 1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-8, 1 + 2.0**-8 + 2.0**-50, np.inf, -np.inf, np.nan])
    return np.concatenate([some, random.normal(0, 100, 20)]).astype(dtype)


def converted(x, name):
    """By exact rational numbers and float64; never twice rounded."""
    target = np.dtype(TYPES[name])
    if name == "bool":
        return x.astype(np.float64) != 0 if x.dtype.kind not in "iub" else x != 0
    exact = [value if isinstance(value, (int, float)) else float(value) for value in x.tolist()]
    if target.kind in "iu":
        info = np.iinfo(target)
        whole = [0 if value != value else info.max if value == np.inf else info.min if value == -np.inf
                 else round(value) for value in exact]
        return np.array([min(max(value, info.min), info.max) for value in whole], target)
    if name == "float64":
        return np.array([float(value) for value in exact])
    return np.array([nearest(value, name) for value in exact], target)


def nearest(value, name):
    """The nearest number of a small format, ties to even; Python compares integers and floats exactly."""
    if name == "float32" and isinstance(value, float):
        return np.float32(value)
    if value != value or value in (np.inf, -np.inf):
        limit = {"float8e4m3": 448, "float8e5m2": 57344}.get(name)
        return value if limit is None or value != value else np.copysign(limit, value)
    mantissa, least, top = {"float32": (24, -149, 2.0**128), "float16": (11, -24, 2.0**16), "bfloat16": (8, -133, 2.0**128),
                            "float8e4m3": (4, -9, 480.0), "float8e5m2": (3, -16, 2.0**16)}[name]
    magnitude = abs(Fraction(value))
    if magnitude == 0:
        return value
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    step = Fraction(2) ** max(exponent - mantissa + 1, least)
    rounded = round(magnitude / step) * step
    if name.startswith("float8"):
        rounded = min(rounded, {"float8e4m3": 448, "float8e5m2": 57344}[name])
    result = np.inf if rounded >= top else float(rounded)
    return np.copysign(result, float(value))


def make_converts():
    for source in TYPES:
        x = values_of(source)
        for target in TYPES:
            case("convert", [x], converted(x, target), {"type": target})
    x = random.integers(0, 256, (2, 3, 5), dtype=np.uint8)
    case("convert", [x], x.astype(np.float32) * np.float32(1 / 255), {"type": "float32", "scale": 1 / 255})
    y = random.normal(0, 3, (4, 7)).astype(np.float32)
    shifted = np.clip(np.rint(y * np.float32(12.5)) + np.float32(-7), -128, 127).astype(np.int8)
    case("convert", [y], shifted, {"type": "int8", "scale": 12.5, "zeroPoint": -7})


def make_moves():
    for dims, permutation in [((2, 3), (1, 0)), ((2, 5, 7, 3), (0, 3, 1, 2)), ((2, 3, 5, 7), (0, 2, 3, 1)),
                              ((3, 4, 5, 8), (2, 0, 1, 3)), ((70, 90), (1, 0))]:
        for dtype in (np.float32, np.uint8):
            x = (random.normal(0, 100, dims)).astype(np.float32).astype(np.int32).astype(dtype)
            case("transpose", [x], run_onnx("Transpose", [x], perm=list(permutation)), list(permutation))
    for dims, pads in [((4,), (3, 2)), ((2, 3, 5, 7), (0, 0, 2, 3, 0, 0, 1, 6)), ((5, 4), (1, 3, 2, 0))]:
        for mode in ("constant", "edge", "reflect"):
            x = random.normal(0, 1, dims).astype(np.float32)
            value = np.array(1.25, np.float32)
            made = run_onnx("Pad", [x, np.array(pads, np.int64), value], mode=mode)
            case("pad", [x], made, {"pads": list(pads), "mode": mode, "value": 1.25})
    parts = [random.normal(0, 1, (count, 3, 2)).astype(np.float32) for count in (2, 1, 4)]
    whole = run_onnx("Concat", parts, axis=0)
    case("concatenate", parts, whole)
    case("split", [whole], run_onnx("Split", [whole, np.array([2, 1, 4], np.int64)], outputs=3, axis=0), [2, 1, 4])
    wide = [random.integers(-99, 99, (2, count, 3)).astype(np.int64) for count in (1, 5)]
    case("concatenate", wide, np.concatenate(wide, axis=1), {"axis": -2})
    table = random.normal(0, 1, (9, 5)).astype(np.float16)
    for indices in (np.array([[8, 0], [3, 3]], np.int32), np.array([2, 7, 1], np.int64)):
        case("gatherRows", [table, indices], run_onnx("Gather", [table, indices], axis=0))


def make_quantized():
    x = np.concatenate([np.arange(-20, 20) / 4, random.normal(0, 40, 200)]).astype(np.float32).reshape(2, 3, 40)
    for dtype, points in ((np.int8, (0, -128, 17)), (np.uint8, (128, 0, 255))):
        name = NAMES[np.dtype(dtype)]
        one, three = np.float32(0.5), np.array([0.5, 0.031, 1.7], np.float32)
        q = run_onnx("QuantizeLinear", [x, np.array(one), np.array(points[2], dtype)])
        case("quantizeLinear", [x], q, {"scale": 0.5, "zeroPoint": points[2], "type": name})
        y = run_onnx("DequantizeLinear", [q, np.array(one), np.array(points[2], dtype)])
        case("dequantizeLinear", [q], y, {"scale": 0.5, "zeroPoint": points[2]})
        q = run_onnx("QuantizeLinear", [x, three, np.array(points, dtype)], axis=1)
        scales = {"scale": [float(scale) for scale in three], "zeroPoint": list(points), "axis": 1}
        case("quantizeLinear", [x], q, {**scales, "type": name})
        case("dequantizeLinear", [q], run_onnx("DequantizeLinear", [q, three, np.array(points, dtype)], axis=1), scales)


make_converts()
make_moves()
make_quantized()
versions = {module.__name__: module.__version__ for module in (np, ml_dtypes, onnx, onnxruntime)}
TARGET.parent.mkdir(parents=True, exist_ok=True)
TARGET.write_text(json.dumps({"versions": versions, "cases": cases}, separators=(",", ":")) + "\n")
print(len(cases), "cases,", TARGET.stat().st_size, "bytes")
