// SPDX-License-Identifier: Apache-2.0
#include "cuda/lz4_block.h"

#include <cstdint>
#include <cstring>

namespace trtn::cuda {
namespace {

constexpr size_t kMinMatch = 4;
constexpr size_t kLongLength = 15;

struct Lz4Input {
  const unsigned char* at;
  const unsigned char* end;
  size_t left() const { return static_cast<size_t>(end - at); }

  /// A length of four bits that goes on in further bytes where all four are set. False where the input ends.
  bool ReadLength(size_t& length) {
    if (length != kLongLength) return true;
    unsigned char byte = 255;
    while (byte == 255) {
      if (at == end) return false;
      byte = *at++;
      length += byte;
    }
    return true;
  }
};

}  // namespace

bool ExpandLz4(const char* block, size_t bytes, char* to, size_t expanded) {
  Lz4Input input{reinterpret_cast<const unsigned char*>(block),
                 reinterpret_cast<const unsigned char*>(block) + bytes};
  size_t done = 0;
  while (input.left() > 0) {
    const unsigned char token = *input.at++;
    size_t literals = token >> 4;
    if (!input.ReadLength(literals) || literals > input.left() || literals > expanded - done) return false;
    if (literals > 0) std::memcpy(to + done, input.at, literals);
    input.at += literals;
    done += literals;
    // The last sequence has literals alone.
    if (input.left() == 0) return done == expanded;
    if (input.left() < 2) return false;
    const size_t distance = input.at[0] | static_cast<size_t>(input.at[1]) << 8;
    input.at += 2;
    size_t match = token & kLongLength;
    if (!input.ReadLength(match)) return false;
    match += kMinMatch;
    if (distance == 0 || distance > done || match > expanded - done) return false;
    // Byte by byte: a match may run into what it writes.
    for (size_t i = 0; i < match; i++, done++) to[done] = to[done - distance];
  }
  return done == expanded && bytes == 0;
}

}  // namespace trtn::cuda
