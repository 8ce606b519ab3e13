// SPDX-License-Identifier: Apache-2.0
#include "trt/family/tensor_description.h"

#include <algorithm>

namespace trtn::trt::TRTN_FAMILY {

ElementType ElementTypeOf(nv::DataType type) {
  switch (type) {
    case nv::DataType::kFLOAT:
      return ElementType::kFloat32;
    case nv::DataType::kHALF:
      return ElementType::kFloat16;
    case nv::DataType::kINT8:
      return ElementType::kInt8;
    case nv::DataType::kINT32:
      return ElementType::kInt32;
    case nv::DataType::kBOOL:
      return ElementType::kBool;
    case nv::DataType::kUINT8:
      return ElementType::kUInt8;
    case nv::DataType::kFP8:
      return ElementType::kFloat8E4M3;
    case nv::DataType::kBF16:
      return ElementType::kBFloat16;
    case nv::DataType::kINT64:
      return ElementType::kInt64;
    case nv::DataType::kINT4:
      return ElementType::kInt4;
    case nv::DataType::kFP4:
      return ElementType::kFloat4E2M1;
    default:
      return ElementType::kUnknown;
  }
}

std::vector<int64_t> ToVector(const nv::Dims& dims) {
  std::vector<int64_t> values;
  for (int32_t i = 0; i < dims.nbDims; i++) values.push_back(dims.d[i]);
  return values;
}

bool ToDims(const std::vector<int64_t>& values, nv::Dims& dims) {
  if (values.size() > static_cast<size_t>(nv::Dims::MAX_DIMS)) return false;
  dims.nbDims = static_cast<int32_t>(values.size());
  std::copy(values.begin(), values.end(), dims.d);
  return true;
}

TensorInfo Describe(const nv::ITensor& tensor) {
  TensorInfo info;
  info.name = tensor.getName();
  info.type = ElementTypeOf(tensor.getType());
  info.is_shape_tensor = tensor.isShapeTensor();
  const nv::Dims dims = tensor.getDimensions();
  for (int32_t i = 0; i < dims.nbDims; i++) {
    info.dims.push_back(dims.d[i]);
    const char* name = dims.d[i] < 0 ? tensor.getDimensionName(i) : nullptr;
    info.dim_names.push_back(name != nullptr ? name : "");
  }
  return info;
}

}  // namespace trtn::trt::TRTN_FAMILY
