// SPDX-License-Identifier: Apache-2.0
//
// TensorRT's headers of the family that this translation unit is compiled for. The build renames the
// namespaces nvinfer1 and nvonnxparser and sets TRTN_FAMILY, a namespace of ours, so that three copies live
// in one binary.
#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <cstdint>
#include <memory>

#if defined(TRT_MAJOR_RTX)
#define TRTN_IS_RTX 1
#define TRTN_IS_10 0
#else
#define TRTN_IS_RTX 0
#define TRTN_IS_10 (TRT_MAJOR_ENTERPRISE == 10)
#endif

namespace trtn::trt::TRTN_FAMILY {

namespace nv = nvinfer1;

/// Objects that TensorRT creates are deleted through their virtual destructors.
template <class T>
using Owned = std::unique_ptr<T>;

/// False for null, and for the small numbers that a failed creation of TensorRT 10 and 11 returns in its
/// place.
inline bool IsObject(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) >= 65536; }

}  // namespace trtn::trt::TRTN_FAMILY
