// SPDX-License-Identifier: Apache-2.0
#include "ops/emulator.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "test/emulator/block.h"

namespace trtn::emulator {
namespace {

struct Kernel {
  KernelBody body;
  size_t argument_bytes;
};

// Never destroyed: threads of streams may outlive main().
std::map<std::string, Kernel>& Kernels() {
  static auto* kernels = new std::map<std::string, Kernel>;
  return *kernels;
}

/// Blocks that no launch uses. What they took, a thousand stacks, is worth keeping.
class BlockStore {
 public:
  std::unique_ptr<Block> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (blocks_.empty()) return std::make_unique<Block>();
    std::unique_ptr<Block> block = std::move(blocks_.back());
    blocks_.pop_back();
    return block;
  }
  void GiveBack(std::unique_ptr<Block> block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    blocks_.push_back(std::move(block));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

BlockStore& TheBlocks() {
  static auto* blocks = new BlockStore;
  return *blocks;
}

/// A block for the time of a launch.
class BorrowedBlock {
 public:
  BorrowedBlock() : block_(TheBlocks().Take()) {}
  ~BorrowedBlock() { TheBlocks().GiveBack(std::move(block_)); }
  BorrowedBlock(const BorrowedBlock&) = delete;
  BorrowedBlock& operator=(const BorrowedBlock&) = delete;
  Block& operator*() { return *block_; }

 private:
  std::unique_ptr<Block> block_;
};

__thread Block* t_block __attribute__((tls_model("initial-exec"))) = nullptr;

TRTN_UNSEEN void SetBlock(Block* block) { t_block = block; }
TRTN_UNSEEN Block& TheBlock() { return *t_block; }

std::string Text(const ops::Extent& extent) {
  return std::to_string(extent.x) + "x" + std::to_string(extent.y) + "x" + std::to_string(extent.z);
}

/// What every device since sm_75 takes.
void CheckGeometry(const ops::KernelLaunch& launch) {
  const ops::Extent &grid = launch.grid, &block = launch.block;
  constexpr uint32_t kMaxX = 0x7fffffff, kMaxYz = 65535, kMaxThreads = 1024;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > kMaxX || grid.y > kMaxYz || grid.z > kMaxYz) {
    throw std::invalid_argument("kernel " + launch.kernel + ": no device takes a grid of " + Text(grid));
  }
  // Kernels cannot ask for the third index of a thread.
  if (block.x == 0 || block.y == 0 || block.z != 1 || uint64_t{block.x} * block.y > kMaxThreads) {
    throw std::invalid_argument("kernel " + launch.kernel + ": no block of " + Text(block) + " threads");
  }
}

const Kernel& Check(const ops::KernelLaunch& launch) {
  const auto found = Kernels().find(launch.kernel);
  if (found == Kernels().end()) throw std::invalid_argument("there is no kernel " + launch.kernel);
  const Kernel& kernel = found->second;
  if (launch.argument.size() != kernel.argument_bytes) {
    throw std::invalid_argument("kernel " + launch.kernel + " takes an argument of " +
                                std::to_string(kernel.argument_bytes) + " bytes, not " +
                                std::to_string(launch.argument.size()));
  }
  CheckGeometry(launch);
  return kernel;
}

}  // namespace

__thread Position position;

bool Register(const char* name, KernelBody body) {
  size_t bytes = 0;
  try {
    body(nullptr);
  } catch (const ArgumentSize& size) {
    bytes = size.bytes;
  }
  // Two of one name cannot be linked for the device either; the message is for the one who wrote the second.
  if (!Kernels().emplace(name, Kernel{body, bytes}).second) {
    std::fprintf(stderr, "emulator: there are two kernels %s.\n", name);
    std::abort();
  }
  return true;
}

bool HasKernel(const std::string& name) { return Kernels().count(name) != 0; }

size_t ArgumentBytes(const std::string& name) {
  const auto found = Kernels().find(name);
  return found == Kernels().end() ? 0 : found->second.argument_bytes;
}

bool IsValid(const ops::KernelLaunch& launch) {
  try {
    Check(launch);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

void Launch(const ops::KernelLaunch& launch) {
  RunningLaunch running{launch, Check(launch).body};
  // Two, so that neighbours in the grid have no order for the thread sanitizer.
  BorrowedBlock even, odd;
  uint64_t number = 0;
  for (unsigned z = 0; z < launch.grid.z; z++) {
    for (unsigned y = 0; y < launch.grid.y; y++) {
      for (unsigned x = 0; x < launch.grid.x; x++, number++) {
        Block& block = number % 2 == 0 ? *even : *odd;
        SetBlock(&block);
        block.Run(running, x, y, z);
      }
    }
  }
  (*even).Join();
  (*odd).Join();
}

void* SharedMemory(const SharedPlace& place, size_t bytes) { return TheBlock().SharedMemory(place, bytes); }

void WaitAtBarrier(const char* file, int line) { TheBlock().WaitAtBarrier(file, line); }

}  // namespace trtn::emulator
