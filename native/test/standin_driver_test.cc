// SPDX-License-Identifier: Apache-2.0
// The stand-in driver itself: what other tests rely on when they take it for a GPU.
#include "test/support/standin_driver.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace trtn::cuda {
namespace {

constexpr size_t kBytes = 1024;

/// A device that is current, two streams, memory on both sides; calls go to the driver's entry points.
class StandinDriver : public StandinDeviceTest {
 protected:
  void SetUp() override {
    StandinDeviceTest::SetUp();
    for (StreamHandle& stream : streams_)
      ASSERT_EQ(api_->cuStreamCreateWithPriority(&stream, 1, 0), kSuccess);
    ASSERT_EQ(api_->cuMemAlloc_v2(&memory_, kBytes), kSuccess);
    ASSERT_EQ(api_->cuMemHostAlloc(reinterpret_cast<void**>(&host_), kBytes, 0), kSuccess);
    ASSERT_EQ(api_->cuEventCreate(&event_, 0), kSuccess);
    std::memset(host_, 1, kBytes);
  }
  void TearDown() override {
    api_->cuEventDestroy_v2(event_);
    for (StreamHandle stream : streams_) {
      api_->cuStreamSynchronize(stream);
      api_->cuStreamDestroy_v2(stream);
    }
    api_->cuMemFree_v2(memory_);
    api_->cuMemFreeHost(host_);
    StandinDeviceTest::TearDown();
  }
  template <typename F>
  F* Entry(const char* name) {
    void* library = dlopen(StandinDriverPath().c_str(), RTLD_NOW | RTLD_NOLOAD);
    return reinterpret_cast<F*>(dlsym(library, name));
  }
  Result Upload(StreamHandle stream) { return api_->cuMemcpyHtoDAsync_v2(memory_, host_, kBytes, stream); }
  Result Download(StreamHandle stream) { return api_->cuMemcpyDtoHAsync_v2(host_, memory_, kBytes, stream); }
  void Log(const std::string& text) {
    std::lock_guard<std::mutex> lock(mutex_);
    log_ += text;
  }
  void Launch(StreamHandle stream, const std::string& text, double us = 0) {
    EXPECT_EQ(StandinLaunch(stream, [this, text] { Log(text); }, us), kSuccess);
  }
  /// A graph of what `record` puts on the first stream.
  template <typename F>
  Result Capture(GraphHandle* graph, F&& record) {
    EXPECT_EQ(api_->cuStreamBeginCapture_v2(streams_[0], 1), kSuccess);
    record();
    return api_->cuStreamEndCapture(streams_[0], graph);
  }

  StreamHandle streams_[2] = {};
  EventHandle event_ = nullptr;
  DevicePointer memory_ = 0;
  unsigned char* host_ = nullptr;
  std::mutex mutex_;
  std::string log_;
};

TEST_F(StandinDriver, RunsAStreamInOrder) {
  for (const char* mode : {"threads", "inline"}) {
    StandinControl(std::string("configure mode=") + mode);
    log_.clear();
    for (const char* text : {"a", "b", "c", "d"}) Launch(streams_[0], text);
    EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
    EXPECT_EQ(log_, "abcd") << mode;
  }
}

TEST_F(StandinDriver, CopiesWhenTheStreamGetsThere) {
  host_[0] = 7;
  ASSERT_EQ(Upload(streams_[0]), kSuccess);
  ASSERT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
  std::memset(host_, 0, kBytes);
  ASSERT_EQ(api_->cuMemsetD8Async(memory_ + 1, 9, 2, streams_[0]), kSuccess);
  ASSERT_EQ(Download(streams_[0]), kSuccess);
  ASSERT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
  EXPECT_EQ(host_[0], 7);
  EXPECT_EQ(host_[1], 9);
  EXPECT_EQ(host_[3], 1);
}

TEST_F(StandinDriver, LetsStreamsRunBesideEachOther) {
  StandinControl("configure record=1");
  std::atomic<bool> is_running{false};
  StandinLaunch(streams_[0], [&] {
    is_running = true;
    while (!is_open_) std::this_thread::yield();
  });
  while (!is_running) std::this_thread::yield();
  // The compute engine is taken, the one that copies is free.
  ASSERT_EQ(Upload(streams_[1]), kSuccess);
  ASSERT_EQ(api_->cuStreamSynchronize(streams_[1]), kSuccess);
  EXPECT_EQ(api_->cuStreamQuery(streams_[0]), 600);
  Launch(streams_[1], "second");
  EXPECT_EQ(api_->cuStreamQuery(streams_[1]), 600);
  Open();
  for (StreamHandle stream : streams_) EXPECT_EQ(api_->cuStreamSynchronize(stream), kSuccess);
  // The copy ended first and lies within the kernel's time.
  const std::string timeline = StandinControl("timeline");
  EXPECT_LT(timeline.find("\"h2d\""), timeline.find("\"kernel\"")) << timeline;
  EXPECT_NE(timeline.find("\"bytes\":1024"), std::string::npos) << timeline;
}

TEST_F(StandinDriver, WaitsForEvents) {
  StandinControl("configure reorder=3");
  Block(streams_[0]);
  Launch(streams_[0], "first ");
  ASSERT_EQ(api_->cuEventRecord(event_, streams_[0]), kSuccess);
  ASSERT_EQ(api_->cuStreamWaitEvent(streams_[1], event_, 0), kSuccess);
  Launch(streams_[1], "second");
  EXPECT_EQ(api_->cuStreamQuery(streams_[1]), 600);
  Open();
  EXPECT_EQ(api_->cuEventSynchronize(event_), kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[1]), kSuccess);
  EXPECT_EQ(log_, "first second");
}

TEST_F(StandinDriver, TellsTheTimeBetweenEvents) {
  EventHandle end = nullptr;
  ASSERT_EQ(api_->cuEventCreate(&end, 0), kSuccess);
  ASSERT_EQ(api_->cuEventRecord(event_, streams_[0]), kSuccess);
  Launch(streams_[0], "kernel", 1000);
  ASSERT_EQ(api_->cuEventRecord(end, streams_[0]), kSuccess);
  ASSERT_EQ(api_->cuEventSynchronize(end), kSuccess);
  float milliseconds = 0;
  EXPECT_EQ(api_->cuEventElapsedTime(&milliseconds, event_, end), kSuccess);
  EXPECT_GE(milliseconds, 1.0f);
  EXPECT_EQ(api_->cuEventDestroy_v2(end), kSuccess);
}

TEST_F(StandinDriver, CallsHostFunctionsThatMayNotCallIt) {
  auto* launch = Entry<Result(StreamHandle, void (*)(void*), void*)>("cuLaunchHostFunc");
  static Result result;
  static const DriverApi* api;
  api = api_;
  result = kSuccess;
  ASSERT_EQ(
      launch(
          streams_[0], [](void* event) { result = api->cuEventSynchronize(static_cast<EventHandle>(event)); },
          event_),
      kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
  EXPECT_EQ(result, 800);
  EXPECT_NE(StandinControl("violations").find("from a host function"), std::string::npos);
}

TEST_F(StandinDriver, LaunchesWhatItCaptured) {
  for (const char* mode : {"threads", "inline"}) {
    StandinControl(std::string("configure mode=") + mode);
    log_.clear();
    GraphHandle graph = nullptr;
    ASSERT_EQ(Capture(&graph,
                      [&] {
                        Upload(streams_[0]);
                        Launch(streams_[0], "k");
                        Download(streams_[0]);
                      }),
              kSuccess);
    EXPECT_EQ(log_, "");
    GraphExecHandle exec = nullptr;
    ASSERT_EQ(api_->cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
    EXPECT_EQ(api_->cuGraphDestroy(graph), kSuccess);
    for (int i = 0; i < 3; i++) EXPECT_EQ(api_->cuGraphLaunch(exec, streams_[i % 2]), kSuccess);
    for (StreamHandle stream : streams_) EXPECT_EQ(api_->cuStreamSynchronize(stream), kSuccess);
    EXPECT_EQ(log_, "kkk");
    EXPECT_NE(StandinControl("live").find("\"graphs\":0,\"graphExecs\":1"), std::string::npos);
    EXPECT_EQ(api_->cuGraphExecDestroy(exec), kSuccess);
  }
}

TEST_F(StandinDriver, RecordsEventsThatAreNodesOfAGraph) {
  EventHandle end = nullptr;
  ASSERT_EQ(api_->cuEventCreate(&end, 0), kSuccess);
  for (const char* mode : {"threads", "inline"}) {
    StandinControl(std::string("configure mode=") + mode);
    GraphHandle graph = nullptr;
    ASSERT_EQ(Capture(&graph,
                      [&] {
                        EXPECT_EQ(api_->cuEventRecordWithFlags(event_, streams_[0], 1), kSuccess);
                        Launch(streams_[0], "kernel", 1000);
                        EXPECT_EQ(api_->cuEventRecordWithFlags(end, streams_[0], 1), kSuccess);
                      }),
              kSuccess);
    GraphExecHandle exec = nullptr;
    ASSERT_EQ(api_->cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
    EXPECT_EQ(api_->cuGraphDestroy(graph), kSuccess);
    for (int i = 0; i < 2; i++) {
      EXPECT_EQ(api_->cuGraphLaunch(exec, streams_[i]), kSuccess);
      EXPECT_EQ(api_->cuStreamSynchronize(streams_[i]), kSuccess);
      float milliseconds = 0;
      EXPECT_EQ(api_->cuEventElapsedTime(&milliseconds, event_, end), kSuccess);
      EXPECT_GE(milliseconds, 1.0f);
    }
    EXPECT_EQ(api_->cuGraphExecDestroy(exec), kSuccess);
  }
  EXPECT_EQ(api_->cuEventDestroy_v2(end), kSuccess);
}

TEST_F(StandinDriver, CapturesForksThatJoin) {
  EventHandle joined = nullptr;
  ASSERT_EQ(api_->cuEventCreate(&joined, 2), kSuccess);
  StandinControl("configure reorder=11");
  GraphHandle graph = nullptr;
  ASSERT_EQ(Capture(&graph,
                    [&] {
                      Launch(streams_[0], "(");
                      api_->cuEventRecord(event_, streams_[0]);
                      EXPECT_EQ(api_->cuStreamWaitEvent(streams_[1], event_, 0), kSuccess);
                      for (StreamHandle stream : streams_) Launch(stream, ".");
                      api_->cuEventRecord(joined, streams_[1]);
                      EXPECT_EQ(api_->cuStreamWaitEvent(streams_[0], joined, 0), kSuccess);
                      Launch(streams_[0], ")");
                    }),
            kSuccess);
  GraphExecHandle exec = nullptr;
  ASSERT_EQ(api_->cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
  for (int i = 0; i < 10; i++) {
    log_.clear();
    ASSERT_EQ(api_->cuGraphLaunch(exec, streams_[1]), kSuccess);
    ASSERT_EQ(api_->cuStreamSynchronize(streams_[1]), kSuccess);
    EXPECT_EQ(log_, "(..)");
  }
  EXPECT_EQ(api_->cuGraphExecDestroy(exec), kSuccess);
  EXPECT_EQ(api_->cuGraphDestroy(graph), kSuccess);
  EXPECT_EQ(api_->cuEventDestroy_v2(joined), kSuccess);
}

TEST_F(StandinDriver, RefusesACaptureThatIsNotJoined) {
  GraphHandle graph = nullptr;
  EXPECT_EQ(Capture(&graph,
                    [&] {
                      Launch(streams_[0], "a");
                      api_->cuEventRecord(event_, streams_[0]);
                      api_->cuStreamWaitEvent(streams_[1], event_, 0);
                      Launch(streams_[1], "b");
                    }),
            904);
  EXPECT_EQ(graph, nullptr);
  // Both streams run again.
  for (StreamHandle stream : streams_) Launch(stream, "c");
  for (StreamHandle stream : streams_) EXPECT_EQ(api_->cuStreamSynchronize(stream), kSuccess);
  EXPECT_EQ(log_, "cc");
}

TEST_F(StandinDriver, BreaksACaptureByForbiddenCalls) {
  const std::vector<std::function<Result()>> forbidden = {
      [&] { return api_->cuStreamSynchronize(streams_[1]); },
      [&] { return api_->cuEventSynchronize(event_); },
      [&] {
        DevicePointer pointer;
        return api_->cuMemAlloc_v2(&pointer, 8);
      }};
  for (const auto& call : forbidden) {
    GraphHandle graph = nullptr;
    EXPECT_EQ(Capture(&graph,
                      [&] {
                        EXPECT_EQ(call(), 900);
                        EXPECT_EQ(Upload(streams_[0]), 901);
                      }),
              901);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(Upload(streams_[0]), kSuccess);
    EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
  }
  // Another thread may do what it likes, and waiting for what is outside of the capture is no dependency.
  GraphHandle graph = nullptr;
  api_->cuEventRecord(event_, streams_[1]);
  EXPECT_EQ(Capture(&graph,
                    [&] {
                      std::thread([&] {
                        ScopedDevice scope(*device_);
                        EXPECT_EQ(api_->cuStreamSynchronize(streams_[1]), kSuccess);
                      }).join();
                      EXPECT_EQ(api_->cuStreamWaitEvent(streams_[0], event_, 0), 905);
                    }),
            901);
}

TEST_F(StandinDriver, FailsAsOrdered) {
  StandinControl("fault cuMemAlloc 2 2");
  DevicePointer pointer = 0;
  ASSERT_EQ(api_->cuMemAlloc_v2(&pointer, 8), kSuccess);
  EXPECT_EQ(api_->cuMemFree_v2(pointer), kSuccess);
  EXPECT_EQ(api_->cuMemAlloc_v2(&pointer, 8), 2);
  ASSERT_EQ(api_->cuMemAlloc_v2(&pointer, 8), kSuccess);
  EXPECT_EQ(api_->cuMemFree_v2(pointer), kSuccess);
  StandinControl("fault-random 5 1000 999 cuEventRecord,cuStreamQuery");
  EXPECT_EQ(api_->cuEventRecord(event_, streams_[0]), 999);
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
}

TEST_F(StandinDriver, HasOnlyTheMemoryThatItShallHave) {
  StandinControl("configure memory-bytes=4096");
  DevicePointer pointer = 0;
  EXPECT_EQ(api_->cuMemAlloc_v2(&pointer, 4096), 2);
  size_t free_bytes = 0, total = 0;
  EXPECT_EQ(api_->cuMemGetInfo_v2(&free_bytes, &total), kSuccess);
  EXPECT_EQ(total, 4096u);
  EXPECT_EQ(free_bytes, 4096u - kBytes);
}

TEST_F(StandinDriver, KeepsAStickyErrorUntilTheContextGoes) {
  StandinControl("fault op:kernel 1 700");
  Launch(streams_[0], "never");
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), 700);
  EXPECT_EQ(Upload(streams_[0]), 700);
  size_t free_bytes = 0, total = 0;
  EXPECT_EQ(api_->cuMemGetInfo_v2(&free_bytes, &total), 700);
  StandinControl("reset");
  EXPECT_EQ(api_->cuMemGetInfo_v2(&free_bytes, &total), 700);
  EXPECT_EQ(log_, "");
}

TEST_F(StandinDriver, CanBeGone) {
  StandinControl("gone");
  int count = 0;
  EXPECT_EQ(api_->cuDeviceGetCount(&count), 46);
  EXPECT_EQ(Upload(streams_[0]), 46);
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), 46);
}

TEST_F(StandinDriver, CountsAndTracesCalls) {
  StandinControl("reset");
  StandinControl("trace on");
  EXPECT_EQ(Upload(streams_[0]), kSuccess);
  EXPECT_EQ(Upload(streams_[0]), kSuccess);
  EXPECT_EQ(api_->cuStreamSynchronize(streams_[0]), kSuccess);
  EXPECT_EQ(StandinControl("calls"),
            "{\"total\":3,\"entries\":{\"cuMemcpyHtoDAsync\":2,\"cuStreamSynchronize\":1}}");
  const std::string trace = StandinControl("trace get");
  EXPECT_LT(trace.find("cuMemcpyHtoDAsync"), trace.find("cuStreamSynchronize")) << trace;
}

TEST_F(StandinDriver, RefusesRequestsThatItDoesNotKnow) {
  auto* control = Entry<char*(const char*)>("trtn_standin_control");
  for (const char* request : {"nonsense", "configure colour=red", "fault cuInit", "trace loudly"}) {
    const std::unique_ptr<char, decltype(&std::free)> answer(control(request), &std::free);
    EXPECT_EQ(std::string(answer.get()).find("{\"error\":"), 0u) << answer.get();
  }
}

TEST_F(StandinDriver, CountsWhatIsLive) {
  EXPECT_EQ(
      StandinControl("live").find("{\"contexts\":1,\"streams\":2,\"events\":1,\"device\":{\"allocations\":1,"
                                  "\"bytes\":1024},\"pinned\":{\"allocations\":1,\"bytes\":1024}"),
      0u)
      << StandinControl("live");
}

}  // namespace
}  // namespace trtn::cuda
