// SPDX-License-Identifier: Apache-2.0
// Outputs that TensorRT writes to host memory: while shapes are inferred, and while the network runs.
#include <gtest/gtest.h>

#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

/// y = x; s = the dims of x, which are known with the shapes.
const char* ShapePlan() {
  return "name shape\ninput x float32 -1,4\noutput y float32 -1,4\noutput s int64 2 host\n"
         "profile x 1,4 4,4 64,4\nlayer identity x y\nlayer shapeof x s\n";
}

/// y = x, on the host: only a run can tell it.
const char* ValuePlan() {
  return "name value\ninput x float32 -1,4\noutput y float32 -1,4 host\nprofile x 1,4 4,4 64,4\n"
         "layer identity x y\n";
}

class GpuHostTest : public GpuFamilyTest {
 protected:
  static std::vector<OutputSlot> Run(Executable& executable, ExecutionContext& context,
                                     const std::vector<float>& x, std::vector<OutputSlot> outputs) {
    std::shared_ptr<void> memory = Fill(executable, x);
    context.Run({View(ElementType::kFloat32, {static_cast<int64_t>(x.size() / 4), 4}, memory.get())},
                outputs);
    return outputs;
  }

  static std::vector<int64_t> Integers(const TensorView& view) {
    const auto* values = static_cast<const int64_t*>(view.data);
    return std::vector<int64_t>(values, values + view.bytes / sizeof(int64_t));
  }
};

TEST_P(GpuHostTest, WhatARunGaveIsNeverWrittenAgain) {
  auto executable = Load(ShapePlan());
  auto context = executable->CreateContext();
  std::vector<std::vector<OutputSlot>> kept;
  for (size_t rows : {2, 3, 3, 3, 64, 2})
    kept.push_back(Run(*executable, *context, Counting(rows * 4), std::vector<OutputSlot>(2)));
  size_t i = 0;
  for (int64_t rows : {2, 3, 3, 3, 64, 2}) {
    const std::vector<OutputSlot>& outputs = kept[i++];
    EXPECT_EQ(Integers(outputs[1].owned.view), (std::vector<int64_t>{rows, 4}));
    EXPECT_EQ(Floats(outputs[0].owned.view), Counting(static_cast<size_t>(rows) * 4));
  }
  // The dims are the key of the graph, and so is what they tell.
  EXPECT_EQ(executable->control()->Counters().graph_captures, 1u);
}

TEST_P(GpuHostTest, ATargetOfTheCallerIsFreeAfterTheRun) {
  auto executable = Load(ShapePlan());
  auto context = executable->CreateContext();
  std::vector<OutputSlot> outputs(2);
  std::vector<int64_t> s(2, -1);
  outputs[1].view = View(ElementType::kInt64, {2}, s.data());
  for (int i = 0; i < 4; ++i) {
    s = {-1, -1};
    Run(*executable, *context, Counting(8), outputs);
    EXPECT_EQ(s, (std::vector<int64_t>{2, 4}));
  }
  std::shared_ptr<void> x = Fill(*executable, Counting(12));
  context->ResolveOutputs({View(ElementType::kFloat32, {3, 4}, x.get())});
  EXPECT_EQ(s, (std::vector<int64_t>{2, 4}));
}

TEST_P(GpuHostTest, ValuesOfARunAreNoPartOfAGraph) {
  auto executable = Load(ValuePlan());
  auto context = executable->CreateContext();
  for (size_t rows : {1, 2, 2, 2, 2, 64, 1}) {
    const std::vector<float> x = Counting(rows * 4, static_cast<float>(rows));
    std::vector<OutputSlot> outputs = Run(*executable, *context, x, std::vector<OutputSlot>(1));
    EXPECT_EQ(Floats(outputs[0].owned.view), x);
  }
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
  ASSERT_FALSE(executable->control()->GraphFailures().empty());
  EXPECT_EQ(executable->control()->GraphFailures()[0].reason, "an output lies in host memory");
}

TEST_P(GpuHostTest, RefusesADeviceTensorForThem) {
  auto executable = Load(ShapePlan());
  auto context = executable->CreateContext();
  std::vector<OutputSlot> outputs(2);
  outputs[1].view.place = MemoryPlace::kDevice;
  EXPECT_EQ(ErrorOf([&] { Run(*executable, *context, Counting(4), outputs); }).code(),
            "ERR_TRT_RUN_DEVICE_TENSOR");
  outputs[1].wanted = false;
  Run(*executable, *context, Counting(4), outputs);
}

TEST_P(GpuHostTest, BindingsCopyThem) {
  for (const char* plan : {ShapePlan(), ValuePlan()}) {
    auto executable = Load(plan);
    std::shared_ptr<void> x = Fill(*executable, Counting(8));
    const std::vector<TensorView> inputs = {View(ElementType::kFloat32, {2, 4}, x.get())};
    std::vector<TensorView> outputs = executable->CreateContext()->ResolveOutputs(inputs);
    std::vector<std::shared_ptr<void>> memory;
    for (TensorView& view : outputs) {
      memory.push_back(executable->host_pool()->AcquireShared(view.bytes));
      view.data = memory.back().get();
    }
    auto bound = executable->Bind(inputs, outputs);
    for (int i = 0; i < 4; ++i) {
      const std::vector<float> values = Counting(8, static_cast<float>(i));
      std::memcpy(x.get(), values.data(), values.size() * sizeof(float));
      for (const TensorView& view : outputs) std::memset(view.data, 0, view.bytes);
      bound->Run();
      EXPECT_EQ(Floats(outputs[0]), values);
      if (outputs.size() > 1) {
        EXPECT_EQ(Integers(outputs[1]), (std::vector<int64_t>{2, 4}));
      }
    }
    EXPECT_EQ(executable->control()->Counters().graph_captures, outputs.size() - 1);
  }
}

using trt::FamilyTestName;
TRTN_FOR_ALL_FAMILIES(GpuHostTest);

}  // namespace
}  // namespace trtn::gpu
