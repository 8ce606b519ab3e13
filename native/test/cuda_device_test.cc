// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cuda/device.h"
#include "cuda/driver_probe.h"
#include "cuda/stream.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

class CudaDevice : public StandinTest {};

TEST_F(CudaDevice, KnowsItsProperties) {
  const auto device = OpenDevice(1);
  const DeviceProperties& properties = device->properties();
  EXPECT_EQ(device->name(), "cuda:1");
  EXPECT_EQ(properties.ordinal, 1);
  EXPECT_EQ(properties.name, "Stand-in GPU 1");
  EXPECT_EQ(properties.uuid.rfind("GPU-", 0), 0u) << properties.uuid;
  EXPECT_FALSE(properties.is_mig);
  EXPECT_EQ(properties.compute_capability, 90);
  EXPECT_FALSE(properties.is_integrated);
  EXPECT_TRUE(properties.has_memory_pools);
  EXPECT_FALSE(properties.pci_bus_id.empty());
  EXPECT_GT(properties.multiprocessors, 0);
  EXPECT_GT(properties.total_memory_bytes, 0u);
  EXPECT_GE(properties.least_stream_priority, properties.greatest_stream_priority);
}

TEST_F(CudaDevice, TellsAMigInstance) {
  StandinControl("configure mig=1");
  EXPECT_TRUE(OpenDevice()->properties().is_mig);
  EXPECT_EQ(OpenDevice()->properties().uuid.rfind("MIG-", 0), 0u);
  const DriverReport report = ProbeDriver(StandinDriverPath());
  ASSERT_FALSE(report.devices.empty());
  EXPECT_TRUE(report.devices[0].is_mig);
  EXPECT_EQ(report.devices[0].uuid.rfind("MIG-", 0), 0u);
}

TEST_F(CudaDevice, TellsAMigInstanceByTheEnvironment) {
  const std::string uuid = OpenDevice()->properties().uuid;
  setenv("CUDA_VISIBLE_DEVICES", ("MIG-" + uuid.substr(4)).c_str(), 1);
  const std::string found = OpenDevice()->properties().uuid;
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(found, "MIG-" + uuid.substr(4));
}

TEST_F(CudaDevice, TellsAnIntegratedGpu) {
  StandinControl("configure integrated=1");
  const auto device = OpenDevice();
  EXPECT_TRUE(device->properties().is_integrated);
  EXPECT_TRUE(device->properties().can_map_host_memory);
  EXPECT_TRUE(ProbeDriver(StandinDriverPath()).devices.at(0).is_integrated);
}

TEST_F(CudaDevice, GoesOnWithoutMemoryPools) {
  StandinControl("configure pools=0");
  EXPECT_FALSE(OpenDevice()->properties().has_memory_pools);
  StandinControl("configure pools=1");
  StandinControl("fault cuMemPoolSetAttribute 1 801");
  EXPECT_FALSE(OpenDevice()->properties().has_memory_pools);
  EXPECT_TRUE(OpenDevice()->properties().has_memory_pools);
}

TEST_F(CudaDevice, IsSharedWhileItLives) {
  auto first = OpenDevice();
  EXPECT_EQ(OpenDevice().get(), first.get());
  EXPECT_NE(OpenDevice(1).get(), first.get());
  EXPECT_EQ(StandinCalls("cuDevicePrimaryCtxRetain"), 2);
  EXPECT_EQ(StandinCalls("cuDevicePrimaryCtxRelease"), 1);
  first.reset();
  EXPECT_EQ(StandinCalls("cuDevicePrimaryCtxRelease"), 2);
}

TEST_F(CudaDevice, RefusesAnOrdinalThatIsNotThere) {
  const Error error = ErrorOf([] { OpenDevice(2); });
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_DEVICE");
  EXPECT_STREQ(error.what(), "There is no device cuda:2: there are cuda:0 to cuda:1.");
  EXPECT_EQ(Detail(error, "devices"), "2");
  EXPECT_EQ(ErrorOf([] { OpenDevice(-1); }).code(), "ERR_TRT_RUN_DEVICE");
  setenv("TRTN_STANDIN_CUDA_DEVICES", "1", 1);
  EXPECT_STREQ(ErrorOf([] { OpenDevice(1); }).what(), "There is no device cuda:1: there is cuda:0 only.");
}

TEST_F(CudaDevice, SaysThatAnotherProcessMayHoldIt) {
  StandinControl("fault cuDevicePrimaryCtxRetain 1 46");
  const Error error = ErrorOf([] { OpenDevice(); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_EQ(error.where(), "cuDevicePrimaryCtxRetain");
  EXPECT_NE(std::string(error.what()).find("exclusive"), std::string::npos) << error.what();
  EXPECT_NO_THROW(OpenDevice());
}

TEST_F(CudaDevice, IsMadeCurrentOnceOnOwnThreads) {
  const auto first = OpenDevice(0);
  const auto second = OpenDevice(1);
  std::thread([&] {
    const OwnThread own;
    for (int i = 0; i < 5; i++) first->Activate();
    EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 1);
    second->Activate();
    second->Activate();
    first->Activate();
    EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 3);
  }).join();
  std::thread([&] {
    first->Activate();
    first->Activate();
    EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 5);
  }).join();
}

TEST_F(CudaDevice, IsMadeCurrentAnewWhenItWasOpenedAnew) {
  std::thread([] {
    const OwnThread own;
    auto device = OpenDevice();
    device->Activate();
    device.reset();
    // May well lie at the same address.
    device = OpenDevice();
    const int before = StandinCalls("cuCtxSetCurrent");
    device->Activate();
    EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), before + 1);
    EXPECT_NO_THROW(device->memory());
  }).join();
}

TEST_F(CudaDevice, IsPutBackByAScope) {
  const auto first = OpenDevice(0);
  const auto second = OpenDevice(1);
  std::thread([&] {
    EXPECT_EQ(ErrorOf([&] { first->memory(); }).code(), "ERR_TRT_CUDA_CALL");
    const ScopedDevice outer(*first);
    {
      const ScopedDevice inner(*second);
      EXPECT_NO_THROW(second->memory());
    }
    EXPECT_NO_THROW(first->memory());
  }).join();
  EXPECT_EQ(StandinCalls("cuCtxPushCurrent"), StandinCalls("cuCtxPopCurrent"));
  // The call without a context is what the stand-in calls a violation.
  StandinControl("violations");
}

TEST_F(CudaDevice, KeepsTrackOfWhatIsCurrentThroughScopes) {
  const auto first = OpenDevice(0);
  const auto second = OpenDevice(1);
  std::thread([&] {
    const OwnThread own;
    first->Activate();
    StandinControl("reset");
    {
      const ScopedDevice none(*first);
      EXPECT_EQ(StandinTotalCalls(), 0);
      const ScopedDevice inner(*second);
      EXPECT_EQ(StandinCalls("cuCtxPushCurrent"), 1);
      second->Activate();
      EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 0);
      first->Activate();
      EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 1);
    }
    first->Activate();
    EXPECT_EQ(StandinCalls("cuCtxSetCurrent"), 1);
    EXPECT_NO_THROW(first->memory());
  }).join();
}

TEST_F(CudaDevice, IsPoisonedByTheFirstStickyError) {
  const auto device = OpenDevice();
  EXPECT_NO_THROW(device->ThrowIfPoisoned());
  EXPECT_EQ(ErrorOf([&] { device->Check(400, "cuEventRecord"); }).code(), "ERR_TRT_CUDA_CALL");
  EXPECT_FALSE(device->is_poisoned());
  const Error lost = ErrorOf([&] { device->Check(700, "cuStreamSynchronize"); });
  EXPECT_EQ(lost.code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(lost.where(), "cuStreamSynchronize");
  EXPECT_TRUE(device->is_poisoned());
  for (const int result : {700, 719, 400}) {
    const Error later = ErrorOf([&] { device->Check(result, "cuMemFree"); });
    EXPECT_EQ(later.code(), "ERR_TRT_CUDA_POISONED");
    EXPECT_EQ(later.where(), "cuStreamSynchronize");
    EXPECT_EQ(Detail(later, "call"), "cuStreamSynchronize");
    EXPECT_EQ(Detail(later, "result"), "700");
    EXPECT_EQ(Detail(later, "cause"), device->poison_cause());
    EXPECT_NE(std::string(later.what()).find(device->poison_cause()), std::string::npos);
  }
  EXPECT_EQ(ErrorOf([&] { device->ThrowIfPoisoned(); }).code(), "ERR_TRT_CUDA_POISONED");
  EXPECT_NO_THROW(device->Check(0, "cuMemFree"));
  EXPECT_EQ(device->poison_cause(), "cuStreamSynchronize returned " + device->driver().Describe(700));
}

TEST_F(CudaDevice, HasOneFirstErrorAmongThreads) {
  const auto device = OpenDevice();
  std::atomic<int> lost{0}, poisoned{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&] {
      const std::string code = ErrorOf([&] { device->Check(719, "cuEventSynchronize"); }).code();
      (code == "ERR_TRT_CUDA_DEVICE_LOST" ? lost : poisoned)++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(poisoned, 7);
}

TEST_F(CudaDevice, IsExaminedWhereOthersReportTheFailure) {
  {
    const auto device = OpenDevice();
    const ScopedDevice scope(*device);
    Stream stream(device);
    device->Examine(stream.get(), "IExecutionContext::enqueueV3");
    EXPECT_FALSE(device->is_poisoned());
    StandinControl("fault op:kernel 1 700");
    StandinLaunch(stream.get(), [] {});
    stream.SynchronizeNoThrow();
    EXPECT_TRUE(device->is_poisoned());
    device->Examine(stream.get(), "IExecutionContext::enqueueV3");
    EXPECT_NE(device->poison_cause().find("cuStreamSynchronize"), std::string::npos);
  }
  const auto device = OpenDevice();
  EXPECT_FALSE(device->is_poisoned());
  const ScopedDevice scope(*device);
  Stream stream(device);
  StandinControl("fault cuStreamQuery 1 719");
  device->Examine(stream.get(), "IExecutionContext::enqueueV3");
  EXPECT_EQ(ErrorOf([&] { device->ThrowIfPoisoned(); }).where(), "IExecutionContext::enqueueV3");
}

TEST_F(CudaDevice, TellsItsFreeMemory) {
  StandinControl("configure memory-bytes=1000000");
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  const MemoryInfo info = device->memory();
  EXPECT_EQ(info.total_bytes, 1000000u);
  EXPECT_LE(info.free_bytes, info.total_bytes);
}

}  // namespace
}  // namespace trtn::cuda
