// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nv.h"

namespace standin {

using Shape = std::vector<int64_t>;

std::optional<nv::DataType> ParseType(const std::string& name);
/// "Float", as the inspector writes it.
const char* TypeName(nv::DataType type);
/// Bytes of one element; 0 for packed types.
int64_t ElementBytes(nv::DataType type);
/// Product of the dimensions, -1 if one of them is unknown.
int64_t ElementCount(const Shape& shape);
/// -1 if a dimension is unknown.
int64_t ByteCount(const Shape& shape, nv::DataType type);
/// "[1,3]"
std::string ShapeText(const Shape& shape);
nv::Dims ToDims(const Shape& shape);
Shape FromDims(const nv::Dims& dims);

}  // namespace standin
