// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/device_memory.h"
#include "cuda/pinned_memory.h"
#include "cuda/stream.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

constexpr size_t kBytes = 4096;

/// A device that is current on the test's thread, and some page-locked memory.
class CudaStream : public StandinDeviceTest {
 protected:
  void SetUp() override {
    StandinDeviceTest::SetUp();
    allocator_ = std::make_unique<PinnedAllocator>(device_);
    host_ = static_cast<unsigned char*>(allocator_->Allocate(2 * kBytes));
  }
  void TearDown() override {
    allocator_->Free(host_);
    allocator_.reset();
    StandinDeviceTest::TearDown();
  }

  std::unique_ptr<PinnedAllocator> allocator_;
  unsigned char* host_ = nullptr;
};

TEST_F(CudaStream, CopiesAndFillsInOrder) {
  Stream stream(device_);
  const DeviceMemory first(device_, kBytes, stream.get(), "a test");
  const DeviceMemory second(device_, kBytes, stream.get(), "a test");
  for (size_t i = 0; i < kBytes; i++) host_[i] = static_cast<unsigned char>(i * 7);
  stream.CopyToDevice(first.get(), host_, kBytes);
  stream.CopyOnDevice(second.get(), first.get(), kBytes);
  stream.Fill(second.get() + 16, 0xAB, 8);
  stream.CopyToHost(host_ + kBytes, second.get(), kBytes);
  stream.Synchronize();
  for (size_t i = 0; i < kBytes; i++) {
    const bool is_filled = i >= 16 && i < 24;
    ASSERT_EQ(host_[kBytes + i], is_filled ? 0xAB : static_cast<unsigned char>(i * 7)) << i;
  }
}

TEST_F(CudaStream, AsksTheDriverNothingForNoBytes) {
  Stream stream(device_);
  StandinControl("reset");
  stream.CopyToDevice(0, nullptr, 0);
  stream.CopyToHost(nullptr, 0, 0);
  stream.CopyOnDevice(0, 0, 0);
  stream.Fill(0, 1, 0);
  EXPECT_EQ(StandinTotalCalls(), 0);
}

TEST_F(CudaStream, WaitsForAnEventOfAnotherStream) {
  StandinControl("configure reorder=7");
  for (int round = 0; round < 20; round++) {
    Stream producer(device_), consumer(device_, Stream::Priority::kHigh);
    Event ready(device_, Event::Kind::kBlocking);
    std::atomic<bool> is_open{false}, was_open{false};
    StandinLaunch(producer.get(), [&] { is_open = true; }, 200);
    ready.Record(producer.get());
    consumer.WaitFor(ready);
    StandinLaunch(consumer.get(), [&] { was_open = is_open.load(); });
    consumer.Synchronize();
    EXPECT_TRUE(was_open);
  }
}

TEST_F(CudaStream, IsWaitedForByAnEvent) {
  for (const Event::Kind kind : {Event::Kind::kBlocking, Event::Kind::kSpinning}) {
    Stream stream(device_);
    Event event(device_, kind);
    std::atomic<bool> is_done{false};
    StandinLaunch(stream.get(), [&] { is_done = true; }, 300);
    event.Record(stream.get());
    event.Synchronize();
    EXPECT_TRUE(is_done);
  }
}

TEST_F(CudaStream, IsTimedByTwoEvents) {
  Stream stream(device_);
  Event start(device_, Event::Kind::kTiming), end(device_, Event::Kind::kTiming);
  start.Record(stream.get());
  StandinLaunch(stream.get(), [] {}, 500);
  end.Record(stream.get());
  end.Synchronize();
  EXPECT_GE(Event::Milliseconds(start, end), 0.4);
  Event untimed(device_, Event::Kind::kBlocking);
  untimed.Record(stream.get());
  untimed.Synchronize();
  EXPECT_EQ(ErrorOf([&] { Event::Milliseconds(start, untimed); }).where(), "cuEventElapsedTime");
  StandinControl("violations");
}

TEST_F(CudaStream, AndItsEventsAreMoved) {
  Stream first(device_);
  const StreamHandle handle = first.get();
  Stream second(std::move(first));
  EXPECT_EQ(first.get(), nullptr);
  EXPECT_EQ(second.get(), handle);
  Stream third(device_);
  third = std::move(second);
  EXPECT_EQ(third.get(), handle);
  EXPECT_EQ(&third.device(), device_.get());
  first.SynchronizeNoThrow();
  third.Synchronize();
  Event event(device_, Event::Kind::kBlocking);
  const EventHandle event_handle = event.get();
  Event other(device_, Event::Kind::kTiming);
  other = std::move(event);
  EXPECT_EQ(other.get(), event_handle);
  EXPECT_EQ(event.get(), nullptr);
  Event last(std::move(other));
  EXPECT_EQ(last.get(), event_handle);
}

TEST_F(CudaStream, IsCreatedWithEachPriority) {
  for (const auto priority : {Stream::Priority::kLow, Stream::Priority::kNormal, Stream::Priority::kHigh}) {
    EXPECT_NE(Stream(device_, priority).get(), nullptr);
  }
}

TEST_F(CudaStream, TellsOfWorkThatFailedAndPoisonsTheDevice) {
  Stream stream(device_);
  Event event(device_, Event::Kind::kBlocking);
  StandinControl("fault op:kernel 1 700");
  StandinLaunch(stream.get(), [] {});
  const Error error = ErrorOf([&] { stream.Synchronize(); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(error.where(), "cuStreamSynchronize");
  EXPECT_EQ(ErrorOf([&] { event.Record(stream.get()); }).code(), "ERR_TRT_CUDA_POISONED");
  EXPECT_EQ(ErrorOf([&] { Stream another(device_); }).code(), "ERR_TRT_CUDA_POISONED");
}

TEST_F(CudaStream, IsDestroyedOnAThreadWithoutTheDevice) {
  auto stream = std::make_unique<Stream>(device_);
  auto event = std::make_unique<Event>(device_, Event::Kind::kBlocking);
  std::thread([&] {
    stream->SynchronizeNoThrow();
    event.reset();
    stream.reset();
  }).join();
}

TEST_F(CudaStream, GoesQuietlyWithADeviceThatFellOff) {
  Stream stream(device_);
  Event event(device_, Event::Kind::kBlocking);
  StandinControl("gone");
  EXPECT_EQ(ErrorOf([&] { event.Record(stream.get()); }).code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(ErrorOf([&] { stream.Synchronize(); }).code(), "ERR_TRT_CUDA_POISONED");
  {
    const Stream moved = std::move(stream);
  }
  {
    const Event moved = std::move(event);
  }
}

}  // namespace
}  // namespace trtn::cuda
