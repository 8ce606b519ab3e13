// SPDX-License-Identifier: Apache-2.0
#include "ort/element_types.h"

namespace trtn::ort {

namespace {

struct Pair {
  ElementType type;
  int onnx;
};

// Right column: enum ONNXTensorElementDataType of ONNX Runtime's C API.
constexpr Pair kPairs[] = {
    {ElementType::kFloat32, 1},     {ElementType::kUInt8, 2},       {ElementType::kInt8, 3},
    {ElementType::kUInt16, 4},      {ElementType::kInt16, 5},       {ElementType::kInt32, 6},
    {ElementType::kInt64, 7},       {ElementType::kString, 8},      {ElementType::kBool, 9},
    {ElementType::kFloat16, 10},    {ElementType::kFloat64, 11},    {ElementType::kUInt32, 12},
    {ElementType::kUInt64, 13},     {ElementType::kBFloat16, 16},   {ElementType::kFloat8E4M3, 17},
    {ElementType::kUInt4, 21},      {ElementType::kFloat8E5M2, 19}, {ElementType::kInt4, 22},
    {ElementType::kFloat4E2M1, 23},
};

}  // namespace

int ToOnnxType(ElementType type) {
  for (const Pair& pair : kPairs) {
    if (pair.type == type) return pair.onnx;
  }
  return 0;
}

ElementType FromOnnxType(int type) {
  for (const Pair& pair : kPairs) {
    if (pair.onnx == type) return pair.type;
  }
  return ElementType::kUnknown;
}

}  // namespace trtn::ort
