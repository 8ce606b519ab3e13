// SPDX-License-Identifier: Apache-2.0
// Bindings: everything set once, one graph with the copies in it.
#include <gtest/gtest.h>

#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

using trt::ScalePlan;

class GpuBoundTest : public GpuFamilyTest {
 protected:
  struct Binding {
    std::shared_ptr<void> x, y;
    std::unique_ptr<BoundExecution> execution;
    size_t count = 0;

    std::vector<float> Run(const std::vector<float>& values) {
      std::memcpy(x.get(), values.data(), values.size() * sizeof(float));
      execution->Run();
      std::vector<float> result(count);
      std::memcpy(result.data(), y.get(), count * sizeof(float));
      return result;
    }
  };

  static Binding Bind(Executable& executable, int64_t rows) {
    Binding binding;
    binding.count = static_cast<size_t>(rows) * 4;
    binding.x = executable.host_pool()->AcquireShared(binding.count * sizeof(float));
    binding.y = executable.host_pool()->AcquireShared(binding.count * sizeof(float));
    binding.execution = executable.Bind({View(ElementType::kFloat32, {rows, 4}, binding.x.get())},
                                        {View(ElementType::kFloat32, {rows, 4}, binding.y.get())});
    return binding;
  }

  /// Driver calls and calls of TensorRT that one run of a binding makes on a session's thread.
  static int CallsPerRun(Executable& executable, Binding& binding) {
    executable.EnterThread();
    binding.Run(Counting(binding.count));
    binding.Run(Counting(binding.count));
    cuda::StandinControl("reset");
    binding.Run(Counting(binding.count));
    const int calls = cuda::StandinTotalCalls();
    executable.LeaveThread();
    return calls;
  }
};

TEST_P(GpuBoundTest, RunsOverTheSameMemory) {
  auto executable = Load(ScalePlan());
  Binding binding = Bind(*executable, 3);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(binding.Run(Counting(12, static_cast<float>(i))), Doubled(Counting(12, static_cast<float>(i))));
  EXPECT_EQ(binding.execution->OutputDims(), nullptr);
  const ExecutionCounters counters = executable->control()->Counters();
  EXPECT_EQ(counters.runs, 5u);
  EXPECT_EQ(counters.graph_captures, 1u);
  EXPECT_EQ(counters.graph_launches, 4u);
  EXPECT_EQ(counters.host_copied_bytes, 0u);
  EXPECT_EQ(counters.host_to_device_bytes, 5 * 48u);
  EXPECT_EQ(counters.device_to_host_bytes, 5 * 48u);
}

TEST_P(GpuBoundTest, MakesFewDriverCallsPerRun) {
  {
    GpuModelOptions options = Options();
    options.graphs = GraphMode::kOff;
    auto executable = Load(ScalePlan(), options);
    Binding binding = Bind(*executable, 2);
    EXPECT_LE(CallsPerRun(*executable, binding), 20) << cuda::StandinControl("calls");
  }
  auto executable = Load(ScalePlan());
  Binding binding = Bind(*executable, 2);
  EXPECT_LE(CallsPerRun(*executable, binding), 4) << cuda::StandinControl("calls");
}

TEST_P(GpuBoundTest, BindingsOfSeveralShapesRunSideBySide) {
  auto executable = Load(ScalePlan());
  Binding small = Bind(*executable, 1), large = Bind(*executable, 32);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(small.Run(Counting(4)), Doubled(Counting(4)));
    EXPECT_EQ(large.Run(Counting(128)), Doubled(Counting(128)));
  }
}

TEST_P(GpuBoundTest, RefusesShapesOutsideTheProfiles) {
  auto executable = Load(ScalePlan());
  EXPECT_EQ(ErrorOf([&] { Bind(*executable, 9); }).code(), "ERR_TRT_RUN_PROFILE");
}

TEST_P(GpuBoundTest, RefusesOutputsThatAreTooSmall) {
  auto executable = Load(ScalePlan());
  std::shared_ptr<void> memory = executable->host_pool()->AcquireShared(1024);
  EXPECT_EQ(ErrorOf([&] {
              executable->Bind({View(ElementType::kFloat32, {2, 4}, memory.get())},
                               {View(ElementType::kFloat32, {1, 4}, memory.get())});
            }).code(),
            "ERR_TRT_RUN_FAILED");
}

TEST_P(GpuBoundTest, KeepsTheValuesOfShapeTensors) {
  auto executable = Load(
      "name shaped\ninput x float32 8\ninput shape int64 2 host\noutput y float32 -1,-1\n"
      "profile x 8 8 8 shape 2 2 2\nvalues shape 1,1 2,4 8,8\nlayer reshape x shape y\n");
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  std::shared_ptr<void> shape = Fill(*executable, std::vector<int64_t>{4, 2});
  std::shared_ptr<void> y = executable->host_pool()->AcquireShared(32);
  auto bound = executable->Bind(
      {View(ElementType::kFloat32, {8}, x.get()), View(ElementType::kInt64, {2}, shape.get())},
      {View(ElementType::kFloat32, {4, 2}, y.get())});
  for (int i = 0; i < 3; ++i) {
    std::memset(y.get(), 0, 32);
    bound->Run();
    EXPECT_EQ(Floats(View(ElementType::kFloat32, {8}, y.get())), Counting(8));
  }
}

TEST_P(GpuBoundTest, TellsTheDimsOfOutputsWhoseSizeDependsOnTheData) {
  auto executable = Load(
      "name found\ninput x float32 -1\noutput at int64 1,-1\nprofile x 1 8 64\n"
      "layer nonzero x at\n");
  std::shared_ptr<void> x = Fill(*executable, std::vector<float>{0, 3, 0, 4});
  auto context = executable->CreateContext();
  const std::vector<TensorView> inputs = {View(ElementType::kFloat32, {4}, x.get())};
  std::vector<TensorView> outputs = context->ResolveOutputs(inputs);
  ASSERT_GE(outputs[0].bytes, 4 * sizeof(int64_t));
  std::shared_ptr<void> at = executable->host_pool()->AcquireShared(outputs[0].bytes);
  outputs[0].data = at.get();
  auto bound = executable->Bind(inputs, outputs);
  bound->Run();
  ASSERT_NE(bound->OutputDims(), nullptr);
  EXPECT_EQ((*bound->OutputDims())[0], (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(static_cast<int64_t*>(at.get())[0], 1);
  EXPECT_EQ(static_cast<int64_t*>(at.get())[1], 3);
  static_cast<float*>(x.get())[0] = 1;
  bound->Run();
  EXPECT_EQ((*bound->OutputDims())[0], (std::vector<int64_t>{1, 3}));
}

TEST_P(GpuBoundTest, AnIntegratedGpuUsesTheMemoryInPlace) {
  cuda::StandinControl("configure integrated=1");
  auto executable = Load(ScalePlan());
  Binding binding = Bind(*executable, 2);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(binding.Run(Counting(8)), Doubled(Counting(8)));
  EXPECT_EQ(executable->control()->Counters().host_to_device_bytes, 0u);
  EXPECT_EQ(executable->control()->Counters().device_bytes, 0u);
  EXPECT_EQ(executable->control()->Counters().graph_captures, 1u);
}

TEST_P(GpuBoundTest, SharedActivationMemoryKeepsItsGraph) {
  GpuModelOptions options = Options();
  options.context.memory = trt::ContextMemory::kShared;
  auto executable = Load(ScalePlan(), options);
  Binding one = Bind(*executable, 2), other = Bind(*executable, 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(one.Run(Counting(8)), Doubled(Counting(8)));
    EXPECT_EQ(other.Run(Counting(16)), Doubled(Counting(16)));
  }
  EXPECT_EQ(executable->control()->Counters().graph_captures, 2u);
}

using trt::FamilyTestName;
TRTN_FOR_ALL_FAMILIES(GpuBoundTest);

}  // namespace
}  // namespace trtn::gpu
