// SPDX-License-Identifier: Apache-2.0
//
// Kernels on the CPU, thread by thread, with the grid, the shared memory and the barriers that they have on a
// device: how their indices, races and accesses out of range are tested without one. Included by prelude.h
// under TRTN_EMULATE; implemented in native/test/emulator, which no shipped binary has.
//
// Each thread of a block is a fiber with a stack of its own. It runs until it ends or meets a barrier, then
// the next one does; blocks come one after the other. For the thread sanitizer each fiber is a thread that
// barriers alone order, and two blocks have no order at all: a race is found whatever the schedule was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "ops/launch.h"

// Bookkeeping that all fibers of a thread share is no business of the thread sanitizer's, which takes them
// for threads.
#define TRTN_UNSEEN __attribute__((no_sanitize("thread")))

namespace trtn::emulator {

/// Where in the grid the running thread is.
struct Position {
  unsigned thread_x, thread_y, block_x, block_y, block_z;
  unsigned block_size_x, block_size_y, grid_size_x, grid_size_y;
};
// initial-exec: the stand-in driver is a library, and its threads' storage must not come from the heap of
// others.
extern __thread Position position __attribute__((tls_model("initial-exec")));

/// Runs a kernel to its end on the calling thread. Throws std::invalid_argument for an unknown kernel, a
/// geometry that no device takes, or an argument of another size than the kernel's. Ends the process with a
/// message where the threads of a block part at a barrier, which on a device hangs or worse. Any number of
/// threads may call at once.
void Launch(const ops::KernelLaunch& launch);
/// Whether Launch() takes it.
bool IsValid(const ops::KernelLaunch& launch);
bool HasKernel(const std::string& name);
/// Of the kernel's argument; 0 for an unknown kernel.
size_t ArgumentBytes(const std::string& name);

/// Where a shared array is declared. Those of a macro have one line, and only their names tell them apart.
struct SharedPlace {
  const char* name;
  const char* file;
  int line;
};

/// Memory of the running block, the same for all of its threads: one array for each place. Undefined at the
/// block's beginning, like the device's: 0xCD.
void* SharedMemory(const SharedPlace& place, size_t bytes);
template <class T>
T* SharedArray(const char* name, int line, size_t count, const char* file = __builtin_FILE()) {
  return static_cast<T*>(SharedMemory({name, file, line}, count * sizeof(T)));
}

void WaitAtBarrier(const char* file, int line);

/// What Launch() found for the kernel to take. Converts into whatever the kernel's parameter is; `Kernel`
/// only makes the compiler look for the function after it has read the whole file.
template <class Kernel>
struct Argument {
  const void* bytes;
  template <class T>
  operator T() const;
};

/// Thrown instead of running where no argument was given: how Launch() learns the size.
struct ArgumentSize {
  size_t bytes;
};

template <class Kernel>
template <class T>
Argument<Kernel>::operator T() const {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= ops::kMaxKernelArgument,
                "a kernel takes one plain struct of at most kMaxKernelArgument bytes");
  if (bytes == nullptr) throw ArgumentSize{sizeof(T)};
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

using KernelBody = void (*)(const void* argument);
/// Keeps the kernel under its name; always true.
bool Register(const char* name, KernelBody body);

}  // namespace trtn::emulator

// The function's parameter list and body follow the macro, so that the registration before them cannot name
// its type.
#define TRTN_EMULATED_KERNEL(name)                                                              \
  struct trtn_kernel_##name {                                                                   \
    template <class Kernel>                                                                     \
    static void Run(const void* argument) {                                                     \
      trtn_##name(::trtn::emulator::Argument<Kernel>{argument});                                \
    }                                                                                           \
  };                                                                                            \
  [[maybe_unused]] static const bool trtn_registered_##name =                                   \
      ::trtn::emulator::Register(#name, &trtn_kernel_##name::template Run<trtn_kernel_##name>); \
  static void trtn_##name

namespace trtn::gpu {

TRTN_UNSEEN inline unsigned ThreadX() { return emulator::position.thread_x; }
TRTN_UNSEEN inline unsigned ThreadY() { return emulator::position.thread_y; }
TRTN_UNSEEN inline unsigned BlockX() { return emulator::position.block_x; }
TRTN_UNSEEN inline unsigned BlockY() { return emulator::position.block_y; }
TRTN_UNSEEN inline unsigned BlockZ() { return emulator::position.block_z; }
TRTN_UNSEEN inline unsigned BlockSizeX() { return emulator::position.block_size_x; }
TRTN_UNSEEN inline unsigned BlockSizeY() { return emulator::position.block_size_y; }
TRTN_UNSEEN inline unsigned GridSizeX() { return emulator::position.grid_size_x; }
TRTN_UNSEEN inline unsigned GridSizeY() { return emulator::position.grid_size_y; }
inline void Barrier(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulator::WaitAtBarrier(file, line);
}
inline int AtomicAdd(int* to, int value) { return __atomic_fetch_add(to, value, __ATOMIC_RELAXED); }

}  // namespace trtn::gpu
