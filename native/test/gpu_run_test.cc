// SPDX-License-Identifier: Apache-2.0
// Calls of a session on the stand-in driver and TensorRT: shapes, profiles, graphs, outputs of every kind.
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "core/session.h"
#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

using trt::ScalePlan;

class GpuRunTest : public GpuFamilyTest {};

TEST_P(GpuRunTest, TellsTheModelsTensorsAndProfiles) {
  auto executable = Load(ScalePlan());
  ASSERT_EQ(executable->inputs().size(), 1u);
  EXPECT_EQ(executable->inputs()[0].name, "x");
  EXPECT_EQ(executable->inputs()[0].dims, (std::vector<int64_t>{-1, 4}));
  EXPECT_EQ(executable->outputs()[0].name, "y");
  ASSERT_NE(executable->control(), nullptr);
  ASSERT_EQ(executable->control()->profiles().size(), 2u);
  EXPECT_EQ(executable->control()->profiles()[1][0].max, (std::vector<int64_t>{32, 4}));
}

TEST_P(GpuRunTest, RunsShapesOfAllProfilesWithOwnedOutputsAndWithTargets) {
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  for (size_t rows : {1, 8, 3, 16, 32, 3, 3, 3}) {
    const std::vector<float> x = Counting(rows * 4);
    EXPECT_EQ(RunScale(*executable, *context, x), Doubled(x)) << rows;
    // The other way: into memory of the caller.
    std::shared_ptr<void> memory = Fill(*executable, x);
    std::vector<float> y(rows * 4, -1);
    std::vector<OutputSlot> outputs(1);
    outputs[0].view = View(ElementType::kFloat32, {static_cast<int64_t>(rows), 4}, y.data());
    context->Run({View(ElementType::kFloat32, {static_cast<int64_t>(rows), 4}, memory.get())}, outputs);
    EXPECT_EQ(outputs[0].owned.owner, nullptr);
    EXPECT_EQ(y, Doubled(x)) << rows;
  }
  const ExecutionCounters counters = executable->control()->Counters();
  EXPECT_EQ(counters.runs, 16u);
  EXPECT_EQ(counters.failed_runs, 0u);
  EXPECT_EQ(counters.host_to_device_bytes, counters.device_to_host_bytes);
  EXPECT_GT(counters.graph_captures, 0u);
}

TEST_P(GpuRunTest, CapturesTheSecondRunOfAShapeAndLaunchesLaterOnes) {
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  const std::vector<float> x = Counting(16);
  std::vector<std::pair<uint64_t, uint64_t>> counted;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(RunScale(*executable, *context, x), Doubled(x));
    const ExecutionCounters counters = executable->control()->Counters();
    counted.emplace_back(counters.graph_captures, counters.graph_launches);
  }
  EXPECT_EQ(counted, (std::vector<std::pair<uint64_t, uint64_t>>{{0, 0}, {1, 1}, {1, 2}, {1, 3}}));
  // Two enqueues in all: the first run and the capture.
  EXPECT_EQ(AllCalls()["IExecutionContext::enqueueV3"], 2);
}

TEST_P(GpuRunTest, KeepsGraphsOfSeveralShapesAndEvictsTheOldest) {
  GpuModelOptions options = Options();
  options.graph_limit = 2;
  auto executable = Load(ScalePlan(), options);
  auto context = executable->CreateContext();
  // The largest first: memory that grows makes graphs useless.
  for (size_t rows : {8, 2, 4, 8}) {
    for (int i = 0; i < 3; ++i) {
      const std::vector<float> x = Counting(rows * 4, static_cast<float>(i));
      EXPECT_EQ(RunScale(*executable, *context, x), Doubled(x));
    }
  }
  const ExecutionCounters counters = executable->control()->Counters();
  EXPECT_EQ(counters.graph_captures, 4u);
  EXPECT_EQ(counters.graph_evictions, 2u);
  EXPECT_EQ(counters.graph_launches, 8u);
}

TEST_P(GpuRunTest, GraphsOffMeansNone) {
  GpuModelOptions options = Options();
  options.graphs = GraphMode::kOff;
  auto executable = Load(ScalePlan(), options);
  auto context = executable->CreateContext();
  for (int i = 0; i < 3; ++i) RunScale(*executable, *context, Counting(4));
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
  EXPECT_EQ(cuda::StandinCalls("cuStreamBeginCapture"), 0);
}

TEST_P(GpuRunTest, AFailedCaptureIsRecordedAndNotTriedAgainOrAnErrorWhereGraphsAreOn) {
  const std::string plan = std::string(ScalePlan()) + "not-capturable\n";
  {
    auto executable = Load(plan);
    auto context = executable->CreateContext();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(RunScale(*executable, *context, Counting(8)), Doubled(Counting(8)));
    EXPECT_EQ(executable->control()->Counters().graph_launches, 0u);
    const std::vector<GraphFailure> failures = executable->control()->GraphFailures();
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].shapes, "x:2x4");
    EXPECT_FALSE(failures[0].reason.empty());
    EXPECT_LE(cuda::StandinCalls("cuStreamBeginCapture"), 1);
  }
  GpuModelOptions options = Options();
  options.graphs = GraphMode::kOn;
  auto executable = Load(plan, options);
  auto context = executable->CreateContext();
  RunScale(*executable, *context, Counting(8));
  const Error error = ErrorOf([&] { RunScale(*executable, *context, Counting(8)); });
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_GRAPH");
  EXPECT_NE(std::string(error.what()).find("x:2x4"), std::string::npos) << error.what();
}

TEST_P(GpuRunTest, ShapesThatFitNoProfileAreNamedAndTheContextGoesOn) {
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  const Error error = ErrorOf([&] { RunScale(*executable, *context, Counting(12 * 4)); });
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_PROFILE");
  EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Doubled(Counting(4)));
  EXPECT_EQ(executable->control()->Counters().failed_runs, 1u);
}

TEST_P(GpuRunTest, EmptyTensorsRun) {
  auto executable = Load(
      "name empty\ninput x float32 -1,4\noutput y float32 -1,4\nprofile x 0,4 4,4 8,4\n"
      "layer identity x y\n");
  auto context = executable->CreateContext();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(RunScale(*executable, *context, {}).empty());
  EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Counting(4));
}

TEST_P(GpuRunTest, OutputsWhoseSizeDependsOnTheDataComeInTheirRealSize) {
  auto executable = Load(
      "name found\ninput x float32 -1\noutput at int64 1,-1\nprofile x 1 8 64\n"
      "layer nonzero x at\n");
  auto context = executable->CreateContext();
  for (const std::vector<float>& x : {std::vector<float>{0, 1, 0, 1}, std::vector<float>{0, 0},
                                      std::vector<float>(64, 1), std::vector<float>{5}}) {
    std::shared_ptr<void> memory = Fill(*executable, x);
    std::vector<int64_t> expected;
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i] != 0) expected.push_back(static_cast<int64_t>(i));
    const std::vector<TensorView> inputs = {
        View(ElementType::kFloat32, {static_cast<int64_t>(x.size())}, memory.get())};
    EXPECT_EQ(context->ResolveOutputs(inputs)[0].dims, (std::vector<int64_t>{1, -1}));
    std::vector<OutputSlot> outputs(1);
    context->Run(inputs, outputs);
    const TensorView& view = outputs[0].owned.view;
    EXPECT_EQ(view.dims, (std::vector<int64_t>{1, static_cast<int64_t>(expected.size())}));
    ASSERT_EQ(view.bytes, expected.size() * sizeof(int64_t));
    if (!expected.empty()) {
      EXPECT_EQ(std::memcmp(view.data, expected.data(), view.bytes), 0);
    }
  }
  ASSERT_FALSE(executable->control()->GraphFailures().empty());
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
}

TEST_P(GpuRunTest, ShapeTensorsAreReadOnTheHostAndTellTheOutputsDims) {
  auto executable = Load(
      "name shaped\ninput x float32 8\ninput shape int64 2 host\noutput y float32 -1,-1\n"
      "profile x 8 8 8 shape 2 2 2\nvalues shape 1,1 2,4 8,8\nlayer reshape x shape y\n");
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  for (const auto& values : {std::vector<int64_t>{2, 4}, std::vector<int64_t>{2, 4},
                             std::vector<int64_t>{8, 1}, std::vector<int64_t>{2, 4}}) {
    std::shared_ptr<void> shape = Fill(*executable, values);
    const std::vector<TensorView> inputs = {View(ElementType::kFloat32, {8}, x.get()),
                                            View(ElementType::kInt64, {2}, shape.get())};
    std::vector<OutputSlot> outputs(1);
    context->Run(inputs, outputs);
    EXPECT_EQ(outputs[0].owned.view.dims, values);
    EXPECT_EQ(Floats(outputs[0].owned.view), Counting(8));
  }
  std::shared_ptr<void> shape = Fill(*executable, std::vector<int64_t>{9, 1});
  EXPECT_EQ(ErrorOf([&] {
              context->ResolveOutputs(
                  {View(ElementType::kFloat32, {8}, x.get()), View(ElementType::kInt64, {2}, shape.get())});
            }).code(),
            "ERR_TRT_RUN_PROFILE");
}

TEST_P(GpuRunTest, UnwantedOutputsAreNotCopied) {
  auto executable = Load(
      "name two\ninput x float32 4\noutput y float32 4\noutput z float32 4\n"
      "profile x 4 4 4\nlayer identity x y\nlayer identity x z\n");
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(4));
  std::vector<OutputSlot> outputs(2);
  outputs[0].wanted = false;
  context->Run({View(ElementType::kFloat32, {4}, x.get())}, outputs);
  EXPECT_EQ(outputs[0].owned.owner, nullptr);
  EXPECT_EQ(Floats(outputs[1].owned.view), Counting(4));
  EXPECT_EQ(executable->control()->Counters().device_to_host_bytes, 16u);
}

TEST_P(GpuRunTest, ContextsShareActivationMemory) {
  GpuModelOptions options = Options();
  options.context.memory = trt::ContextMemory::kShared;
  auto executable = Load(std::string(ScalePlan()) + "memory-bytes 1000000\n", options);
  auto one = executable->CreateContext();
  auto other = executable->CreateContext();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(RunScale(*executable, *one, Counting(8)), Doubled(Counting(8)));
    EXPECT_EQ(RunScale(*executable, *other, Counting(16)), Doubled(Counting(16)));
  }
  EXPECT_LT(executable->control()->Counters().device_bytes, 1500000u);
  EXPECT_EQ(executable->control()->Counters().graph_captures, 2u);
}

TEST_P(GpuRunTest, SharedActivationMemoryIsGivenAgainAfterEachChangeOfShapes) {
  GpuModelOptions options = Options();
  options.context.memory = trt::ContextMemory::kShared;
  auto executable = Load(ScalePlan(), options);
  auto context = executable->CreateContext();
  // The largest first: the same block serves all.
  for (size_t rows : {8, 1, 8, 8, 8, 2}) {
    const std::vector<float> x = Counting(rows * 4);
    EXPECT_EQ(RunScale(*executable, *context, x), Doubled(x)) << rows;
  }
  EXPECT_EQ(AllCalls()["IExecutionContext::setDeviceMemoryV2"], 4);
}

TEST_P(GpuRunTest, AnOutputThatGrowsOnAnAuxiliaryStreamIsThereInTime) {
  cuda::StandinControl("configure reorder=11");
  auto executable = Load(
      "name found\ninput x float32 -1\noutput y float32 -1\noutput at int64 1,-1\nprofile x 1 8 64\n"
      "aux-streams 1\nlayer identity x y\nlayer nonzero x at\n");
  auto context = executable->CreateContext();
  for (size_t count = 1; count <= 64; count *= 2) {
    std::shared_ptr<void> x = Fill(*executable, std::vector<float>(count, 1));
    std::vector<OutputSlot> outputs(2);
    context->Run({View(ElementType::kFloat32, {static_cast<int64_t>(count)}, x.get())}, outputs);
    const TensorView& at = outputs[1].owned.view;
    ASSERT_EQ(at.dims, (std::vector<int64_t>{1, static_cast<int64_t>(count)}));
    EXPECT_EQ(static_cast<const int64_t*>(at.data)[count - 1], static_cast<int64_t>(count) - 1);
  }
}

TEST_P(GpuRunTest, AnIntegratedGpuCapturesNoGraphOfMemoryThatEachCallHasElsewhere) {
  cuda::StandinControl("configure integrated=1");
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(RunScale(*executable, *context, Counting(8)), Doubled(Counting(8)));
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
  const std::vector<GraphFailure> failures = executable->control()->GraphFailures();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].reason.find("in place"), std::string::npos) << failures[0].reason;
}

TEST_P(GpuRunTest, AnIntegratedGpuCopiesNothing) {
  cuda::StandinControl("configure integrated=1");
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(RunScale(*executable, *context, Counting(8)), Doubled(Counting(8)));
  EXPECT_EQ(cuda::StandinCalls("cuMemcpyHtoDAsync"), 0);
  EXPECT_EQ(cuda::StandinCalls("cuMemcpyDtoHAsync"), 0);
}

TEST_P(GpuRunTest, TracedRunsTellLayersAndDebugTensors) {
  auto executable = Load(
      "name traced\ninput x float32 4\noutput y float32 4\nprofile x 4 4 4\nweight two 2\n"
      "layer scale x m two\nlayer scale m y two\ndebug m\n");
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(4));
  const std::vector<TensorView> inputs = {View(ElementType::kFloat32, {4}, x.get())};
  EXPECT_EQ(executable->control()->DebugTensors(), (std::vector<std::string>{"m"}));
  TraceRequest request;
  request.layer_times = true;
  request.all_debug_tensors = true;
  for (int i = 0; i < 3; ++i) {
    std::vector<OutputSlot> outputs(1);
    RunTrace trace;
    context->RunTraced(inputs, outputs, request, trace);
    EXPECT_EQ(Floats(outputs[0].owned.view), Doubled(Doubled(Counting(4))));
    EXPECT_EQ(trace.layers.size(), 2u);
    ASSERT_EQ(trace.debug_tensors.size(), 1u);
    EXPECT_EQ(trace.debug_tensors[0].name, "m");
    EXPECT_EQ(Floats(trace.debug_tensors[0].view), Doubled(Counting(4)));
  }
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
  request.debug_tensors = {"nothing"};
  std::vector<OutputSlot> outputs(1);
  RunTrace trace;
  EXPECT_EQ(ErrorOf([&] { context->RunTraced(inputs, outputs, request, trace); }).code(),
            "ERR_TRT_RUN_OUTPUT_NAME");
  context->Run(inputs, outputs);
}

TEST_P(GpuRunTest, ThePageLockedLimitIsAnErrorOfTheCall) {
  GpuModelOptions options = Options();
  options.pinned_limit_bytes = 600;
  auto executable = Load(ScalePlan(), options);
  auto context = executable->CreateContext();
  EXPECT_EQ(ErrorOf([&] { RunScale(*executable, *context, Counting(128)); }).code(),
            "ERR_TRT_RUN_MEMORY_LIMIT");
  EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Doubled(Counting(4)));
}

class SessionRun : public Call {
 public:
  explicit SessionRun(std::function<void(ExecutionContext&)> body, std::atomic<int>* failures)
      : body_(std::move(body)), failures_(failures) {}
  void Execute(ExecutionContext& context) override { body_(context); }
  void Finish(std::exception_ptr error) noexcept override {
    if (error) ++*failures_;
  }

 private:
  std::function<void(ExecutionContext&)> body_;
  std::atomic<int>* failures_;
};

TEST_P(GpuRunTest, ManyCallsOnManyContextsInRandomOrderOfStreams) {
  cuda::StandinControl("configure reorder=7");
  std::atomic<int> failures{0}, wrong{0}, done{0};
  auto executable = Load(std::string(ScalePlan()) + "duration-us 20\n");
  SessionOptions options;
  options.contexts = 3;
  options.max_queue = 1000;
  Session session(executable, options);
  for (int i = 0; i < 120; ++i) {
    session.Submit(std::make_shared<SessionRun>(
        [&, i](ExecutionContext& context) {
          const std::vector<float> x = Counting(static_cast<size_t>(i % 8 + 1) * 4, static_cast<float>(i));
          if (RunScale(*executable, context, x) != Doubled(x)) ++wrong;
          ++done;
        },
        &failures));
  }
  SessionRun now([&](ExecutionContext& context) { RunScale(*executable, context, Counting(4)); }, &failures);
  session.RunNow(now);
  while (done < 120 && failures == 0) std::this_thread::yield();
  session.Abandon();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(wrong, 0);
}

using trt::FamilyTestName;
TRTN_FOR_ALL_FAMILIES(GpuRunTest);

}  // namespace
}  // namespace trtn::gpu
