// SPDX-License-Identifier: Apache-2.0
#include "test/emulator/block.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "test/emulator/sanitizers.h"

#ifdef TRTN_ASAN
extern "C" void __asan_poison_memory_region(const volatile void* address, size_t bytes);
extern "C" void __asan_unpoison_memory_region(const volatile void* address, size_t bytes);
#endif

namespace trtn::emulator {
namespace {

constexpr unsigned kMaxThreads = 1024;
// Kernels have small frames; a sanitizer makes them larger.
#ifdef TRTN_ASAN
constexpr size_t kStackBytes = 256 * 1024;
#else
constexpr size_t kStackBytes = 128 * 1024;
#endif
constexpr size_t kPageBytes = 4096;
/// Between two shared arrays: an index that leaves one does not come out in the other.
constexpr size_t kGapBytes = 512;
constexpr size_t kArrayAlignment = 256;

constexpr const char* kParted = "the threads part at a barrier: ";

/// Memory that nobody has touched: a stack of which little is used costs little.
char* Map(size_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(memory);
}

void SetAccess(char* memory, size_t bytes, bool is_allowed) {
#ifdef TRTN_ASAN
  (is_allowed ? __asan_unpoison_memory_region : __asan_poison_memory_region)(memory, bytes);
#endif
}

}  // namespace

constexpr size_t Block::ArenaBytes() { return kSharedBytes + kMaxArrays * (kGapBytes + kArrayAlignment); }

struct Block::Thread {
  enum class State { kReady, kWaiting, kEnded };

  Thread(Block& owner, unsigned number, char* stack)
      : block(owner), index(number), fiber(stack, kStackBytes - kPageBytes, &Block::FiberMain, this) {}

  Block& block;
  const unsigned index;
  State state = State::kReady;
  const char* file = "";
  int line = 0;
  Fiber fiber;
};

Block::Block() : stacks_(Map(kMaxThreads * kStackBytes)), arena_(Map(ArenaBytes())) {
  SetAccess(arena_, ArenaBytes(), false);
}

Block::~Block() {
  threads_.clear();
  SetAccess(arena_, ArenaBytes(), true);
  munmap(stacks_, kMaxThreads * kStackBytes);
  munmap(arena_, ArenaBytes());
}

void Block::MakeThreads(unsigned count) {
  while (threads_.size() < count) {
    const auto index = static_cast<unsigned>(threads_.size());
    char* stack = stacks_ + index * kStackBytes;
    // A stack that overflows ends the process instead of writing into the next one.
    mprotect(stack, kPageBytes, PROT_NONE);
    threads_.push_back(std::make_unique<Thread>(*this, index, stack + kPageBytes));
  }
}

TRTN_UNSEEN void Block::Run(RunningLaunch& launch, unsigned x, unsigned y, unsigned z) {
  Fiber caller;
  caller_ = &caller;
  launch_ = &launch;
  const ops::Extent& size = launch.launch.block;
  const ops::Extent& grid = launch.launch.grid;
  position_ = {0, 0, x, y, z, size.x, size.y, grid.x, grid.y};
  MakeThreads(launch.threads());
  Release(&begun_);
  if (kSeesRaces) {
    RunAsFibers(0);
  } else {
    // The first thread tells: where it met no barrier, no other thread may, and calls are quicker than
    // fibers.
    StartThread(InTurn(0));
    if (threads_[InTurn(0)]->state == Thread::State::kEnded) {
      running_ = nullptr;
      for (unsigned turn = 1; turn < launch.threads(); turn++) {
        PlaceThread(InTurn(turn));
        launch.body(launch.launch.argument.data());
      }
    } else {
      RunAsFibers(1);
    }
  }
  SetAccess(arena_, ArenaBytes(), false);
  array_count_ = 0;
  arena_used_ = shared_bytes_ = 0;
}

// Backwards in every other block: what depends on the order of threads shows as another result.
TRTN_UNSEEN unsigned Block::InTurn(unsigned turn) const {
  return position_.block_x % 2 == 0 ? turn : launch_->threads() - 1 - turn;
}

TRTN_UNSEEN void Block::PlaceThread(unsigned index) {
  position_.thread_x = index % position_.block_size_x;
  position_.thread_y = index / position_.block_size_x;
  position = position_;
}

TRTN_UNSEEN void Block::StartThread(unsigned index) {
  Thread& thread = *threads_[index];
  PlaceThread(index);
  thread.state = Thread::State::kReady;
  running_ = &thread;
  caller_->SwitchTo(thread.fiber);
}

/// From barrier to barrier, all threads each time, until all have ended.
TRTN_UNSEEN void Block::RunAsFibers(unsigned first) {
  const unsigned count = launch_->threads();
  bool is_over = false;
  for (unsigned from = first; !is_over; from = 0) {
    for (unsigned turn = from; turn < count; turn++) StartThread(InTurn(turn));
    CheckRound();
    is_over = threads_[0]->state == Thread::State::kEnded;
  }
}

TRTN_UNSEEN void Block::CheckRound() const {
  const Thread& first = *threads_[0];
  for (unsigned index = 1; index < launch_->threads(); index++) {
    const Thread& other = *threads_[index];
    const bool is_apart = other.state != first.state ||
                          (first.state == Thread::State::kWaiting &&
                           (other.line != first.line || std::strcmp(other.file, first.file) != 0));
    if (is_apart) Fail(std::string(kParted) + Describe(first) + ", " + Describe(other));
  }
}

TRTN_UNSEEN void Block::FiberMain(void* argument) {
  Thread& thread = *static_cast<Thread*>(argument);
  Block& block = thread.block;
  for (;;) {
    // After what the launching thread did before, and after the blocks that had this one's shared memory.
    Acquire(&block.begun_);
    Acquire(&block.ended_);
    block.launch_->body(block.launch_->launch.argument.data());
    Release(&block.ended_);
    thread.state = Thread::State::kEnded;
    thread.fiber.SwitchTo(*block.caller_);
  }
}

TRTN_UNSEEN void Block::WaitAtBarrier(const char* file, int line) {
  if (running_ == nullptr) {
    Fail(std::string(kParted) + Describe(*threads_[InTurn(0)]) + ", another waits at " + file + ":" +
         std::to_string(line));
  }
  Thread& thread = *running_;
  thread.state = Thread::State::kWaiting;
  thread.file = file;
  thread.line = line;
  Release(&barrier_);
  thread.fiber.SwitchTo(*caller_);
  Acquire(&barrier_);
}

TRTN_UNSEEN void* Block::SharedMemory(const SharedPlace& place, size_t bytes) {
  for (int i = 0; i < array_count_; i++) {
    const Array& array = arrays_[i];
    const bool is_it = array.place.line == place.line && array.bytes == bytes &&
                       std::strcmp(array.place.name, place.name) == 0 &&
                       std::strcmp(array.place.file, place.file) == 0;
    if (is_it) return array.memory;
  }
  const size_t room = (bytes + kArrayAlignment - 1) / kArrayAlignment * kArrayAlignment;
  shared_bytes_ += bytes;
  if (array_count_ == kMaxArrays || shared_bytes_ > kSharedBytes) {
    Fail("a block has more than " + std::to_string(kMaxArrays) + " shared arrays, or more than " +
         std::to_string(kSharedBytes) + " bytes of them");
  }
  char* memory = arena_ + arena_used_ + kGapBytes;
  arena_used_ += kGapBytes + room;
  SetAccess(memory, bytes, true);
  arrays_[array_count_++] = {place, bytes, memory};
  // Volatile: not made a memset(), which the thread sanitizer sees.
  for (size_t i = 0; i < bytes; i++) static_cast<volatile char*>(memory)[i] = static_cast<char>(0xCD);
  return memory;
}

std::string Block::Describe(const Thread& thread) const {
  const unsigned x = thread.index % position_.block_size_x, y = thread.index / position_.block_size_x;
  const std::string who = "thread (" + std::to_string(x) + ", " + std::to_string(y) + ") ";
  if (thread.state == Thread::State::kEnded) return who + "has ended";
  return who + "waits at " + thread.file + ":" + std::to_string(thread.line);
}

void Block::Fail(const std::string& what) const {
  std::fprintf(stderr, "emulator: kernel %s, block (%u, %u, %u): %s.\n", launch_->launch.kernel.c_str(),
               position_.block_x, position_.block_y, position_.block_z, what.c_str());
  std::abort();
}

}  // namespace trtn::emulator
