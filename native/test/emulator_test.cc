// SPDX-License-Identifier: Apache-2.0
//
// The emulator itself: that it runs kernels as a device does, and that planted flaws are found.
#define TRTN_EMULATE
#include "ops/emulator.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "ops/prelude.h"
#include "test/emulator/fiber.h"
#include "test/emulator/sanitizers.h"
#include "test/support/emulate.h"

namespace emulator_test {

enum Flaw {
  kNone,
  kNoBarrier,
  kEarlyEnd,
  kTwoBarriers,
  kOneResult,
  kBehindShared,
  kBehindInput,
  kTooMuchShared
};

struct Arguments {
  const float* input;
  float* output;
  int64_t count;
  Flaw flaw;
};

}  // namespace emulator_test

// The sum of each row, by a block.
TRTN_KERNEL(emulator_test_sum)(emulator_test::Arguments arguments) {
  using namespace trtn::gpu;
  using namespace emulator_test;
  TRTN_SHARED(float, partial, 64);
  const int64_t row = BlockX();
  float sum = 0;
  for (int64_t i = ThreadX(); i < arguments.count; i += BlockSizeX())
    sum += arguments.input[row * arguments.count + i];
  partial[ThreadX()] = sum;
  if (arguments.flaw != kNoBarrier) Barrier();
  for (unsigned half = 32; half > 0; half /= 2) {
    if (ThreadX() < half) partial[ThreadX()] += partial[ThreadX() + half];
    if (arguments.flaw == kEarlyEnd && ThreadX() == 3) return;
    if (arguments.flaw == kBehindShared && ThreadX() == 0) partial[64] = 1;
    if (arguments.flaw == kTooMuchShared) {
      TRTN_SHARED(float, more, 13000);
      more[0] = 1;
    }
    if (arguments.flaw == kTwoBarriers && ThreadX() == 5) {
      Barrier();
    } else {
      Barrier();
    }
  }
  if (ThreadX() == 0) arguments.output[arguments.flaw == kOneResult ? 0 : row] = partial[0];
}

// Of all threads of a grid: which they are.
TRTN_KERNEL(emulator_test_where)(emulator_test::Arguments arguments) {
  using namespace trtn::gpu;
  const unsigned block = (BlockZ() * GridSizeY() + BlockY()) * GridSizeX() + BlockX();
  const unsigned thread = ThreadY() * BlockSizeX() + ThreadX();
  arguments.output[block * BlockSizeX() * BlockSizeY() + thread] = static_cast<float>(block * 1000 + thread);
}

TRTN_KERNEL(emulator_test_copy)(emulator_test::Arguments arguments) {
  const int64_t i = int64_t{trtn::gpu::BlockX()} * trtn::gpu::BlockSizeX() + trtn::gpu::ThreadX();
  const int64_t shift = arguments.flaw == emulator_test::kBehindInput ? 1 : 0;
  if (i < arguments.count) arguments.output[i] = arguments.input[i + shift];
}

// How many of the numbers are positive, and in shared memory first.
TRTN_KERNEL(emulator_test_count)(emulator_test::Arguments arguments) {
  using namespace trtn::gpu;
  TRTN_SHARED(int, count, 1);
  if (ThreadX() == 0) count[0] = 0;
  Barrier();
  const int64_t i = int64_t{BlockX()} * BlockSizeX() + ThreadX();
  if (i < arguments.count && arguments.input[i] > 0) AtomicAdd(&count[0], 1);
  Barrier();
  if (ThreadX() == 0) AtomicAdd(reinterpret_cast<int*>(arguments.output), count[0]);
}

// Whether shared memory begins as 0xCD in each block, whatever the one before left there.
TRTN_KERNEL(emulator_test_fresh)(emulator_test::Arguments arguments) {
  using namespace trtn::gpu;
  TRTN_SHARED(unsigned, value, 8);
  arguments.output[BlockX() * 8 + ThreadX()] = value[ThreadX()] == 0xCDCDCDCD ? 1.0f : 0.0f;
  value[ThreadX()] = 7;
}

// As kernels are defined for several types: a macro's arrays are all on one line.
#define TRTN_TEST_PAIR(name, first, second)               \
  TRTN_KERNEL(name)(emulator_test::Arguments arguments) { \
    using namespace trtn::gpu;                            \
    TRTN_SHARED(float, first, 8);                         \
    TRTN_SHARED(float, second, 8);                        \
    first[ThreadX()] = 1;                                 \
    second[ThreadX()] = 2;                                \
    arguments.output[ThreadX()] = first[ThreadX()];       \
  }
TRTN_TEST_PAIR(emulator_test_pair, one, other)
#undef TRTN_TEST_PAIR

namespace trtn::ops {
namespace {

using emulator_test::Arguments;
using emulator_test::Flaw;

constexpr unsigned kThreads = 64;

class Emulator : public ::testing::Test {
 protected:
  static std::vector<float> Sum(unsigned rows, int64_t count, Flaw flaw = emulator_test::kNone) {
    std::vector<float> input(static_cast<size_t>(rows * count)), output(rows, -1);
    for (size_t i = 0; i < input.size(); i++) input[i] = static_cast<float>(i % 7);
    emulator::Launch(MakeLaunch("emulator_test_sum", {rows}, {kThreads},
                                Arguments{input.data(), output.data(), count, flaw}));
    return output;
  }
  static void Copy(size_t bytes, Flaw flaw) {
    const test::ExactMemory input(bytes), output(bytes);
    emulator::Launch(
        MakeLaunch("emulator_test_copy", {1}, {kThreads},
                   Arguments{reinterpret_cast<float*>(input.data()), reinterpret_cast<float*>(output.data()),
                             static_cast<int64_t>(bytes / sizeof(float)), flaw}));
  }
  /// A process without a sanitizer of its own goes on after a flaw that only the sanitizer sees.
  static bool HasAddressSanitizer() {
#ifdef TRTN_ASAN
    return true;
#else
    return false;
#endif
  }
};

using EmulatorDeathTest = Emulator;

float RowSum(size_t row, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; i++) sum += static_cast<float>((static_cast<int64_t>(row) * count + i) % 7);
  return sum;
}

TEST_F(Emulator, RunsBlocksWithBarriersAndSharedMemory) {
  for (const int64_t count : {0, 1, 63, 64, 65, 200}) {
    const std::vector<float> sums = Sum(5, count);
    for (size_t row = 0; row < sums.size(); row++) EXPECT_EQ(sums[row], RowSum(row, count)) << count;
  }
}

TEST_F(Emulator, TellsEachThreadWhereItIs) {
  std::vector<float> output(2 * 3 * 4 * 5 * 6, -1);
  emulator::Launch(MakeLaunch("emulator_test_where", {2, 3, 4}, {5, 6},
                              Arguments{nullptr, output.data(), 0, emulator_test::kNone}));
  for (size_t i = 0; i < output.size(); i++) {
    EXPECT_EQ(output[i], static_cast<float>(i / 30 * 1000 + i % 30));
  }
}

TEST_F(Emulator, AddsAtomically) {
  std::vector<float> input(1000);
  int expected = 0, found = 0;
  for (size_t i = 0; i < input.size(); i++) {
    input[i] = i % 3 == 0 ? 1.0f : -1.0f;
    expected += i % 3 == 0;
  }
  emulator::Launch(
      MakeLaunch("emulator_test_count", {BlocksFor(1000, 128)}, {128},
                 Arguments{input.data(), reinterpret_cast<float*>(&found), 1000, emulator_test::kNone}));
  EXPECT_EQ(found, expected);
}

TEST_F(Emulator, BeginsEachBlockWithUndefinedSharedMemory) {
  std::vector<float> output(5 * 8);
  emulator::Launch(MakeLaunch("emulator_test_fresh", {5}, {8},
                              Arguments{nullptr, output.data(), 0, emulator_test::kNone}));
  for (const float is_fresh : output) EXPECT_EQ(is_fresh, 1);
}

TEST_F(Emulator, TellsSharedArraysOfOneLineApart) {
  std::vector<float> output(8);
  emulator::Launch(
      MakeLaunch("emulator_test_pair", {1}, {8}, Arguments{nullptr, output.data(), 0, emulator_test::kNone}));
  EXPECT_EQ(output, std::vector<float>(8, 1.0f));
}

TEST_F(Emulator, ServesSeveralThreads) {
  std::vector<float> one, other;
  std::thread first([&] { one = Sum(20, 100); }), second([&] { other = Sum(20, 100); });
  first.join();
  second.join();
  EXPECT_EQ(one, other);
  EXPECT_EQ(one[19], RowSum(19, 100));
}

TEST_F(Emulator, RefusesWhatNoDeviceTakes) {
  const Arguments arguments{nullptr, nullptr, 0, emulator_test::kNone};
  const auto launch = [&](const char* kernel, Extent grid, Extent block) {
    emulator::Launch(MakeLaunch(kernel, grid, block, arguments));
  };
  EXPECT_THROW(launch("emulator_test_missing", {1}, {1}), std::invalid_argument);
  EXPECT_THROW(launch("emulator_test_copy", {0}, {1}), std::invalid_argument);
  EXPECT_THROW(launch("emulator_test_copy", {1, 65536}, {1}), std::invalid_argument);
  EXPECT_THROW(launch("emulator_test_copy", {1}, {1025}), std::invalid_argument);
  EXPECT_THROW(launch("emulator_test_copy", {1}, {64, 17}), std::invalid_argument);
  EXPECT_THROW(emulator::Launch(MakeLaunch("emulator_test_copy", {1}, {1}, 7)), std::invalid_argument);
}

TEST_F(Emulator, KnowsItsKernels) {
  EXPECT_TRUE(emulator::HasKernel("emulator_test_sum"));
  EXPECT_FALSE(emulator::HasKernel("emulator_test_su"));
  EXPECT_EQ(emulator::ArgumentBytes("emulator_test_sum"), sizeof(Arguments));
  EXPECT_EQ(emulator::ArgumentBytes("emulator_test_su"), 0u);
}

TEST_F(EmulatorDeathTest, EndsTheProcessWhereThreadsPart) {
  EXPECT_DEATH(Sum(2, 100, emulator_test::kEarlyEnd),
               "kernel emulator_test_sum, block \\(0, 0, 0\\).*thread \\(0, 0\\) waits at .*thread \\(3, "
               "0\\) has ended");
  EXPECT_DEATH(Sum(2, 100, emulator_test::kTwoBarriers), "thread \\(5, 0\\) waits at ");
  EXPECT_DEATH(Sum(1, 100, emulator_test::kTooMuchShared), "more than 49152 bytes");
}

TEST_F(EmulatorDeathTest, LetsTheAddressSanitizerSeeAccessesOutOfRange) {
  if (!HasAddressSanitizer()) GTEST_SKIP() << "built without the address sanitizer";
  EXPECT_DEATH(Sum(1, 100, emulator_test::kBehindShared), "use-after-poison.*");
  Copy(64, emulator_test::kNone);
  EXPECT_DEATH(Copy(64, emulator_test::kBehindInput), "heap-buffer-overflow");
}

TEST_F(EmulatorDeathTest, LetsTheThreadSanitizerSeeRaces) {
  if (!emulator::kSeesRaces) GTEST_SKIP() << "built without the thread sanitizer";
  const auto run = [](Flaw flaw) {
    Sum(4, 100, flaw);
    std::exit(0);
  };
  const auto reported = ::testing::ExitedWithCode(66);
  EXPECT_EXIT(run(emulator_test::kNoBarrier), reported, "data race");
  EXPECT_EXIT(run(emulator_test::kOneResult), reported, "data race");
  EXPECT_EXIT(run(emulator_test::kNone), ::testing::ExitedWithCode(0), "");
}

/// Copies; the twin and the kernel differ where a flaw is asked for.
class CopyOperator final : public Operator {
 public:
  explicit CopyOperator(bool is_wrong) : is_wrong_(is_wrong) {}
  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const auto* from = static_cast<const float*>(memory.inputs[0].data);
    auto* to = static_cast<float*>(memory.outputs[0].data);
    workers.ParallelFor(static_cast<int64_t>(memory.inputs[0].bytes / sizeof(float)), 16,
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; i++)
                            to[i] = is_wrong_ && i == 7 ? -from[i] : from[i];
                        });
  }
  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const auto count = static_cast<int64_t>(memory.inputs[0].bytes / sizeof(float));
    return {MakeLaunch("emulator_test_copy", {BlocksFor(count, kThreads)}, {kThreads},
                       Arguments{static_cast<const float*>(memory.inputs[0].data),
                                 static_cast<float*>(memory.outputs[0].data), count, emulator_test::kNone})};
  }

 private:
  const bool is_wrong_;
};

TEST(Emulate, ComparesTwinAndKernels) {
  for (const int64_t count : {0, 1, 63, 200}) {
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); i++) values[i] = static_cast<float>(i) - 0.5f;
    const test::HostTensor input(ElementType::kFloat32, {count}, values);
    const test::HostTensor output(ElementType::kFloat32, {count}, 4);
    test::ExpectTwinEqualsKernels(CopyOperator(false), {input.view()}, {output.view()});
    EXPECT_EQ(output.Values<float>(), values);
  }
}

::testing::AssertionResult Fails(const Operator& op, const test::HostTensor& input,
                                 const test::HostTensor& output) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    test::ExpectTwinEqualsKernels(op, {input.view()}, {output.view()});
  }
  const bool is_told =
      failures.size() == 1 &&
      std::string(failures.GetTestPartResult(0).message()).find("first in element 7 (float32)") !=
          std::string::npos;
  return is_told ? ::testing::AssertionSuccess()
                 : ::testing::AssertionFailure() << failures.size() << " failures";
}

TEST(Emulate, TellsWhereTheyDiffer) {
  const test::HostTensor input(ElementType::kFloat32, {9}, std::vector<float>(9, 1.5f));
  const test::HostTensor output(ElementType::kFloat32, {9});
  EXPECT_TRUE(Fails(CopyOperator(true), input, output));
}

}  // namespace
}  // namespace trtn::ops
