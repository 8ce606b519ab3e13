// SPDX-License-Identifier: Apache-2.0
// A string tensor in one block of memory: the length of each string in bytes, as uint32_t, then their texts
// one after the other. Lengths, not terminators: a string may hold a NUL. `lib/tensor/packed-strings.ts`
// makes and reads the same. The block may lie at any address.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor.h"

namespace trtn {

constexpr size_t kPackedLengthBytes = sizeof(uint32_t);

/// Number of strings in a packed tensor. Throws ERR_TRT_RUN_INPUT_SIZE unless its lengths and texts fill its
/// bytes exactly.
size_t CountPackedStrings(const TensorView& view);

/// Length of one string of a block that has been counted.
uint32_t PackedLength(const TensorView& view, size_t index);

/// Where the texts begin.
const char* PackedTexts(const TensorView& view, size_t count);

}  // namespace trtn
