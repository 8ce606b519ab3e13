// SPDX-License-Identifier: Apache-2.0
#include "chain/chain_cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "chain/chain.h"
#include "core/error.h"
#include "core/memory.h"
#include "ops/thread_pool.h"

namespace trtn::chain {
namespace {

constexpr int64_t kCount = 100;

/// "sum": of all its inputs, through scratch memory that it fills first. "number": the attribute.
class SumOperator final : public ops::Operator {
 public:
  explicit SumOperator(const ops::Attributes& attributes)
      : scratch_(attributes.Has("scratch") ? static_cast<size_t>(attributes.Integer("scratch")) : 0),
        add_(attributes.Has("add") ? static_cast<float>(attributes.Number("add")) : 0) {}
  size_t ScratchBytes(const ops::OperatorMemory&) const override { return scratch_; }
  void RunOnCpu(const ops::OperatorMemory& memory, ops::Workers& workers) const override {
    if (scratch_ > 0) std::memset(memory.scratch, 0xEE, scratch_);
    auto* to = static_cast<float*>(memory.outputs[0].data);
    workers.ParallelFor(static_cast<int64_t>(memory.outputs[0].bytes / sizeof(float)), 8,
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; ++i) {
                            to[i] = add_;
                            for (const TensorView& input : memory.inputs)
                              to[i] += static_cast<const float*>(input.data)[i];
                          }
                        });
  }
  std::vector<ops::KernelLaunch> Launches(const ops::OperatorMemory&) const override { return {}; }

 private:
  const size_t scratch_;
  const float add_;
};

std::unique_ptr<ops::Operator> MakeSum(const std::string& name, const ops::Attributes& attributes) {
  if (name != "sum") throw Error("ERR_TRT_RUN_FAILED", "no " + name);
  return std::make_unique<SumOperator>(attributes);
}

StepSpec Sum(std::vector<size_t> inputs, size_t output, double add = 0, double scratch = 0) {
  return {"sum", ops::Attributes({{"add", add}, {"scratch", scratch}}), std::move(inputs), {output}};
}

ChainSpec Spec(size_t values, size_t inputs, std::vector<StepSpec> steps, std::vector<size_t> outputs,
               int64_t count = kCount) {
  ChainSpec spec;
  spec.values.assign(values, ValueSpec{ElementType::kFloat32, {count}});
  spec.inputs = inputs;
  spec.steps = std::move(steps);
  spec.outputs = std::move(outputs);
  return spec;
}

class ChainOnCpu : public testing::Test {
 protected:
  const std::shared_ptr<HostPool> heap_ = std::make_shared<HostPool>(MakeHeapAllocator(), HostPool::Limits{});
  ops::ThreadPool pool_{2};

  /// All outputs of a chain whose inputs hold 1, 2, 3... from `first` on.
  std::vector<float> Run(const Chain& chain, float first = 1) {
    std::vector<std::vector<float>> data(chain.input_count());
    std::vector<TensorView> inputs;
    for (size_t i = 0; i < data.size(); ++i) {
      TensorView view = chain.value(i);
      data[i].resize(view.bytes / sizeof(float));
      for (size_t j = 0; j < data[i].size(); ++j) data[i][j] = first + static_cast<float>(j);
      view.data = data[i].data();
      inputs.push_back(view);
    }
    std::vector<OutputSlot> outputs(chain.outputs().size());
    ops::PoolWorkers workers(pool_);
    RunChainOnCpu(chain, inputs, outputs, *heap_, workers);
    std::vector<float> all;
    for (const OutputSlot& slot : outputs) {
      const auto* numbers = static_cast<const float*>(slot.owned.view.data);
      all.insert(all.end(), numbers, numbers + slot.owned.view.bytes / sizeof(float));
    }
    return all;
  }
};

TEST_F(ChainOnCpu, RunsStepsInOrderAndKeepsValuesThatAreReadAgain) {
  // 3 = x + 1; 4 = 3 + 3; 5 = x + y + 4; 6 = 5 + 3, so that 3 must live through three steps.
  const Chain chain(
      Spec(7, 2,
           {Sum({0}, 2, 1, 64), Sum({2, 2}, 3), Sum({0, 1, 3}, 4, 0, 1000), Sum({4, 2}, 5), Sum({5, 4}, 6)},
           {5, 6}),
      MakeSum);
  const std::vector<float> result = Run(chain);
  ASSERT_EQ(result.size(), 2u * kCount);
  for (size_t i = 0; i < kCount; ++i) {
    const float x = 1 + static_cast<float>(i), three = x + 1, five = 2 * x + 2 * three;
    EXPECT_EQ(result[i], five + three);
    EXPECT_EQ(result[kCount + i], five + three + five);
  }
}

/// Loops over all rows, also where they have no element; says that it was asked.
class RowsOperator final : public ops::Operator {
 public:
  size_t ScratchBytes(const ops::OperatorMemory&) const override { return Refuse(), 0; }
  void RunOnCpu(const ops::OperatorMemory&, ops::Workers&) const override { Refuse(); }
  std::vector<ops::KernelLaunch> Launches(const ops::OperatorMemory&) const override { return {}; }

 private:
  static void Refuse() { throw Error("ERR_TRT_RUN_FAILED", "There was nothing to do."); }
};

TEST_F(ChainOnCpu, AStepWithoutAnElementToMakeIsLeftOut) {
  ChainSpec spec = Spec(2, 1, {{"rows", ops::Attributes(), {0}, {1}}}, {1});
  for (ValueSpec& value : spec.values) value.dims = {int64_t{1} << 52, 0};
  const Chain chain(std::move(spec),
                    [](const std::string&, const ops::Attributes&) -> std::unique_ptr<ops::Operator> {
                      return std::make_unique<RowsOperator>();
                    });
  EXPECT_TRUE(Run(chain).empty());
}

/// An allocator whose system has no memory.
class NoMemory final : public HostAllocator {
 public:
  void* Allocate(size_t) override { throw std::bad_alloc(); }
  void Free(void*) noexcept override {}
};

TEST_F(ChainOnCpu, SaysWhatMemoryTheSystemDidNotGive) {
  const Chain chain(Spec(2, 1, {Sum({0}, 1)}, {1}), MakeSum);
  const auto none = std::make_shared<HostPool>(std::make_unique<NoMemory>(), HostPool::Limits{});
  std::vector<OutputSlot> outputs(1);
  ops::InlineWorkers workers;
  try {
    RunChainOnCpu(chain, {chain.value(0)}, outputs, *none, workers);
    FAIL() << "It ran without memory.";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "Expected 400 bytes of memory for a result of an operator, but the system gave none. Run "
                 "fewer rows at once.");
  }
}

TEST_F(ChainOnCpu, ValuesThatAreNotNeededAtOnceShareMemory) {
  std::vector<StepSpec> steps;
  for (size_t i = 0; i < 20; ++i) steps.push_back(Sum({i}, i + 1, 1));
  const Chain chain(Spec(21, 1, steps, {20}), MakeSum);
  // Two at a time: what a step reads and what it makes.
  EXPECT_EQ(chain.memory_bytes(), 2 * AlignUp(kCount * sizeof(float)));
  EXPECT_EQ(Run(chain)[0], 21);
  EXPECT_EQ(Chain(Spec(2, 1, {Sum({0}, 1)}, {1}), MakeSum).memory_bytes(), 0u);
}

TEST_F(ChainOnCpu, NoTwoThingsOfAStepOverlap) {
  const Chain chain(Spec(8, 2,
                         {Sum({0}, 2, 0, 300), Sum({1}, 3, 0, 5000), Sum({2, 3}, 4, 0, 70), Sum({3}, 5, 0, 1),
                          Sum({4, 5}, 6, 0, 900), Sum({6, 5}, 7, 0, 20)},
                         {7}),
                    MakeSum);
  std::vector<char> memory(chain.memory_bytes());
  std::vector<float> outer(kCount);
  TensorView view = chain.value(0);
  view.data = outer.data();
  for (const Chain::Step& step : chain.steps()) {
    const ops::OperatorMemory bound = chain.Bind(step, {view, view}, {view}, memory.data());
    std::vector<std::pair<char*, size_t>> pieces = {{static_cast<char*>(bound.scratch), step.scratch.bytes}};
    for (const std::vector<TensorView>* views : {&bound.inputs, &bound.outputs}) {
      for (const TensorView& one : *views) {
        if (one.data != view.data) pieces.push_back({static_cast<char*>(one.data), one.bytes});
      }
    }
    std::sort(pieces.begin(), pieces.end());
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_EQ((pieces[i].first - memory.data()) % 256, 0);
      EXPECT_LE(pieces[i].first + pieces[i].second, memory.data() + memory.size());
      if (i == 0) continue;
      EXPECT_GE(pieces[i].first, pieces[i - 1].first + pieces[i - 1].second);
    }
  }
}

TEST_F(ChainOnCpu, WritesIntoTheMemoryThatItIsGiven) {
  const Chain chain(Spec(2, 1, {Sum({0}, 1, 5)}, {1}), MakeSum);
  std::vector<float> from(kCount, 1), to(kCount, 0);
  TensorView input = chain.value(0), target = chain.value(1);
  input.data = from.data();
  target.data = to.data();
  std::vector<OutputSlot> outputs(1);
  outputs[0].view = target;
  ops::InlineWorkers workers;
  RunChainOnCpu(chain, {input}, outputs, *heap_, workers);
  EXPECT_EQ(outputs[0].owned.owner, nullptr);
  EXPECT_EQ(to, std::vector<float>(kCount, 6));
}

TEST_F(ChainOnCpu, TakesEmptyTensors) {
  const Chain chain(Spec(3, 1, {Sum({0}, 1, 1, 8), Sum({1}, 2)}, {2}, 0), MakeSum);
  EXPECT_TRUE(Run(chain).empty());
}

TEST_F(ChainOnCpu, RunsOfOneChainMayOverlap) {
  const Chain chain(Spec(4, 1, {Sum({0}, 1, 1, 64), Sum({1, 0}, 2), Sum({2, 1}, 3)}, {3}), MakeSum);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int run = 0; run < 50; ++run) {
        const auto first = static_cast<float>(t * 1000 + run);
        if (Run(chain, first)[1] != 3 * (first + 1) + 2) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ChainOnCpu, MemoryComesBackToThePool) {
  const Chain chain(Spec(3, 1, {Sum({0}, 1, 1, 64), Sum({1}, 2)}, {2}), MakeSum);
  for (int run = 0; run < 3; ++run) Run(chain);
  EXPECT_EQ(heap_->total_bytes(), heap_->kept_bytes());
}

TEST(ChainSpecs, ThatDoNotHoldTogetherAreRefused) {
  const std::vector<ChainSpec> broken = {
      Spec(2, 1, {Sum({1}, 1)}, {1}),               // reads what it makes
      Spec(3, 1, {Sum({2}, 1), Sum({0}, 2)}, {1}),  // reads what comes later
      Spec(2, 1, {Sum({0}, 0)}, {1}),               // makes an input
      Spec(2, 1, {Sum({0}, 1), Sum({0}, 1)}, {1}),  // makes it twice
      Spec(2, 1, {Sum({7}, 1)}, {1}),               // no such value
      Spec(2, 1, {Sum({0}, 1)}, {0}),               // gives an input
      Spec(3, 1, {Sum({0}, 1)}, {2}),               // gives what nobody makes
      Spec(2, 1, {Sum({0}, 1)}, {1, 1}),            // gives it twice
      Spec(2, 1, {Sum({0}, 1)}, {}),                // gives nothing
      Spec(2, 3, {}, {1}),                          // more inputs than values
  };
  for (size_t i = 0; i < broken.size(); ++i) {
    try {
      const Chain chain(broken[i], MakeSum);
      ADD_FAILURE() << "case " << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "ERR_TRT_RUN_FAILED") << "case " << i;
    }
  }
}

}  // namespace
}  // namespace trtn::chain
