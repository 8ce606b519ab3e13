// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace trtn::ops {

/// Blocks of a grid, or threads of a block.
struct Extent {
  uint32_t x = 1, y = 1, z = 1;
};

/// What the oldest drivers take, less some room.
constexpr size_t kMaxKernelArgument = 4000;

/// One launch of a kernel; the same for the device and for the emulator.
struct KernelLaunch {
  /// As written in TRTN_KERNEL(name); the symbol is "trtn_" + name.
  std::string kernel;
  Extent grid, block;
  /// The kernel's one argument.
  std::vector<uint8_t> argument;
};

template <class Argument>
KernelLaunch MakeLaunch(std::string kernel, Extent grid, Extent block, const Argument& argument) {
  static_assert(std::is_trivially_copyable_v<Argument> && sizeof(Argument) <= kMaxKernelArgument);
  KernelLaunch launch{std::move(kernel), grid, block, std::vector<uint8_t>(sizeof(Argument))};
  std::memcpy(launch.argument.data(), &argument, sizeof(Argument));
  return launch;
}

/// Blocks of `size` that cover `count`; at least one, so that a launch is valid.
constexpr uint32_t BlocksFor(int64_t count, uint32_t size) {
  return count <= 0 ? 1 : static_cast<uint32_t>((count + size - 1) / size);
}

}  // namespace trtn::ops
