# SPDX-License-Identifier: Apache-2.0
"""What the Python tools make of one model: INT8 with each of their methods, and FP16.

    python3 peers.py <onnxruntime|modelopt> <model.onnx> <data> <folder of the data> <folder for the results>

Writes `<tool>-<precision>-<method>.onnx` and prints one JSON list of `{tool, precision, method, path, seconds}`, with
`error` in place of `path` where the tool failed. onnxruntime comes from `.sdk/peers`, ModelOpt from `.sdk/modelopt`
with the onnxruntime that it asks for.
"""

import contextlib
import json
import shutil
import sys
import time
import types
from pathlib import Path

TOOL = sys.argv[1]
SDK = Path(__file__).resolve().parents[2] / ".sdk"
sys.path[:0] = [str(SDK / ("modelopt" if TOOL == "modelopt" else "peers"))]
sys.path.append(str(SDK / "modelopt"))  # the FP16 converter that goes with onnxruntime lies there

from feeds import batches, load_feeds  # noqa: E402

WEIGHTED = ["Conv", "ConvTranspose", "Gemm", "MatMul"]


def onnxruntime_int8(method):
    """Per channel, symmetric, no quantised biases, weighted operators only: what TensorRT can build of its options."""

    def make(model, feeds, out):
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        prepared = out.with_suffix(".prepared.onnx")
        quant_pre_process(model, prepared, skip_symbolic_shape=True)
        try:
            quantize_static(
                prepared,
                out,
                Reader(feeds),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=WEIGHTED,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod[method],
                extra_options={
                    "ActivationSymmetric": True,
                    "WeightSymmetric": True,
                    "QuantizeBias": False,
                    "MatMulConstBOnly": True,
                    # Outputs in INT8 too cost accuracy and win nothing: the next operator quantises its input.
                    "OpTypesToExcludeOutputQuantization": WEIGHTED,
                },
            )
        finally:
            prepared.unlink()

    return make


def onnxruntime_fp16(model, feeds, out):
    import onnx
    from onnxconverter_common import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(model), keep_io_types=True), out)


def modelopt_int8(method):
    def make(model, feeds, out):
        import_modelopt()
        from modelopt.onnx.quantization import quantize

        quantize(
            str(model),
            quantize_mode="int8",
            calibration_data_reader=Reader(feeds),
            calibration_method=method,
            calibration_eps=["cpu"],
            high_precision_dtype="fp32",
            output_path=str(out),
            log_level="ERROR",
        )

    return make


def modelopt_fp16(model, feeds, out):
    import_modelopt()
    import onnx
    from modelopt.onnx.autocast import convert_to_mixed_precision

    onnx.save(convert_to_mixed_precision(str(model), low_precision_type="fp16", keep_io_types=True), out)


def import_modelopt():
    """ModelOpt imports torch (gigabytes with its CUDA packages) and calls it for FP8 alone; an empty one is enough."""
    import onnxruntime.quantization  # noqa: F401  before the stand-in: it would use torch where it finds it

    if "torch" not in sys.modules:
        torch = types.ModuleType("torch")
        torch.Tensor = type("Tensor", (), {})
        torch.dtype = type("dtype", (), {})
        sys.modules["torch"] = torch


class Reader:
    """Calibration data, a batch at a time. Both tools check for the base class, which differs between them."""

    def __new__(cls, feeds):
        from onnxruntime.quantization import CalibrationDataReader

        class BatchReader(CalibrationDataReader):
            def __init__(self):
                self.rewind()

            def rewind(self):
                self.left = batches(feeds)

            def get_next(self):
                return next(self.left, None)

            def get_first(self):
                return next(batches(feeds))

        return BatchReader()


WORK = {
    "onnxruntime": {
        ("int8", "min-max"): onnxruntime_int8("MinMax"),
        ("int8", "entropy"): onnxruntime_int8("Entropy"),
        ("int8", "percentile"): onnxruntime_int8("Percentile"),
        ("int8", "distribution"): onnxruntime_int8("Distribution"),
        ("fp16", "onnxconverter-common"): onnxruntime_fp16,
    },
    "modelopt": {
        ("int8", "max"): modelopt_int8("max"),
        ("int8", "entropy"): modelopt_int8("entropy"),
        ("fp16", "autocast"): modelopt_fp16,
    },
}


def main():
    source, data, data_folder, out = Path(sys.argv[2]), sys.argv[3], sys.argv[4], Path(sys.argv[5])
    out.mkdir(parents=True, exist_ok=True)
    # ModelOpt writes inferred shapes into the model that it is given.
    model = Path(shutil.copy(source, out / f"{TOOL}-source.onnx"))
    feeds = load_feeds(data, "calibration", data_folder)
    results = []
    for (precision, method), make in WORK[TOOL].items():
        path = out / f"{TOOL}-{precision}-{method}.onnx"
        entry = dict(tool=TOOL, precision=precision, method=method)
        started = time.perf_counter()
        try:
            # What tools print must not end up among the results.
            with contextlib.redirect_stdout(sys.stderr):
                make(model, feeds, path)
            entry["path"] = str(path)
        except (Exception, SystemExit) as error:
            lines = str(error).strip().splitlines()
            entry["error"] = f"{type(error).__name__}: {lines[0] if lines else ''}"
        results.append(entry | dict(seconds=round(time.perf_counter() - started, 2)))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
