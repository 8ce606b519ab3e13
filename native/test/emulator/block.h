// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "ops/emulator.h"
#include "test/emulator/fiber.h"

namespace trtn::emulator {

/// Static shared memory that a block may have on every device.
constexpr size_t kSharedBytes = 48 * 1024;

/// One launch that is under way, for messages and for the fibers.
struct RunningLaunch {
  const ops::KernelLaunch& launch;
  KernelBody body;
  unsigned threads() const { return launch.block.x * launch.block.y; }
};

/// Runs blocks one after the other: their threads' fibers and their shared memory, kept for the next block.
class Block {
 public:
  Block();
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Blocks the calling thread until all threads of the block have ended.
  void Run(RunningLaunch& launch, unsigned x, unsigned y, unsigned z);
  /// Lets the caller see what all blocks so far have written.
  void Join() { Acquire(&ended_); }

  // For the kernel that runs.
  void WaitAtBarrier(const char* file, int line);
  void* SharedMemory(const SharedPlace& place, size_t bytes);

 private:
  struct Thread;
  struct Array {
    SharedPlace place;
    size_t bytes;
    char* memory;
  };
  static constexpr int kMaxArrays = 32;
  static constexpr size_t ArenaBytes();

  static void FiberMain(void* thread);
  void MakeThreads(unsigned count);
  void PlaceThread(unsigned index);
  void StartThread(unsigned index);
  void RunAsFibers(unsigned first);
  void CheckRound() const;
  [[noreturn]] void Fail(const std::string& what) const;
  std::string Describe(const Thread& thread) const;
  /// The index of the thread that comes `turn`-th.
  unsigned InTurn(unsigned turn) const;

  RunningLaunch* launch_ = nullptr;
  Position position_{};
  std::vector<std::unique_ptr<Thread>> threads_;
  Fiber* caller_ = nullptr;
  /// Runs now; null while threads are plain calls of a block that met no barrier.
  Thread* running_ = nullptr;
  char* stacks_ = nullptr;
  char* arena_ = nullptr;
  size_t arena_used_ = 0, shared_bytes_ = 0;
  Array arrays_[kMaxArrays];
  int array_count_ = 0;
  // What the thread sanitizer knows the order of fibers by.
  char begun_ = 0, ended_ = 0, barrier_ = 0;
};

}  // namespace trtn::emulator
