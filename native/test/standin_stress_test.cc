// SPDX-License-Identifier: Apache-2.0
// The stand-in driver under many threads: mostly for the thread sanitizer, which must find nothing in it.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

constexpr int kThreads = 4, kRounds = 40;
constexpr size_t kBytes = 512;

class StandinStress : public StandinTest {
 protected:
  /// What a lane of a session does: its own stream and memory, copies around kernels, then a graph of the
  /// same.
  static void Work(Device& device, unsigned char seed) {
    const ScopedDevice scope(device);
    const DriverApi& api = device.api();
    StreamHandle stream = nullptr;
    EventHandle event = nullptr;
    DevicePointer memory = 0;
    unsigned char* host = nullptr;
    ASSERT_EQ(api.cuStreamCreateWithPriority(&stream, 1, 0), kSuccess);
    ASSERT_EQ(api.cuEventCreate(&event, 2), kSuccess);
    ASSERT_EQ(api.cuMemHostAlloc(reinterpret_cast<void**>(&host), 2 * kBytes, 0), kSuccess);
    ASSERT_EQ(api.cuMemAllocAsync(&memory, kBytes, stream), kSuccess);
    const auto enqueue = [&] {
      EXPECT_EQ(api.cuMemcpyHtoDAsync_v2(memory, host, kBytes, stream), kSuccess);
      auto* bytes = reinterpret_cast<unsigned char*>(memory);
      StandinLaunch(stream, [bytes] {
        for (size_t i = 0; i < kBytes; i++) bytes[i] ^= 0x5A;
      });
      EXPECT_EQ(api.cuMemcpyDtoHAsync_v2(host + kBytes, memory, kBytes, stream), kSuccess);
    };
    const auto check = [&](int round, const auto& start) {
      std::memset(host, seed + round, kBytes);
      start();
      EXPECT_EQ(api.cuEventRecord(event, stream), kSuccess);
      EXPECT_EQ(api.cuEventSynchronize(event), kSuccess);
      for (size_t i = kBytes; i < 2 * kBytes; i++) {
        ASSERT_EQ(host[i], static_cast<unsigned char>((seed + round) ^ 0x5A)) << i;
      }
    };
    for (int round = 0; round < kRounds; round++) check(round, enqueue);
    GraphHandle graph = nullptr;
    GraphExecHandle exec = nullptr;
    ASSERT_EQ(api.cuStreamBeginCapture_v2(stream, 1), kSuccess);
    enqueue();
    ASSERT_EQ(api.cuStreamEndCapture(stream, &graph), kSuccess);
    ASSERT_EQ(api.cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
    for (int round = 0; round < kRounds; round++) check(round, [&] { api.cuGraphLaunch(exec, stream); });
    EXPECT_EQ(api.cuGraphExecDestroy(exec), kSuccess);
    EXPECT_EQ(api.cuGraphDestroy(graph), kSuccess);
    EXPECT_EQ(api.cuMemFreeAsync(memory, stream), kSuccess);
    EXPECT_EQ(api.cuStreamSynchronize(stream), kSuccess);
    EXPECT_EQ(api.cuMemFreeHost(host), kSuccess);
    EXPECT_EQ(api.cuEventDestroy_v2(event), kSuccess);
    EXPECT_EQ(api.cuStreamDestroy_v2(stream), kSuccess);
  }
};

TEST_F(StandinStress, ServesManyThreads) {
  for (const char* settings :
       {"mode=threads", "mode=inline", "mode=threads reorder=4 record=1", "copy-us=5 reorder=0"}) {
    StandinControl(std::string("configure ") + settings);
    const std::shared_ptr<Device> device = OpenDevice();
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++) {
      threads.emplace_back([&, i] { Work(*device, static_cast<unsigned char>(i * 50)); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(StandinControl("violations"), "[]") << settings;
  }
}

/// A stream's work waits for another's, and that one's for a third's, while all of them are busy.
TEST_F(StandinStress, OrdersStreamsByEvents) {
  StandinControl("configure reorder=9");
  const std::shared_ptr<Device> device = OpenDevice();
  const ScopedDevice scope(*device);
  const DriverApi& api = device->api();
  std::vector<StreamHandle> streams(4);
  for (StreamHandle& stream : streams) ASSERT_EQ(api.cuStreamCreateWithPriority(&stream, 1, 0), kSuccess);
  EventHandle event = nullptr;
  ASSERT_EQ(api.cuEventCreate(&event, 2), kSuccess);
  // Not atomic and without a lock: the events are its only order.
  int counter = 0;
  for (int round = 0; round < 100; round++) {
    StreamHandle stream = streams[static_cast<size_t>(round) % streams.size()];
    if (round > 0) {
      ASSERT_EQ(api.cuStreamWaitEvent(stream, event, 0), kSuccess);
    }
    StandinLaunch(stream, [&counter, round] {
      EXPECT_EQ(counter, round);
      counter = round + 1;
    });
    ASSERT_EQ(api.cuEventRecord(event, stream), kSuccess);
  }
  EXPECT_EQ(api.cuEventSynchronize(event), kSuccess);
  EXPECT_EQ(counter, 100);
  for (StreamHandle stream : streams) EXPECT_EQ(api.cuStreamDestroy_v2(stream), kSuccess);
  EXPECT_EQ(api.cuEventDestroy_v2(event), kSuccess);
}

}  // namespace
}  // namespace trtn::cuda
