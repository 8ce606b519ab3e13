// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trtn {

/// Element types as JavaScript names them (`lib/tensor/element-type.ts` holds the same list in the same
/// order).
enum class ElementType : int {
  kFloat32,
  kFloat16,
  kBFloat16,
  kFloat64,
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kBool,
  kString,
  kFloat8E4M3,
  kFloat8E5M2,
  kInt4,
  kUInt4,
  kFloat4E2M1,
  kUnknown
};

/// The JavaScript name ("float32"), "unknown" for kUnknown.
const char* ElementTypeName(ElementType type);
/// Bits of one element, 0 where it has no fixed size (string, unknown).
size_t ElementBits(ElementType type);

/// Number of elements; negative dimensions must have been resolved before. Throws on overflow.
size_t ElementCount(const std::vector<int64_t>& dims);
/// Bytes of a dense tensor, packed types rounded up to whole bytes. Throws on overflow.
size_t TensorBytes(ElementType type, const std::vector<int64_t>& dims);

/// An input or output of a model as its file declares it.
struct TensorInfo {
  std::string name;
  ElementType type = ElementType::kUnknown;
  /// -1 where the dimension is dynamic.
  std::vector<int64_t> dims;
  /// Same length as dims; the symbolic name of a dynamic dimension, empty where it has none.
  std::vector<std::string> dim_names;
  /// True where the values, not the shape, must be known when the shapes are (TensorRT's shape tensors).
  bool is_shape_tensor = false;
};

/// Where a tensor's bytes are.
enum class MemoryPlace { kHost, kDevice };

/// A dense tensor that somebody else owns. On a device `data` is the device's address.
struct TensorView {
  ElementType type = ElementType::kUnknown;
  /// -1 where only a run can tell (an output whose size depends on the data).
  std::vector<int64_t> dims;
  void* data = nullptr;
  /// Size of the tensor; with a dimension of -1, of the most that it can be.
  size_t bytes = 0;
  MemoryPlace place = MemoryPlace::kHost;
};

}  // namespace trtn
