// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

#include "cuda/device_memory.h"
#include "cuda/graph.h"
#include "cuda/pinned_memory.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

class CudaGraph : public StandinDeviceTest {
 protected:
  void SetUp() override {
    StandinDeviceTest::SetUp();
    stream_ = std::make_unique<Stream>(device_);
    allocator_ = std::make_unique<PinnedAllocator>(device_);
    host_ = static_cast<int*>(allocator_->Allocate(2 * sizeof(int)));
    memory_ = DeviceMemory(device_, sizeof(int), stream_->get(), "a test");
    stream_->Synchronize();
  }
  void TearDown() override {
    stream_->SynchronizeNoThrow();
    allocator_->Free(host_);
    allocator_.reset();
    memory_.Release();
    stream_.reset();
    StandinDeviceTest::TearDown();
  }
  void EnqueueCopies() {
    stream_->CopyToDevice(memory_.get(), &host_[0], sizeof(int));
    stream_->CopyToHost(&host_[1], memory_.get(), sizeof(int));
  }
  GraphExec Capture() {
    GraphCapture capture(*stream_);
    EnqueueCopies();
    return capture.Finish();
  }

  std::unique_ptr<Stream> stream_;
  std::unique_ptr<PinnedAllocator> allocator_;
  DeviceMemory memory_;
  int* host_ = nullptr;
};

TEST_F(CudaGraph, RunsAtLaunchAndNotAtCapture) {
  host_[0] = 11;
  host_[1] = 0;
  GraphExec graph = Capture();
  EXPECT_TRUE(graph);
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 0);
  StandinControl("reset");
  graph.Launch(*stream_);
  EXPECT_EQ(StandinTotalCalls(), 1);
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 11);
  host_[0] = 12;
  graph.Launch(*stream_);
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 12);
}

TEST_F(CudaGraph, RecordsItsEventsAtEachLaunch) {
  Event before(device_, Event::Kind::kTiming), inside(device_, Event::Kind::kTiming);
  GraphExec graph;
  {
    GraphCapture capture(*stream_);
    EnqueueCopies();
    inside.RecordInGraph(stream_->get());
    graph = capture.Finish();
  }
  for (int i = 0; i < 3; i++) {
    before.Record(stream_->get());
    graph.Launch(*stream_);
    stream_->Synchronize();
    EXPECT_GE(Event::Milliseconds(before, inside), 0);
  }
}

TEST_F(CudaGraph, IsMoved) {
  GraphExec first = Capture();
  GraphExec second(std::move(first));
  EXPECT_FALSE(first);
  GraphExec third = Capture();
  third = std::move(second);
  host_[0] = 5;
  third.Launch(*stream_);
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 5);
  third = GraphExec();
  EXPECT_FALSE(third);
}

TEST_F(CudaGraph, LeavesTheStreamUsableWhenTheCaptureIsGivenUp) {
  host_[0] = 3;
  host_[1] = 0;
  {
    const GraphCapture capture(*stream_);
    EnqueueCopies();
  }
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 0);
  EnqueueCopies();
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 3);
}

TEST_F(CudaGraph, IsRefusedWhenTheCaptureWasBroken) {
  const Error error = ErrorOf([&] {
    GraphCapture capture(*stream_);
    // A stream that captures cannot be waited for.
    stream_->SynchronizeNoThrow();
    capture.Finish();
  });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_EQ(error.where(), "cuStreamEndCapture");
  EXPECT_EQ(Detail(error, "result"), "901");
  EXPECT_FALSE(device_->is_poisoned());
  host_[0] = 4;
  EnqueueCopies();
  stream_->Synchronize();
  EXPECT_EQ(host_[1], 4);
  StandinControl("violations");
}

TEST_F(CudaGraph, IsCapturedWhileOtherThreadsAllocate) {
  GraphCapture capture(*stream_);
  EnqueueCopies();
  std::thread([&] { AllocateSharedDeviceMemory(device_, 100, "a tensor"); }).join();
  EXPECT_TRUE(capture.Finish());
}

TEST_F(CudaGraph, IsNotMadeWhereAStepFails) {
  for (const char* entry :
       {"cuStreamBeginCapture", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphUpload"}) {
    StandinControl(std::string("fault ") + entry + " 1 1");
    const Error error = ErrorOf([&] { Capture(); });
    EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
    EXPECT_EQ(error.where(), entry);
    EnqueueCopies();
    stream_->Synchronize();
    EXPECT_TRUE(Capture()) << entry;
  }
}

}  // namespace
}  // namespace trtn::cuda
