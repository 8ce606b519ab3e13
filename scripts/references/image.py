# SPDX-License-Identifier: Apache-2.0
"""Writes test/references/image: what Pillow, OpenCV and NumPy make of small images.

    pip install -r scripts/references/requirements.txt
    python scripts/references/image.py

Each case of image.json has the options of preprocessImages(), its images (pixels are arrays of image.npz), the array
that it must give, and by how much it may differ.
"""

import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "test" / "references" / "image"

# Libraries that resize bytes round to whole levels, Pillow after each of its two passes: one level of 255.
LEVEL = 1
# Of outputs in [0, 1]: rounding of float32 sums in another order.
FLOAT = 1e-5

arrays: dict[str, np.ndarray] = {}
cases: list[dict] = []
random = np.random.default_rng(20)


def pixels(width: int, height: int, channels: int) -> np.ndarray:
    """A smooth picture with noise: every filter has something to do."""
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.stack([127 + 90 * np.sin(x / (3 + c) + y / (5 - c)) for c in range(channels)], axis=-1)
    noisy = smooth + random.integers(-60, 60, smooth.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def keep(array: np.ndarray) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = np.ascontiguousarray(array)
    return name


def image(data: np.ndarray, width: int, height: int, format: str, **more) -> dict:
    return {"width": width, "height": height, "format": format, **more, "pixels": keep(data.reshape(-1))}


def rgb(picture: np.ndarray, format: str = "rgb", **more) -> dict:
    return image(picture, picture.shape[1], picture.shape[0], format, **more)


def case(name: str, images: list[dict], options: dict, expected: np.ndarray, tolerance: float, relative: float = 0):
    cases.append(
        {
            "name": name,
            "images": images,
            "options": options,
            "expected": keep(np.asarray(expected, dtype=np.float32)),
            "tolerance": tolerance,
            "relative": relative,
        }
    )


def chw(picture: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.atleast_3d(picture), -1, 0)[None]


def size_of(width: int, height: int) -> dict:
    return {"width": width, "height": height}


def pillow_float(picture: np.ndarray, width: int, height: int, filter: int) -> np.ndarray:
    planes = [Image.fromarray(picture[:, :, c].astype(np.float32)) for c in range(picture.shape[2])]
    return np.stack([np.asarray(plane.resize((width, height), filter)) for plane in planes])[None]


SIZES = [(37, 29, 16, 12), (16, 12, 37, 29), (37, 29, 37, 29), (37, 29, 12, 40), (1, 1, 5, 3), (9, 1, 4, 4), (1, 9, 3, 5)]


def resizes():
    pillow = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    opencv = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
    for width, height, to_width, to_height in SIZES:
        picture = pixels(width, height, 3)
        source, size = rgb(picture), size_of(to_width, to_height)
        what = f"{width}x{height} to {to_width}x{to_height}"
        for name, code in pillow.items():
            options = {"size": size, "filter": name, "antialias": True}
            levels = Image.fromarray(picture).resize((to_width, to_height), code)
            case(f"Pillow {name} {what}", [source], {**options, "type": "uint8"}, chw(np.asarray(levels)), LEVEL)
            case(f"Pillow {name} {what} in float", [source], options,
                 pillow_float(picture, to_width, to_height, code) / 255, FLOAT)
        for name, code in opencv.items():
            options = {"size": size, "filter": name, "antialias": False}
            levels = cv2.resize(picture, (to_width, to_height), interpolation=code)
            case(f"OpenCV {name} {what}", [source], {**options, "type": "uint8"}, chw(levels), LEVEL)
            exact = cv2.resize(picture.astype(np.float32), (to_width, to_height), interpolation=code)
            case(f"OpenCV {name} {what} in float", [source], options, chw(exact) / 255, FLOAT)
        nearest = cv2.resize(picture, (to_width, to_height), interpolation=cv2.INTER_NEAREST)
        options = {"size": size, "filter": "nearest", "type": "uint8"}
        case(f"OpenCV nearest {what}", [source], {**options, "coordinates": "asymmetric"}, chw(nearest), 0)
        nearest = Image.fromarray(picture).resize((to_width, to_height), Image.Resampling.NEAREST)
        case(f"Pillow nearest {what}", [source], options, chw(np.asarray(nearest)), 0)


def areas():
    # OpenCV's INTER_AREA is no area where one side grows and the other shrinks: such sizes are left out.
    for width, height, to_width, to_height in [(36, 24, 12, 8), (37, 29, 16, 12), (16, 12, 37, 29), (40, 6, 7, 5)]:
        picture = pixels(width, height, 3)
        options = {"size": size_of(to_width, to_height), "filter": "area"}
        what = f"{width}x{height} to {to_width}x{to_height}"
        levels = cv2.resize(picture, (to_width, to_height), interpolation=cv2.INTER_AREA)
        case(f"OpenCV area {what}", [rgb(picture)], {**options, "type": "uint8"}, chw(levels), LEVEL)
        exact = cv2.resize(picture.astype(np.float32), (to_width, to_height), interpolation=cv2.INTER_AREA)
        case(f"OpenCV area {what} in float", [rgb(picture)], options, chw(exact) / 255, FLOAT)


def sampled(picture: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Linear interpolation in float64 at positions of pixel indexes; the edge is repeated."""
    columns = np.arange(picture.shape[1])
    rows = np.arange(picture.shape[0])
    wide = np.apply_along_axis(lambda line: np.interp(xs, columns, line), 1, picture.astype(np.float64))
    return np.apply_along_axis(lambda line: np.interp(ys, rows, line), 0, wide)


def coordinates():
    for width, height, to_width, to_height in [(13, 9, 30, 21), (30, 21, 13, 9), (7, 5, 1, 5)]:
        picture = pixels(width, height, 3)
        i, j = np.arange(to_width), np.arange(to_height)
        places = {
            "align-corners": (
                i * (width - 1) / max(to_width - 1, 1),
                j * (height - 1) / max(to_height - 1, 1),
            ),
            "asymmetric": (i * width / to_width, j * height / to_height),
        }
        for name, (xs, ys) in places.items():
            options = {"size": size_of(to_width, to_height), "antialias": False, "coordinates": name}
            case(f"NumPy {name} {width}x{height} to {to_width}x{to_height}", [rgb(picture)], options,
                 chw(sampled(picture, xs, ys)) / 255, FLOAT)


def fits():
    picture = pixels(45, 25, 3)
    # 32 / 45 * 25 = 17.8: 18 rows, 7 above and 7 below.
    resized = cv2.resize(picture.astype(np.float32), (32, 18), interpolation=cv2.INTER_LINEAR)
    boxed = cv2.copyMakeBorder(resized, 7, 7, 0, 0, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    options = {"size": 32, "fit": "contain", "fill": 114, "antialias": False}
    case("OpenCV letterbox", [rgb(picture)], options, chw(boxed) / 255, FLOAT)
    resized = cv2.resize(picture, (32, 18), interpolation=cv2.INTER_LINEAR)
    boxed = cv2.copyMakeBorder(resized, 7, 7, 0, 0, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    blob = cv2.dnn.blobFromImage(boxed, 1 / 255, swapRB=True)
    case("OpenCV letterbox and blobFromImage", [rgb(picture, "bgr")], options, blob, 1 / 255)
    boxed = cv2.copyMakeBorder(resized, 0, 14, 0, 0, cv2.BORDER_CONSTANT, value=(10, 20, 30))
    case("OpenCV letterbox from the top", [rgb(picture)],
         {**options, "position": "start", "fill": [10, 20, 30], "type": "uint8"}, chw(boxed), LEVEL)
    # As torchvision's Resize and CenterCrop on Pillow images.
    wide = pixels(60, 40, 3)
    levels = np.asarray(Image.fromarray(wide).resize((30, 20), Image.Resampling.BILINEAR))
    options = {"fit": "cover", "type": "uint8"}
    case("Pillow resize and centre crop", [rgb(wide)], {**options, "size": 20}, chw(levels[:, 5:25]), LEVEL)
    case("Pillow resize and smaller centre crop", [rgb(wide)], {**options, "size": 16, "coverFraction": 0.8},
         chw(levels[2:18, 7:23]), LEVEL)
    cut = picture[3:22, 5:36]
    crop = {"x": 5, "y": 3, "width": 31, "height": 19}
    levels = np.asarray(Image.fromarray(cut).resize((11, 13), Image.Resampling.BICUBIC))
    options = {"size": size_of(11, 13), "filter": "bicubic", "type": "uint8"}
    case("Pillow crop and resize", [rgb(picture, crop=crop)], options, chw(levels), LEVEL)
    levels = cv2.resize(cut, (11, 13), interpolation=cv2.INTER_CUBIC)
    case("OpenCV crop and resize", [rgb(picture, crop=crop)], {**options, "antialias": False}, chw(levels), LEVEL)


def yuv_levels(y, u, v, matrix: str, range: str) -> np.ndarray:
    """ITU-R BT.601 and BT.709 in float64."""
    red, blue = (0.299, 0.114) if matrix == "bt601" else (0.2126, 0.0722)
    if range == "limited":
        y, u, v = (np.maximum(y, 16) - 16) / 219, (u - 128) / 224, (v - 128) / 224
    else:
        y, u, v = y / 255, (u - 128) / 255, (v - 128) / 255
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.rint(np.stack([r, g, b], axis=-1) * 255), 0, 255)


def formats():
    size = size_of(14, 10)
    options = {"size": size, "filter": "nearest", "type": "uint8"}
    rgba = pixels(14, 10, 4)
    case("RGBA without its alpha", [rgb(rgba, "rgba")], options, chw(rgba[:, :, :3]), 0)
    case("BGRA", [rgb(rgba, "bgra")], options, chw(rgba[:, :, 2::-1]), 0)
    case("BGR to BGR", [rgb(rgba[:, :, :3], "bgr")], {**options, "channels": "bgr"}, chw(rgba[:, :, :3]), 0)
    gray = pixels(14, 10, 1)
    case("gray to RGB", [rgb(gray, "gray")], options, np.repeat(chw(gray), 3, axis=1), 0)
    case("gray to gray", [rgb(gray, "gray")], {**options, "channels": "gray"}, chw(gray), 0)
    levels = cv2.cvtColor(np.ascontiguousarray(rgba[:, :, :3]), cv2.COLOR_RGB2GRAY)
    case("RGBA to gray", [rgb(rgba, "rgba")], {**options, "channels": "gray"}, chw(levels), LEVEL)
    padded = np.zeros((10, 50), np.uint8)
    padded[:, :42] = rgba[:, :, :3].reshape(10, 42)
    case("rows with a gap", [image(padded, 14, 10, "rgb", stride=50)], options, chw(rgba[:, :, :3]), 0)
    planes = random.integers(0, 256, (15, 14), dtype=np.uint8)
    packed = random.integers(0, 256, (10, 14, 2), dtype=np.uint8)
    sources = {
        "nv12": (planes, cv2.COLOR_YUV2RGB_NV12),
        "i420": (planes, cv2.COLOR_YUV2RGB_I420),
        "yuyv": (packed, cv2.COLOR_YUV2RGB_YUYV),
    }
    luma = planes[:10].astype(np.float64)
    twice = lambda chroma: chroma.repeat(2, axis=0).repeat(2, axis=1).astype(np.float64)
    parts = {
        "nv12": (luma, twice(planes[10:, 0::2]), twice(planes[10:, 1::2])),
        "i420": (luma, twice(planes[10:].reshape(2, 5, 7)[0]), twice(planes[10:].reshape(2, 5, 7)[1])),
        "yuyv": (packed[:, :, 0].astype(np.float64), packed[:, 0::2, 1].repeat(2, axis=1).astype(np.float64),
                 packed[:, 1::2, 1].repeat(2, axis=1).astype(np.float64)),
    }
    for format, (data, code) in sources.items():
        case(f"OpenCV {format}", [image(data, 14, 10, format)], options, chw(cv2.cvtColor(data, code)), LEVEL)
        for matrix in ("bt601", "bt709"):
            for range in ("limited", "full"):
                source = image(data, 14, 10, format, colorMatrix=matrix, colorRange=range)
                case(f"NumPy {format} {matrix} {range}", [source], options,
                     chw(yuv_levels(*parts[format], matrix, range)), LEVEL)
        levels = cv2.resize(cv2.cvtColor(data, code), (9, 17), interpolation=cv2.INTER_LINEAR)
        case(f"OpenCV {format} resized", [image(data, 14, 10, format)],
             {"size": size_of(9, 17), "antialias": False, "type": "uint8"}, chw(levels), LEVEL)


def types():
    picture = pixels(21, 17, 3)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    base = {"size": size_of(10, 8), "antialias": False, "mean": mean.tolist(), "std": std.tolist()}
    exact = cv2.resize(picture.astype(np.float32), (10, 8), interpolation=cv2.INTER_LINEAR)
    normal = (exact / 255 - mean) / std
    case("mean and standard deviation", [rgb(picture)], base, chw(normal), FLOAT / 0.22)
    case("channels last", [rgb(picture)], {**base, "layout": "nhwc"}, normal[None], FLOAT / 0.22)
    # Rounded to 11 and 8 bits.
    case("float16", [rgb(picture)], {**base, "type": "float16"}, chw(normal), 1e-4, 2**-11)
    case("bfloat16", [rgb(picture)], {**base, "type": "bfloat16"}, chw(normal), 1e-4, 2**-8)
    quantized = np.clip(np.rint(normal / 0.02 - 3), -128, 127)
    case("int8", [rgb(picture)], {**base, "type": "int8", "quantization": {"scale": 0.02, "zeroPoint": -3}},
         chw(quantized), 1)
    second = pixels(9, 30, 4)
    other = cv2.resize(second[:, :, 2::-1].astype(np.float32), (10, 8), interpolation=cv2.INTER_LINEAR)
    case("a batch of two sizes and formats", [rgb(picture), rgb(second, "bgra")], {"size": size_of(10, 8), "antialias": False},
         np.concatenate([chw(exact), chw(other)]) / 255, FLOAT)


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    versions = {"pillow": PIL.__version__, "opencv": cv2.__version__, "numpy": np.__version__}
    lines = ",\n".join(json.dumps(one) for one in cases)
    (FOLDER / "image.json").write_text(f'{{"versions": {json.dumps(versions)},\n"cases": [\n{lines}\n]}}\n')
    # Not numpy.savez: its file has the time in it.
    with zipfile.ZipFile(FOLDER / "image.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), data.getvalue(), zipfile.ZIP_DEFLATED)


for make in (resizes, areas, coordinates, fits, formats, types):
    make()
write()
print(f"{len(cases)} cases, {len(arrays)} arrays")
