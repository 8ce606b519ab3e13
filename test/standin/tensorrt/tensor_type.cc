// SPDX-License-Identifier: Apache-2.0
#include "tensor_type.h"

#include <algorithm>

namespace standin {

namespace {

struct TypeRow {
  const char* name;
  nv::DataType type;
  const char* label;
  int bits;
};

constexpr TypeRow kTypes[] = {
    {"float32", nv::DataType::kFLOAT, "Float", 32},    {"float16", nv::DataType::kHALF, "Half", 16},
    {"bfloat16", nv::DataType::kBF16, "BFloat16", 16}, {"int8", nv::DataType::kINT8, "Int8", 8},
    {"uint8", nv::DataType::kUINT8, "UInt8", 8},       {"int32", nv::DataType::kINT32, "Int32", 32},
    {"int64", nv::DataType::kINT64, "Int64", 64},      {"bool", nv::DataType::kBOOL, "Bool", 8},
    {"float8e4m3", nv::DataType::kFP8, "FP8", 8},      {"int4", nv::DataType::kINT4, "Int4", 4},
    {"float4e2m1", nv::DataType::kFP4, "FP4", 4},
};

const TypeRow& RowOf(nv::DataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row;
  }
  return kTypes[0];
}

}  // namespace

std::optional<nv::DataType> ParseType(const std::string& name) {
  for (const TypeRow& row : kTypes) {
    if (name == row.name) return row.type;
  }
  return std::nullopt;
}

const char* TypeName(nv::DataType type) { return RowOf(type).label; }

int64_t ElementBytes(nv::DataType type) { return RowOf(type).bits / 8; }

int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0) return -1;
    count *= dim;
  }
  return count;
}

int64_t ByteCount(const Shape& shape, nv::DataType type) {
  int64_t count = ElementCount(shape);
  return count < 0 ? -1 : (count * RowOf(type).bits + 7) / 8;
}

std::string ShapeText(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

nv::Dims ToDims(const Shape& shape) {
  nv::Dims dims{};
  dims.nbDims = static_cast<int32_t>(std::min<size_t>(shape.size(), nv::Dims::MAX_DIMS));
  std::copy_n(shape.begin(), dims.nbDims, dims.d);
  return dims;
}

Shape FromDims(const nv::Dims& dims) {
  if (dims.nbDims < 0) return {};
  return Shape(dims.d, dims.d + dims.nbDims);
}

}  // namespace standin
