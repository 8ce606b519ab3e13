// SPDX-License-Identifier: Apache-2.0
// Execution contexts: shapes, addresses, memory, runs, and what a run can tell.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "cuda/event.h"
#include "test/support/plan_test.h"

namespace trtn::trt {
namespace {

constexpr size_t kX = 0, kY = 1;

class PlanContextTest : public PlanTest {
 protected:
  void Open(const std::string& plan, const ContextOptions& options = {}) {
    engine_ = Load(plan);
    context_ = engine_->CreateContext(options);
  }
  void TearDown() override {
    context_.reset();
    engine_.reset();
    x_.Release();
    y_.Release();
    PlanTest::TearDown();
  }

  /// Sets shape and addresses for `rows` rows of the scale plan.
  void Bind(int64_t rows) {
    x_ = Allocate(static_cast<size_t>(rows) * 16);
    y_ = Allocate(static_cast<size_t>(rows) * 16);
    context_->SetInputShape(kX, {rows, 4});
    context_->SetAddress(kX, reinterpret_cast<void*>(x_.get()));
    context_->SetAddress(kY, reinterpret_cast<void*>(y_.get()));
  }

  void Upload(const std::vector<float>& values) { PlanTest::Upload(x_, values); }

  std::shared_ptr<PlanEngine> engine_;
  std::unique_ptr<PlanContext> context_;
  cuda::DeviceMemory x_, y_;
};

TEST_P(PlanContextTest, RunsANetwork) {
  Open(ScalePlan());
  EXPECT_EQ(context_->InferShapes(), std::vector<std::string>{"x"});
  Bind(1);
  EXPECT_TRUE(context_->InferShapes().empty());
  EXPECT_EQ(context_->Shape(kY), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(context_->MaxOutputBytes(kY), 16);
  Upload({1, 2, 3, 4});
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 4), (std::vector<float>{2, 4, 6, 8}));
}

TEST_P(PlanContextTest, SwitchesProfiles) {
  Open(ScalePlan());
  EXPECT_EQ(context_->profile(), 0);
  context_->SelectProfile(1, stream_->get());
  EXPECT_EQ(context_->profile(), 1);
  Bind(16);
  Upload(std::vector<float>(64, 5));
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 64), std::vector<float>(64, 10));
  EXPECT_EQ(ErrorOf([&] { context_->SelectProfile(2, stream_->get()); }).code(), "ERR_TRT_RUN_FAILED");
}

TEST_P(PlanContextTest, RefusesShapesWithTheReason) {
  Open(ScalePlan());
  const Error outside = ErrorOf([&] { context_->SetInputShape(kX, {9, 4}); });
  EXPECT_EQ(outside.code(), "ERR_TRT_RUN_PROFILE");
  EXPECT_EQ(outside.where(), "IExecutionContext::setInputShape");
  EXPECT_FALSE(outside.log().empty());
  EXPECT_NE(std::string(outside.what()).find("[9,4] for 'x'"), std::string::npos) << outside.what();
  EXPECT_EQ(ErrorOf([&] { context_->SetInputShape(kX, {1, 5}); }).code(), "ERR_TRT_RUN_FAILED");
  EXPECT_EQ(ErrorOf([&] { context_->SetInputShape(kX, std::vector<int64_t>(9, 1)); }).code(),
            "ERR_TRT_RUN_FAILED");
}

TEST_P(PlanContextTest, FailsARunWithTheReason) {
  Open(ScalePlan());
  context_->SetInputShape(kX, {1, 4});
  const Error error = ErrorOf([&] { context_->Enqueue(stream_->get()); });
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_FAILED");
  EXPECT_EQ(error.where(), "IExecutionContext::enqueueV3");
  ASSERT_FALSE(error.log().empty());
  EXPECT_EQ(error.log()[0].severity, Severity::kError);
  // And goes on.
  Bind(1);
  Upload({1, 1, 1, 1});
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 4), std::vector<float>(4, 2));
}

TEST_P(PlanContextTest, KeepsTheLogsOfThreadsApart) {
  Open(ScalePlan());
  const auto other = engine_->CreateContext({});
  std::vector<std::string> wrong(2);
  const auto fail = [&](PlanContext& context, int64_t rows, std::string& problem) {
    const cuda::ScopedDevice scope(*device_);
    const std::string own = "[" + std::to_string(rows) + ",4]";
    for (int i = 0; i < 200; i++) {
      const Error error = ErrorOf([&] { context.SetInputShape(kX, {rows, 4}); });
      if (error.log().size() != 1 || std::string(error.what()).find(own) == std::string::npos) {
        problem = error.what();
      }
    }
  };
  std::thread thread([&] { fail(*other, 11, wrong[1]); });
  fail(*context_, 12, wrong[0]);
  thread.join();
  EXPECT_EQ(wrong, std::vector<std::string>(2));
}

TEST_P(PlanContextTest, UsesTheMemoryThatItIsGiven) {
  ContextOptions options;
  options.memory = ContextMemory::kShared;
  Open(std::string("memory-bytes 4096\n") + ScalePlan(), options);
  EXPECT_EQ(ErrorOf([&] { context_->DeviceMemoryBytes(); }).code(), "ERR_TRT_RUN_FAILED");
  Bind(8);
  const int64_t bytes = context_->DeviceMemoryBytes();
  EXPECT_GT(bytes, 0);
  cuda::DeviceMemory scratch = Allocate(static_cast<size_t>(bytes));
  context_->SetDeviceMemory(reinterpret_cast<void*>(scratch.get()), bytes);
  Upload(std::vector<float>(32, 1));
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 32), std::vector<float>(32, 2));
}

TEST_P(PlanContextTest, RefusesMemoryThatItDidNotAskFor) {
  Open(ScalePlan());
  cuda::DeviceMemory scratch = Allocate(4096);
  const Error error =
      ErrorOf([&] { context_->SetDeviceMemory(reinterpret_cast<void*>(scratch.get()), 4096); });
  EXPECT_EQ(error.where(), "IExecutionContext::setDeviceMemoryV2");
}

TEST_P(PlanContextTest, ReallocatesItsMemoryWithTheProfile) {
  ContextOptions options;
  options.memory = ContextMemory::kOnProfileChange;
  options.persistent_cache_bytes = 1 << 20;
  Open(ScalePlan(), options);
  context_->SelectProfile(1, stream_->get());
  Bind(32);
  Upload(std::vector<float>(128, 2));
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 128), std::vector<float>(128, 4));
  EXPECT_EQ(Calls("IExecutionContext::setPersistentCacheLimit"), 1);
}

/// Grows on the device, as the outputs of sessions do.
class GrowingMemory final : public OutputMemory {
 public:
  GrowingMemory(std::shared_ptr<cuda::Device> device, bool fails)
      : device_(std::move(device)), fails_(fails) {}
  void* Reallocate(uint64_t bytes, uint64_t alignment, cuda::StreamHandle stream) noexcept override {
    if (fails_) return nullptr;
    if (bytes > memory.bytes()) memory = cuda::DeviceMemory(device_, bytes, stream, "an output");
    return reinterpret_cast<void*>(memory.get());
  }
  void NotifyShape(const std::vector<int64_t>& shape) noexcept override { dims = shape; }

  cuda::DeviceMemory memory;
  std::vector<int64_t> dims;

 private:
  const std::shared_ptr<cuda::Device> device_;
  const bool fails_;
};

TEST_P(PlanContextTest, AsksForTheMemoryOfOutputsOfUnknownSize) {
  Open("input x float32 1,4\noutput y int64 2,-1\nprofile x 1,4 1,4 1,4\nlayer nonzero x y\n");
  x_ = Allocate(16);
  context_->SetAddress(kX, reinterpret_cast<void*>(x_.get()));
  GrowingMemory memory(device_, false);
  context_->SetOutputMemory(kY, &memory);
  EXPECT_TRUE(context_->InferShapes().empty());
  EXPECT_EQ(context_->Shape(kY), (std::vector<int64_t>{2, -1}));
  EXPECT_GE(context_->MaxOutputBytes(kY), 2 * 4 * 8);
  Upload({0, 7, 0, 7});
  context_->Enqueue(stream_->get());
  stream_->Synchronize();
  EXPECT_EQ(memory.dims, (std::vector<int64_t>{2, 2}));
  const std::vector<int64_t> indices = Download<int64_t>(memory.memory.get(), 4);
  EXPECT_EQ(indices, (std::vector<int64_t>{0, 0, 1, 3}));

  GrowingMemory full(device_, true);
  context_->SetOutputMemory(kY, &full);
  EXPECT_EQ(ErrorOf([&] { context_->Enqueue(stream_->get()); }).where(), "IExecutionContext::enqueueV3");
  context_->SetOutputMemory(kY, nullptr);
}

TEST_P(PlanContextTest, ReadsShapeTensorsFromHostMemory) {
  Open(
      "input x float32 -1,4\ninput s int64 2 host\noutput y float32 -1,-1\n"
      "profile x 1,4 4,4 8,4 s 2 2 2\nvalues s 1,1 4,4 8,8\nlayer reshape x s y\n");
  alignas(256) int64_t shape[2] = {2, 4};
  context_->SetInputShape(0, {2, 4});
  EXPECT_EQ(context_->InferShapes(), std::vector<std::string>{"s"});
  context_->SetAddress(1, shape);
  EXPECT_TRUE(context_->InferShapes().empty());
  EXPECT_EQ(context_->Shape(2), (std::vector<int64_t>{2, 4}));
  shape[0] = 4;
  shape[1] = 2;
  EXPECT_TRUE(context_->InferShapes().empty());
  EXPECT_EQ(context_->Shape(2), (std::vector<int64_t>{4, 2}));
}

TEST_P(PlanContextTest, MeasuresItsLayers) {
  Open(
      "input x float32 1,4\noutput y float32 1,4\nprofile x 1,4 1,4 1,4\nweight two 2\n"
      "layer scale x inner two\nlayer scale inner y two\n");
  Bind(1);
  Upload({1, 2, 3, 4});
  context_->StartProfiling();
  context_->Enqueue(stream_->get());
  stream_->Synchronize();
  EXPECT_EQ(context_->LayerTimes().size(), 2u);
}

TEST_P(PlanContextTest, HasNoTimesWithoutARun) {
  Open(ScalePlan());
  context_->StartProfiling();
  EXPECT_EQ(ErrorOf([&] { context_->LayerTimes(); }).where(), "IExecutionContext::reportToProfiler");
}

TEST_P(PlanContextTest, ShowsDebugTensors) {
  Open(
      "input x float32 1,4\noutput y float32 1,4\nprofile x 1,4 1,4 1,4\ndebug inner\nweight two 2\n"
      "layer scale x inner two\nlayer scale inner y two\n");
  Bind(1);
  Upload({1, 2, 3, 4});
  auto* seen = static_cast<float*>(host_);
  const auto what_was_seen = [&] { return std::vector<float>(seen, seen + 4); };
  bool accept = true;
  const auto listen = [&](const std::string& name, const TensorView& tensor, cuda::StreamHandle) {
    EXPECT_EQ(name, "inner");
    EXPECT_EQ(tensor.dims, (std::vector<int64_t>{1, 4}));
    EXPECT_EQ(tensor.bytes, 16u);
    EXPECT_EQ(tensor.place, MemoryPlace::kDevice);
    stream_->CopyToHost(seen, reinterpret_cast<cuda::DevicePointer>(tensor.data), 16);
    // The tensor is there during the call only.
    stream_->Synchronize();
    return accept;
  };
  for (const bool all : {true, false}) {
    std::fill(seen, seen + 4, 0.0f);
    context_->SetDebugListener(listen, all ? std::vector<std::string>() : std::vector<std::string>{"inner"},
                               all);
    context_->Enqueue(stream_->get());
    stream_->Synchronize();
    EXPECT_EQ(what_was_seen(), (std::vector<float>{2, 4, 6, 8}));
  }
  accept = false;
  EXPECT_EQ(ErrorOf([&] { context_->Enqueue(stream_->get()); }).code(), "ERR_TRT_RUN_FAILED");
  // What the listener had enqueued before it refused is under way still.
  stream_->Synchronize();
  context_->ClearDebugListener();
  std::fill(seen, seen + 4, 0.0f);
  context_->Enqueue(stream_->get());
  stream_->Synchronize();
  EXPECT_EQ(what_was_seen(), std::vector<float>(4, 0));
  const Error unknown = ErrorOf([&] { context_->SetDebugListener(listen, {"x"}, false); });
  EXPECT_NE(std::string(unknown.what()).find("'x'"), std::string::npos);
}

TEST_P(PlanContextTest, TakesEventsAndStreams) {
  Open(std::string("aux-streams 2\n") + ScalePlan());
  Bind(1);
  cuda::Event consumed(device_, cuda::Event::Kind::kBlocking);
  context_->SetInputConsumedEvent(consumed.get());
  const cuda::Stream first(device_), second(device_);
  context_->SetAuxStreams({first.get(), second.get()});
  Upload({1, 2, 3, 4});
  context_->Enqueue(stream_->get());
  consumed.Synchronize();
  EXPECT_EQ(Download(y_.get(), 4), (std::vector<float>{2, 4, 6, 8}));
  context_->SetInputConsumedEvent(nullptr);
}

TEST_P(PlanContextTest, SaysWhetherItCanBeCaptured) {
  Open(ScalePlan());
  Bind(1);
  EXPECT_EQ(context_->IsCapturable(stream_->get()), !IsRtx());  // RTX: not right after a new shape
  context_->Enqueue(stream_->get());
  EXPECT_TRUE(context_->IsCapturable(stream_->get()));
  stream_->Synchronize();
  Open(std::string("not-capturable\n") + ScalePlan());
  EXPECT_EQ(context_->IsCapturable(stream_->get()), !IsRtx());
}

TEST_P(PlanContextTest, SurvivesAFaultInEveryCall) {
  Open(ScalePlan());
  Bind(1);
  const auto fails = [&](const char* entry, const std::function<void()>& call) {
    cuda::StandinControl(std::string("fault ") + entry + " 1 1");
    const Error error = ErrorOf(call);
    EXPECT_EQ(error.code().substr(0, 12), "ERR_TRT_RUN_") << entry;
    EXPECT_EQ(error.where(), entry);
    EXPECT_FALSE(error.log().empty()) << entry;
  };
  fails("IExecutionContext::setInputShape", [&] { context_->SetInputShape(kX, {1, 4}); });
  fails("IExecutionContext::setTensorAddress", [&] { context_->SetAddress(kX, nullptr); });
  fails("IExecutionContext::inferShapes", [&] { context_->InferShapes(); });
  fails("IExecutionContext::getTensorShape", [&] { context_->Shape(kY); });
  fails("IExecutionContext::getMaxOutputSize", [&] { context_->MaxOutputBytes(kY); });
  fails("IExecutionContext::setOutputAllocator", [&] { context_->SetOutputMemory(kY, nullptr); });
  fails("IExecutionContext::setInputConsumedEvent", [&] { context_->SetInputConsumedEvent(nullptr); });
  fails("IExecutionContext::setOptimizationProfileAsync",
        [&] { context_->SelectProfile(1, stream_->get()); });
  fails("IExecutionContext::enqueueV3", [&] { context_->Enqueue(stream_->get()); });
  Upload({1, 2, 3, 4});
  context_->Enqueue(stream_->get());
  EXPECT_EQ(Download(y_.get(), 4), (std::vector<float>{2, 4, 6, 8}));
}

TRTN_FOR_ALL_FAMILIES(PlanContextTest);

}  // namespace
}  // namespace trtn::trt
