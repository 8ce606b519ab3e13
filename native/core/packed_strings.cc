// SPDX-License-Identifier: Apache-2.0
#include "core/packed_strings.h"

#include <cstring>
#include <string>

#include "core/error.h"

namespace trtn {

namespace {

[[noreturn]] void ThrowSize(size_t count, size_t bytes) {
  throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(count) +
                                            " packed strings, but their lengths do not fit the " +
                                            std::to_string(bytes) + " bytes that were given.");
}

}  // namespace

size_t CountPackedStrings(const TensorView& view) {
  const size_t count = ElementCount(view.dims);
  if (count > view.bytes / kPackedLengthBytes) ThrowSize(count, view.bytes);
  size_t left = view.bytes - count * kPackedLengthBytes;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t length = PackedLength(view, i);
    if (length > left) ThrowSize(count, view.bytes);
    left -= length;
  }
  if (left != 0) ThrowSize(count, view.bytes);
  return count;
}

uint32_t PackedLength(const TensorView& view, size_t index) {
  uint32_t length = 0;
  std::memcpy(&length, static_cast<const char*>(view.data) + index * kPackedLengthBytes, sizeof(length));
  return length;
}

const char* PackedTexts(const TensorView& view, size_t count) {
  return static_cast<const char*>(view.data) + count * kPackedLengthBytes;
}

}  // namespace trtn
