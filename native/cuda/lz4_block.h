// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace trtn::cuda {

/// Expands a block of LZ4's block format (lz4_Block_format.md of LZ4) into exactly `expanded` bytes. Reads
/// and writes nothing outside of the two, whatever the input is: false if the block is damaged or has another
/// size.
bool ExpandLz4(const char* block, size_t bytes, char* to, size_t expanded);

}  // namespace trtn::cuda
