// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs that stay on the device.
#include <gtest/gtest.h>

#include "cuda/device_memory.h"
#include "cuda/stream.h"
#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

using trt::ScalePlan;

class GpuDeviceTensorTest : public GpuTest {
 protected:
  static TensorView OnDevice(TensorView view) {
    view.place = MemoryPlace::kDevice;
    return view;
  }

  /// Copies a tensor from the device.
  static std::vector<float> Download(Executable& executable, const TensorView& view) {
    auto device = OpenDevice();
    const cuda::ScopedDevice scope(*device);
    cuda::Stream stream(device);
    std::shared_ptr<void> memory = executable.host_pool()->AcquireShared(view.bytes);
    stream.CopyToHost(memory.get(), cuda::AddressOf(view.data), view.bytes);
    stream.Synchronize();
    TensorView copy = view;
    copy.data = memory.get();
    return Floats(copy);
  }
};

TEST_F(GpuDeviceTensorTest, AnOutputOnTheDeviceIsTheNextRunsInput) {
  auto executable = Load(ScalePlan());
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  std::vector<OutputSlot> first(1), second(1);
  first[0].view.place = MemoryPlace::kDevice;
  context->Run({View(ElementType::kFloat32, {2, 4}, x.get())}, first);
  const TensorView& between = first[0].owned.view;
  EXPECT_EQ(between.place, MemoryPlace::kDevice);
  EXPECT_EQ(between.dims, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(Download(*executable, between), Doubled(Counting(8)));
  EXPECT_EQ(executable->control()->Counters().device_to_host_bytes, 0u);
  context->Run({between}, second);
  EXPECT_EQ(Floats(second[0].owned.view), Doubled(Doubled(Counting(8))));
  EXPECT_EQ(executable->control()->Counters().graph_captures, 0u);
}

TEST_F(GpuDeviceTensorTest, AnOutputOutlivesItsSession) {
  OwnedOutput kept;
  std::shared_ptr<HostPool> pool;
  {
    auto executable = Load(ScalePlan());
    auto context = executable->CreateContext();
    std::shared_ptr<void> x = Fill(*executable, Counting(4));
    std::vector<OutputSlot> outputs(1);
    outputs[0].view.place = MemoryPlace::kDevice;
    context->Run({View(ElementType::kFloat32, {1, 4}, x.get())}, outputs);
    kept = std::move(outputs[0].owned);
  }
  auto executable = Load(ScalePlan());
  EXPECT_EQ(Download(*executable, kept.view), Doubled(Counting(4)));
}

TEST_F(GpuDeviceTensorTest, ABindingMayHaveBothOnTheDevice) {
  auto executable = Load(ScalePlan());
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  std::shared_ptr<void> middle = executable->AllocateDeviceTensor(32, "the output 'y'");
  std::shared_ptr<void> y = executable->AllocateDeviceTensor(32, "the output 'y'");
  auto first = executable->Bind({View(ElementType::kFloat32, {2, 4}, x.get())},
                                {OnDevice(View(ElementType::kFloat32, {2, 4}, middle.get()))});
  auto second = executable->Bind({OnDevice(View(ElementType::kFloat32, {2, 4}, middle.get()))},
                                 {OnDevice(View(ElementType::kFloat32, {2, 4}, y.get()))});
  for (int i = 0; i < 3; ++i) {
    first->Run();
    second->Run();
    EXPECT_EQ(Download(*executable, View(ElementType::kFloat32, {2, 4}, y.get())),
              Doubled(Doubled(Counting(8))));
  }
  EXPECT_EQ(executable->control()->Counters().graph_captures, 2u);
  EXPECT_EQ(executable->control()->Counters().device_to_host_bytes, 0u);
}

TEST_F(GpuDeviceTensorTest, OutputsWhoseSizeDependsOnTheDataCanStayOnTheDevice) {
  auto executable = Load(
      "name found\ninput x float32 -1\noutput at int64 1,-1\nprofile x 1 8 64\n"
      "layer nonzero x at\n");
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, std::vector<float>{0, 1, 1});
  std::vector<OutputSlot> outputs(1);
  outputs[0].view.place = MemoryPlace::kDevice;
  context->Run({View(ElementType::kFloat32, {3}, x.get())}, outputs);
  EXPECT_EQ(outputs[0].owned.view.place, MemoryPlace::kDevice);
  EXPECT_EQ(outputs[0].owned.view.dims, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(outputs[0].owned.view.bytes, 16u);
}

TEST_F(GpuDeviceTensorTest, ShapeTensorsMustBeOnTheHost) {
  auto executable = Load(
      "name shaped\ninput x float32 8\ninput shape int64 2 host\noutput y float32 -1,-1\n"
      "profile x 8 8 8 shape 2 2 2\nvalues shape 1,1 2,4 8,8\nlayer reshape x shape y\n");
  auto context = executable->CreateContext();
  std::shared_ptr<void> x = Fill(*executable, Counting(8));
  std::shared_ptr<void> shape = executable->AllocateDeviceTensor(16, "a test");
  std::vector<OutputSlot> outputs(1);
  EXPECT_EQ(ErrorOf([&] {
              context->Run({View(ElementType::kFloat32, {8}, x.get()),
                            OnDevice(View(ElementType::kInt64, {2}, shape.get()))},
                           outputs);
            }).code(),
            "ERR_TRT_RUN_DEVICE_TENSOR");
}

TEST_F(GpuDeviceTensorTest, TooMuchIsAnErrorWithWhatWasNeededAndFree) {
  cuda::StandinControl("configure memory-bytes=16777216");
  auto executable = Load(ScalePlan());
  const Error error = ErrorOf([&] { executable->AllocateDeviceTensor(size_t{1} << 30, "the output 'y'"); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(Detail(error, "needed"), std::to_string(1 << 30));
  EXPECT_FALSE(Detail(error, "free").empty());
}

}  // namespace
}  // namespace trtn::gpu
