// SPDX-License-Identifier: Apache-2.0
// What the stand-in driver reports: real hardware answers it with undefined behaviour, or with a silent loss.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

constexpr size_t kBytes = 256;

class StandinViolation : public StandinDeviceTest {
 protected:
  void SetUp() override {
    StandinDeviceTest::SetUp();
    ASSERT_EQ(api_->cuStreamCreateWithPriority(&stream_, 1, 0), kSuccess);
    ASSERT_EQ(api_->cuMemAlloc_v2(&memory_, kBytes), kSuccess);
    ASSERT_EQ(api_->cuMemHostAlloc(&host_, kBytes, 0), kSuccess);
  }
  void TearDown() override {
    api_->cuStreamSynchronize(stream_);
    api_->cuStreamDestroy_v2(stream_);
    if (memory_ != 0) api_->cuMemFree_v2(memory_);
    if (host_ != nullptr) api_->cuMemFreeHost(host_);
    StandinDeviceTest::TearDown();
  }
  Result Upload(size_t bytes = kBytes) { return api_->cuMemcpyHtoDAsync_v2(memory_, host_, bytes, stream_); }
  void FreeMemory() {
    EXPECT_EQ(api_->cuMemFree_v2(memory_), kSuccess);
    memory_ = 0;
  }
  /// Puts an upload behind a kernel that waits for Open().
  void QueueUpload() {
    Block(stream_);
    EXPECT_EQ(Upload(), kSuccess);
  }
  static void Expect(const std::string& text) {
    const std::string violations = StandinControl("violations");
    EXPECT_NE(violations.find(text), std::string::npos) << "expected: " << text << "\ncame: " << violations;
  }

  StreamHandle stream_ = nullptr;
  DevicePointer memory_ = 0;
  void* host_ = nullptr;
};

TEST_F(StandinViolation, DestroyedAndUnknownHandles) {
  EventHandle event = nullptr;
  ASSERT_EQ(api_->cuEventCreate(&event, 0), kSuccess);
  ASSERT_EQ(api_->cuEventDestroy_v2(event), kSuccess);
  EXPECT_EQ(api_->cuEventRecord(event, stream_), 400);
  Expect("cuEventRecord is given an event that was destroyed");
  EXPECT_EQ(api_->cuEventSynchronize(reinterpret_cast<EventHandle>(&event)), 400);
  Expect("cuEventSynchronize is given an event that never was one");
  EXPECT_EQ(api_->cuGraphDestroy(nullptr), 400);
  Expect("cuGraphDestroy is given a graph that is null");
}

TEST_F(StandinViolation, DefaultStreams) {
  EXPECT_EQ(api_->cuStreamSynchronize(nullptr), 400);
  Expect("default stream");
}

TEST_F(StandinViolation, NoContextOrTheWrongOne) {
  std::thread([&] {
    EXPECT_EQ(Upload(), 201);
    Expect("cuMemcpyHtoDAsync is called without a current context");
  }).join();
  const std::shared_ptr<Device> other = OpenDevice(1);
  const ScopedDevice scope(*other);
  EXPECT_EQ(Upload(), 201);
  Expect("a stream of another context");
}

TEST_F(StandinViolation, AddressesThatAreNone) {
  EXPECT_EQ(api_->cuMemsetD8Async(4096, 0, 8, stream_), 1);
  Expect("no memory of the device");
  EXPECT_EQ(api_->cuMemFree_v2(memory_ + 8), 1);
  Expect("where no live allocation begins");
  EXPECT_EQ(api_->cuMemFreeHost(&memory_), 1);
  Expect("no memory of its kind");
  EXPECT_EQ(api_->cuMemcpyHtoDAsync_v2(memory_, nullptr, 8, stream_), 1);
  Expect("as host memory");
  EXPECT_EQ(api_->cuMemHostGetDevicePointer_v2(&memory_, host_, 0), 1);
  Expect("no mapped host memory");
}

TEST_F(StandinViolation, CopiesOutOfBounds) {
  EXPECT_EQ(api_->cuMemsetD8Async(memory_ + 1, 0, kBytes, stream_), 1);
  Expect("cuMemsetD8Async goes out of bounds");
  DevicePointer large = 0;
  ASSERT_EQ(api_->cuMemAlloc_v2(&large, 2 * kBytes), kSuccess);
  EXPECT_EQ(api_->cuMemcpyDtoHAsync_v2(host_, large, kBytes + 1, stream_), 1);
  Expect("out of bounds");
  EXPECT_EQ(api_->cuMemFree_v2(large), kSuccess);
}

TEST_F(StandinViolation, PageableMemory) {
  unsigned char pageable[8] = {1, 2, 3};
  EXPECT_EQ(api_->cuMemcpyHtoDAsync_v2(memory_, pageable, 8, stream_), kSuccess);
  Expect("pageable memory in cuMemcpyHtoDAsync");
  pageable[1] = 0;
  EXPECT_EQ(api_->cuMemcpyDtoHAsync_v2(pageable, memory_, 8, stream_), kSuccess);
  EXPECT_EQ(pageable[1], 2);
  Expect("pageable memory in cuMemcpyDtoHAsync");
}

TEST_F(StandinViolation, FreeingWhatQueuedWorkUses) {
  QueueUpload();
  FreeMemory();
  Expect("cuMemFree frees 256 bytes");
  EXPECT_EQ(api_->cuMemFreeHost(host_), kSuccess);
  host_ = nullptr;
  Expect("cuMemFreeHost frees 256 bytes");
  Open();
  EXPECT_EQ(api_->cuStreamSynchronize(stream_), kSuccess);
}

TEST_F(StandinViolation, FreeingAfterTheStreamIsDestroyed) {
  EventHandle done = nullptr;
  ASSERT_EQ(api_->cuEventCreate(&done, 2), kSuccess);
  QueueUpload();
  ASSERT_EQ(api_->cuEventRecord(done, stream_), kSuccess);
  // Its work goes on.
  EXPECT_EQ(api_->cuStreamDestroy_v2(stream_), kSuccess);
  ASSERT_EQ(api_->cuStreamCreateWithPriority(&stream_, 1, 0), kSuccess);
  EXPECT_EQ(StandinControl("violations"), "[]");
  FreeMemory();
  Expect("which queued or running work uses");
  Open();
  EXPECT_EQ(api_->cuEventSynchronize(done), kSuccess);
  EXPECT_EQ(api_->cuEventDestroy_v2(done), kSuccess);
}

TEST_F(StandinViolation, UsingWhatWasFreed) {
  FreeMemory();
  DevicePointer pooled = 0;
  ASSERT_EQ(api_->cuMemAllocAsync(&pooled, kBytes, stream_), kSuccess);
  ASSERT_EQ(api_->cuMemFreeAsync(pooled, stream_), kSuccess);
  EXPECT_EQ(api_->cuMemsetD8Async(pooled, 0, 8, stream_), 1);
  EXPECT_NE(StandinControl("violations").find("memory that"), std::string::npos);
  EXPECT_EQ(api_->cuMemFreeAsync(pooled, stream_), 1);
  Expect("where no live allocation begins");
}

TEST_F(StandinViolation, UsingMemoryBeforeItsAllocationIsReached) {
  StreamHandle other = nullptr;
  ASSERT_EQ(api_->cuStreamCreateWithPriority(&other, 1, 0), kSuccess);
  QueueUpload();
  DevicePointer pooled = 0;
  ASSERT_EQ(api_->cuMemAllocAsync(&pooled, kBytes, stream_), kSuccess);
  ASSERT_EQ(api_->cuMemcpyDtoHAsync_v2(host_, pooled, 8, other), kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(other), kSuccess);
  Open();
  EXPECT_EQ(api_->cuMemFreeAsync(pooled, stream_), kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(stream_), kSuccess);
  Expect("before its allocation is reached");
  EXPECT_EQ(api_->cuStreamDestroy_v2(other), kSuccess);
}

TEST_F(StandinViolation, LaunchingAGraphWhoseMemoryIsGone) {
  GraphHandle graph = nullptr;
  GraphExecHandle exec = nullptr;
  ASSERT_EQ(api_->cuStreamBeginCapture_v2(stream_, 1), kSuccess);
  ASSERT_EQ(Upload(), kSuccess);
  ASSERT_EQ(api_->cuStreamEndCapture(stream_, &graph), kSuccess);
  ASSERT_EQ(api_->cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
  EXPECT_EQ(api_->cuGraphLaunch(exec, stream_), kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(stream_), kSuccess);
  FreeMemory();
  EXPECT_EQ(api_->cuGraphLaunch(exec, stream_), 1);
  Expect("which was freed since its capture");
  EXPECT_EQ(api_->cuGraphExecDestroy(exec), kSuccess);
  EXPECT_EQ(api_->cuGraphDestroy(graph), kSuccess);
}

TEST_F(StandinViolation, LeavingThingsBehind) {
  const std::shared_ptr<Device> other = OpenDevice(1);
  DevicePointer pointer = 0;
  {
    const ScopedDevice scope(*other);
    ASSERT_EQ(api_->cuMemAlloc_v2(&pointer, 8), kSuccess);
  }
  EXPECT_EQ(StandinControl("violations"), "[]");
  DeviceHandle ordinal = 1;
  ASSERT_EQ(api_->cuDevicePrimaryCtxRelease_v2(ordinal), kSuccess);
  Expect(
      "ends a context that still has 0 streams, events, executable graphs and modules and 1 pieces of "
      "memory");
  ContextHandle context = nullptr;
  EXPECT_EQ(api_->cuDevicePrimaryCtxRetain(&context, ordinal), kSuccess);
}

}  // namespace
}  // namespace trtn::cuda
