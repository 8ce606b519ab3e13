// SPDX-License-Identifier: Apache-2.0
// Stage times of runs on the stand-in driver, whose work takes as long as it is told to.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "core/steady_clock.h"
#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

using trt::FamilyTestName;

// Without what times between events lose as floats.
constexpr double kComputeMs = 2 - 1e-3;
constexpr double kCopyMs = 1 - 1e-3;

/// y = 2 x in 2 ms; copies take 1 ms each.
std::string SlowPlan() { return std::string("duration-us 2000\n") + trt::ScalePlan(); }

/// Ones at some places: their indices come out.
const char* NonZeroPlan() {
  return "name nonzero\ninput x float32 -1,4\noutput at int64 2,-1\nprofile x 1,4 4,4 8,4\n"
         "layer nonzero x at\n";
}

TensorView OnDevice(TensorView view) {
  view.place = MemoryPlace::kDevice;
  return view;
}

class GpuStageTest : public GpuFamilyTest {
 protected:
  void SetUp() override {
    GpuFamilyTest::SetUp();
    cuda::StandinControl("configure copy-us=1000");
  }

  std::shared_ptr<Executable> LoadMeasured(const std::string& plan, GraphMode graphs = GraphMode::kAuto) {
    GpuModelOptions options = Options();
    options.graphs = graphs;
    options.stage_log = log_;
    return Load(plan, options);
  }

  static TensorView Rows(const std::shared_ptr<void>& memory) {
    return View(ElementType::kFloat32, {2, 4}, memory.get());
  }

  std::vector<StageTimes> TakeRows(size_t count) {
    StageLog::Taken taken = log_->Take();
    EXPECT_EQ(taken.rows.size(), count);
    EXPECT_EQ(taken.dropped, 0u);
    return std::move(taken.rows);
  }

  /// In order, and no shorter than the work within.
  static void ExpectStages(const StageTimes& row, bool has_copy_in, bool has_copy_out) {
    EXPECT_LE(row.enqueue_start, row.enqueue_end);
    EXPECT_GE(row.compute_end - row.compute_start, kComputeMs);
    EXPECT_EQ(std::isnan(row.h2d_start), !has_copy_in);
    EXPECT_EQ(std::isnan(row.h2d_end), !has_copy_in);
    EXPECT_EQ(std::isnan(row.d2h_start), !has_copy_out);
    EXPECT_EQ(std::isnan(row.d2h_end), !has_copy_out);
    if (has_copy_in) {
      EXPECT_GE(row.h2d_end - row.h2d_start, kCopyMs);
      EXPECT_GE(row.compute_start, row.h2d_end);
    }
    if (has_copy_out) {
      EXPECT_GE(row.d2h_end - row.d2h_start, kCopyMs);
      EXPECT_GE(row.d2h_start, row.compute_end);
    }
  }

  /// All stages between two moments of the host's clock; what the device tells is right to some µs.
  static void ExpectBetween(double before, double after, const StageTimes& row) {
    constexpr double kSlackMs = 0.5;
    EXPECT_GE(row.enqueue_start, before);
    EXPECT_LE(row.enqueue_end, after);
    EXPECT_GE(row.compute_start, before - kSlackMs);
    EXPECT_LE(row.compute_end, after + kSlackMs);
  }

  const std::shared_ptr<StageLog> log_ = std::make_shared<StageLog>();
};

TEST_P(GpuStageTest, CallsHaveAllStagesWithAndWithoutGraphs) {
  for (const GraphMode graphs : {GraphMode::kOff, GraphMode::kOn}) {
    auto executable = LoadMeasured(SlowPlan(), graphs);
    auto context = executable->CreateContext();
    double before = SteadyMilliseconds();
    for (int i = 0; i < 4; ++i) {
      const std::vector<float> x = Counting(8, static_cast<float>(i));
      EXPECT_EQ(RunScale(*executable, *context, x), Doubled(x));
      const StageTimes row = TakeRows(1)[0];
      const double after = SteadyMilliseconds();
      ExpectStages(row, true, true);
      ExpectBetween(before, after, row);
      before = after;
    }
    const uint64_t launches = executable->control()->Counters().graph_launches;
    EXPECT_EQ(launches, graphs == GraphMode::kOn ? 3u : 0u);
  }
}

TEST_P(GpuStageTest, BindingsHaveAllStagesWithinTheirGraph) {
  for (const GraphMode graphs : {GraphMode::kOff, GraphMode::kOn}) {
    auto executable = LoadMeasured(SlowPlan(), graphs);
    std::shared_ptr<void> x = Fill(*executable, Counting(8)), y = Fill(*executable, Counting(8));
    auto bound = executable->Bind({Rows(x)}, {Rows(y)});
    double before = SteadyMilliseconds();
    for (int i = 0; i < 4; ++i) {
      bound->Run();
      const StageTimes row = TakeRows(1)[0];
      const double after = SteadyMilliseconds();
      ExpectStages(row, true, true);
      ExpectBetween(before, after, row);
      before = after;
    }
    EXPECT_EQ(Floats(Rows(y)), Doubled(Counting(8)));
    // No event is recorded beside the graph, but the one that the run is waited for with.
    if (graphs == GraphMode::kOff) continue;
    cuda::StandinControl("reset");
    bound->Run();
    EXPECT_EQ(cuda::StandinCalls("cuEventRecord"), 1);
    EXPECT_EQ(cuda::StandinCalls("cuGraphLaunch"), 1);
    TakeRows(1);
  }
}

TEST_P(GpuStageTest, WhatStaysOnTheDeviceHasNoCopies) {
  auto executable = LoadMeasured(SlowPlan());
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  std::vector<OutputSlot> first(1), second(1);
  first[0].view.place = MemoryPlace::kDevice;
  context->Run({Rows(x)}, first);
  context->Run({first[0].owned.view}, second);
  const std::vector<StageTimes> rows = TakeRows(2);
  ExpectStages(rows[0], true, false);
  ExpectStages(rows[1], false, true);

  std::shared_ptr<void> in = executable->AllocateDeviceTensor(32, "x");
  std::shared_ptr<void> out = executable->AllocateDeviceTensor(32, "y");
  auto bound = executable->Bind({OnDevice(Rows(in))}, {OnDevice(Rows(out))});
  for (int i = 0; i < 3; ++i) {
    bound->Run();
    ExpectStages(TakeRows(1)[0], false, false);
  }
}

TEST_P(GpuStageTest, AGpuThatSharesTheHostsMemoryCopiesNothing) {
  cuda::StandinControl("configure integrated=1");
  auto executable = LoadMeasured(SlowPlan());
  auto context = executable->CreateContext();
  EXPECT_EQ(RunScale(*executable, *context, Counting(8)), Doubled(Counting(8)));
  ExpectStages(TakeRows(1)[0], false, false);
}

TEST_P(GpuStageTest, OutputsWhoseSizeDependsOnTheDataAreCopiedLater) {
  auto executable = LoadMeasured(std::string("duration-us 2000\n") + NonZeroPlan());
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  for (const MemoryPlace place : {MemoryPlace::kHost, MemoryPlace::kDevice}) {
    std::vector<OutputSlot> outputs(1);
    outputs[0].view.place = place;
    context->Run({Rows(x)}, outputs);
    const StageTimes row = TakeRows(1)[0];
    EXPECT_LE(row.compute_end, row.d2h_start);
    // A copy on the device takes no time here.
    EXPECT_GE(row.d2h_end - row.d2h_start, place == MemoryPlace::kHost ? kCopyMs : 0);
  }
  std::vector<int64_t> none(64);
  std::shared_ptr<void> at = Fill(*executable, none);
  auto bound = executable->Bind({Rows(x)}, {View(ElementType::kInt64, {2, 32}, at.get())});
  bound->Run();
  const StageTimes row = TakeRows(1)[0];
  EXPECT_GE(row.d2h_end - row.d2h_start, kCopyMs);
}

TEST_P(GpuStageTest, EachContextAndBindingHasANumber) {
  auto executable = LoadMeasured(trt::ScalePlan());
  auto first = executable->CreateContext(), second = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8)), y = Fill(*executable, Counting(8));
  auto bound = executable->Bind({Rows(x)}, {Rows(y)});
  RunScale(*executable, *second, Counting(8));
  bound->Run();
  RunScale(*executable, *first, Counting(8));
  std::vector<double> contexts;
  for (const StageTimes& row : TakeRows(3)) contexts.push_back(row.context);
  EXPECT_EQ(contexts, (std::vector<double>{1, 2, 0}));
}

TEST_P(GpuStageTest, TracedAndFailedRunsHaveNoRow) {
  auto executable = LoadMeasured(trt::ScalePlan());
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  TraceRequest request;
  request.layer_times = true;
  RunTrace trace;
  std::vector<OutputSlot> outputs(1);
  cuda::StandinControl("reset");
  context->RunTraced({Rows(x)}, outputs, request, trace);
  EXPECT_EQ(cuda::StandinCalls("cuEventElapsedTime"), 0);
  TakeRows(0);
  cuda::StandinControl("fault IExecutionContext::enqueueV3 1 1");
  EXPECT_EQ(ErrorOf([&] { RunScale(*executable, *context, Counting(8)); }).code(), "ERR_TRT_RUN_FAILED");
  TakeRows(0);
  RunScale(*executable, *context, Counting(8));
  TakeRows(1);
}

TEST_P(GpuStageTest, CostsNothingWhereItIsOff) {
  auto executable = Load(trt::ScalePlan());
  auto context = executable->CreateContext();
  RunScale(*executable, *context, Counting(8));
  RunScale(*executable, *context, Counting(8));
  cuda::StandinControl("reset");
  RunScale(*executable, *context, Counting(8));
  EXPECT_EQ(cuda::StandinCalls("cuEventRecord"), 1);
  EXPECT_EQ(cuda::StandinCalls("cuEventElapsedTime"), 0);
  EXPECT_EQ(cuda::StandinCalls("cuEventCreate"), 0);
}

TRTN_FOR_ALL_FAMILIES(GpuStageTest);

}  // namespace
}  // namespace trtn::gpu
