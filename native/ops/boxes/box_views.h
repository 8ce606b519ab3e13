// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/tensor.h"

namespace trtn::ops {

/// Throws ERR_TRT_RUN_FAILED where a tensor has other than `elements`, or not the bytes that they take: what
/// checks of TypeScript have let through, and what would read or write beyond memory.
inline void RequireElements(const TensorView& view, int64_t elements, const char* operator_name) {
  if (static_cast<int64_t>(ElementCount(view.dims)) == elements &&
      view.bytes >= TensorBytes(view.type, view.dims))
    return;
  throw Error("ERR_TRT_RUN_FAILED",
              std::string("The operator \"") + operator_name + "\" got tensors that do not fit each other.");
}

/// The same for tensors that are read or written as T.
template <typename T>
void RequireElementsOf(const TensorView& view, int64_t elements, const char* operator_name) {
  RequireElements(view, ElementBits(view.type) == 8 * sizeof(T) ? elements : -1, operator_name);
}

}  // namespace trtn::ops
