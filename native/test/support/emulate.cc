// SPDX-License-Identifier: Apache-2.0
#include "test/support/emulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "ops/emulator.h"

namespace trtn::test {
namespace {

constexpr int kPoison = 0xCD;
constexpr size_t kDeviceAlignment = 256;

/// Three threads, ranges from the last to the first, none longer than it must be: what depends on one thread
/// or on an order shows.
class ScatteredWorkers final : public ops::Workers {
 public:
  int threads() const override { return kThreads; }
  void ParallelFor(int64_t count, int64_t grain,
                   const std::function<void(int64_t begin, int64_t end)>& body) override {
    const int64_t size = std::max<int64_t>(grain, 1);
    std::atomic<int64_t> left{(count + size - 1) / size};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&] {
      try {
        for (int64_t range; (range = --left) >= 0;) body(range * size, std::min(count, (range + 1) * size));
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        failure = std::current_exception();
      }
    };
    std::thread second(work), third(work);
    work();
    second.join();
    third.join();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  static constexpr int kThreads = 3;
};

/// Outputs of their own for one way to compute them.
class OwnOutputs {
 public:
  OwnOutputs(const std::vector<TensorView>& inputs, const std::vector<TensorView>& outputs) {
    memory.inputs = inputs;
    memory.outputs = outputs;
    for (TensorView& output : memory.outputs) {
      const auto alignment = reinterpret_cast<uintptr_t>(output.data) % kDeviceAlignment;
      own_.emplace_back(output.bytes, alignment);
      output.data = own_.back().data();
    }
  }
  ops::OperatorMemory memory;

 private:
  std::vector<ExactMemory> own_;
};

void RunTwin(const ops::Operator& op, ops::OperatorMemory& memory, ops::Workers& workers) {
  const ExactMemory scratch(op.ScratchBytes(memory));
  memory.scratch = scratch.data();
  op.RunOnCpu(memory, workers);
  memory.scratch = nullptr;
}

std::string Hex(const uint8_t* bytes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; i++) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15], ' '};
  }
  return text;
}

void ExpectSameBytes(const TensorView& expected, const TensorView& found, const std::string& what) {
  if (expected.bytes == 0 || std::memcmp(expected.data, found.data, expected.bytes) == 0) return;
  const auto* one = static_cast<const uint8_t*>(expected.data);
  const auto* other = static_cast<const uint8_t*>(found.data);
  size_t different = 0, first = expected.bytes;
  for (size_t i = expected.bytes; i-- > 0;) {
    if (one[i] == other[i]) continue;
    different++;
    first = i;
  }
  const size_t element = std::max<size_t>(1, ElementBits(expected.type) / 8);
  const size_t begin = first / element * element, count = std::min(element, expected.bytes - begin);
  ADD_FAILURE() << what << ": " << different << " of " << expected.bytes
                << " bytes differ, the first in element " << first / element << " ("
                << ElementTypeName(expected.type) << "): the twin has " << Hex(one + begin, count)
                << "instead of " << Hex(other + begin, count);
}

}  // namespace

ExactMemory::ExactMemory(size_t bytes, size_t offset) : block_(nullptr), offset_(offset), bytes_(bytes) {
  // What comes before is not the tensor's either, but no sanitizer sees less than eight bytes.
  void* block = nullptr;
  if (posix_memalign(&block, kDeviceAlignment, std::max<size_t>(1, bytes + offset)) != 0)
    throw std::bad_alloc();
  block_ = static_cast<char*>(block);
  std::memset(block_, kPoison, bytes + offset);
}

ExactMemory::~ExactMemory() { std::free(block_); }

ExactMemory::ExactMemory(ExactMemory&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)), offset_(other.offset_), bytes_(other.bytes_) {}

HostTensor::HostTensor(ElementType type, std::vector<int64_t> dims, size_t offset)
    : type_(type), dims_(std::move(dims)), memory_(TensorBytes(type_, dims_), offset) {}

void HostTensor::Fill(const void* values, size_t bytes) {
  ASSERT_EQ(bytes, memory_.bytes()) << "a tensor's values do not fit its shape";
  if (bytes > 0) std::memcpy(memory_.data(), values, bytes);
}

TensorView HostTensor::view() const {
  return {type_, dims_, memory_.data(), memory_.bytes(), MemoryPlace::kHost};
}

void Emulate(const ops::Operator& op, ops::OperatorMemory& memory) {
  for (TensorView& output : memory.outputs) {
    if (output.bytes > 0) std::memset(output.data, kPoison, output.bytes);
  }
  // As on a device, where neither is known when the table is made.
  memory.scratch = nullptr;
  memory.table = nullptr;
  const ExactMemory scratch(op.ScratchBytes(memory));
  const std::vector<uint8_t> table = op.DeviceTable(memory);
  const ExactMemory table_copy(table.size());
  if (!table.empty()) std::memcpy(table_copy.data(), table.data(), table.size());
  if (scratch.bytes() > 0) memory.scratch = scratch.data();
  if (!table.empty()) memory.table = table_copy.data();
  for (const ops::KernelLaunch& launch : op.Launches(memory)) emulator::Launch(launch);
  memory.scratch = nullptr;
  memory.table = nullptr;
}

void ExpectTwinEqualsKernels(const ops::Operator& op, const std::vector<TensorView>& inputs,
                             const std::vector<TensorView>& outputs) {
  std::vector<std::vector<uint8_t>> before;
  for (const TensorView& input : inputs) {
    const auto* bytes = static_cast<const uint8_t*>(input.data);
    before.emplace_back(bytes, bytes + input.bytes);
  }
  OwnOutputs twin(inputs, outputs), threaded(inputs, outputs), kernels(inputs, outputs);
  ops::InlineWorkers one_thread;
  ScatteredWorkers three_threads;
  RunTwin(op, twin.memory, one_thread);
  RunTwin(op, threaded.memory, three_threads);
  Emulate(op, kernels.memory);
  for (size_t i = 0; i < outputs.size(); i++) {
    const std::string name = "output " + std::to_string(i);
    ExpectSameBytes(twin.memory.outputs[i], threaded.memory.outputs[i],
                    name + " of the twin on three threads");
    ExpectSameBytes(twin.memory.outputs[i], kernels.memory.outputs[i], name + " of the kernels");
    if (outputs[i].data != nullptr && outputs[i].bytes > 0) {
      std::memcpy(outputs[i].data, twin.memory.outputs[i].data, outputs[i].bytes);
    }
  }
  for (size_t i = 0; i < inputs.size(); i++) {
    const TensorView old{inputs[i].type, inputs[i].dims, before[i].data(), inputs[i].bytes,
                         MemoryPlace::kHost};
    ExpectSameBytes(old, inputs[i], "input " + std::to_string(i) + " after all");
  }
}

}  // namespace trtn::test
