// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "cuda/device_memory.h"
#include "cuda/pinned_memory.h"
#include "cuda/stream.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

class CudaMemory : public StandinTest {};

TEST_F(CudaMemory, ComesFromThePoolWhereThereIsOne) {
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  const Stream stream(device);
  {
    const DeviceMemory memory(device, 1000, stream.get(), "a test");
    EXPECT_TRUE(memory);
    EXPECT_EQ(memory.bytes(), 1000u);
    EXPECT_EQ(StandinCalls("cuMemAllocAsync"), 1);
  }
  EXPECT_EQ(StandinCalls("cuMemFreeAsync"), 1);
  EXPECT_EQ(StandinCalls("cuMemAlloc"), 0);
}

TEST_F(CudaMemory, ComesFromTheDriverWhereThereIsNoPool) {
  StandinControl("configure pools=0");
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  const Stream stream(device);
  {
    const DeviceMemory memory(device, 1000, stream.get(), "a test");
  }
  EXPECT_EQ(StandinCalls("cuMemAlloc"), 1);
  EXPECT_EQ(StandinCalls("cuMemFree"), 1);
  EXPECT_EQ(StandinCalls("cuMemAllocAsync"), 0);
}

TEST_F(CudaMemory, HasAnAddressForNoBytes) {
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  const Stream stream(device);
  const DeviceMemory memory(device, 0, stream.get(), "a test");
  EXPECT_TRUE(memory);
  EXPECT_EQ(memory.bytes(), 0u);
  EXPECT_NE(AllocateSharedDeviceMemory(device, 0, "a test"), nullptr);
}

TEST_F(CudaMemory, IsMovedAndReleasedOnce) {
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  const Stream stream(device);
  DeviceMemory first(device, 10, stream.get(), "a test");
  const DevicePointer pointer = first.get();
  DeviceMemory second(std::move(first));
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), pointer);
  DeviceMemory third(device, 20, stream.get(), "a test");
  third = std::move(second);
  EXPECT_EQ(third.get(), pointer);
  EXPECT_EQ(third.bytes(), 10u);
  third.Release();
  third.Release();
  EXPECT_FALSE(third);
  EXPECT_EQ(StandinCalls("cuMemFreeAsync"), 2);
}

TEST_F(CudaMemory, SaysWhatWasNeededForWhatAndWhatWasFree) {
  for (const char* pools : {"configure pools=1", "configure pools=0"}) {
    StandinControl(pools);
    StandinControl("configure memory-bytes=10485760");
    const auto device = OpenDevice();
    const ScopedDevice scope(*device);
    const Stream stream(device);
    const Error error =
        ErrorOf([&] { DeviceMemory memory(device, size_t{12} << 20, stream.get(), "the output 'y'"); });
    EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
    EXPECT_EQ(error.where().rfind("cuMemAlloc", 0), 0u);
    const std::string text = error.what();
    EXPECT_EQ(
        text.rfind("cuda:0 is out of memory: 12.0 MiB for the output 'y' were needed, 10.0 MiB of 10.0 MiB "
                   "are free: cuMemAlloc",
                   0),
        0u)
        << text;
    EXPECT_EQ(Detail(error, "what"), "the output 'y'");
    EXPECT_EQ(Detail(error, "needed"), "12582912");
    EXPECT_EQ(Detail(error, "free"), "10485760");
    EXPECT_EQ(Detail(error, "total"), "10485760");
    EXPECT_FALSE(device->is_poisoned());
    EXPECT_TRUE(DeviceMemory(device, 100, stream.get(), "a test"));
  }
}

TEST_F(CudaMemory, LeavesOutWhatIsFreeWhereTheDriverDoesNotTell) {
  const auto device = OpenDevice();
  // The second try is the one that counts: memory that was freed may still be queued at the first.
  StandinControl("fault cuMemAllocAsync 1 2");
  StandinControl("fault cuMemAllocAsync 2 2");
  StandinControl("fault cuMemGetInfo 1 999");
  const Error error = ErrorOf([&] { AllocateSharedDeviceMemory(device, 100, "a tensor"); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(Detail(error, "needed"), "100");
  EXPECT_EQ(Detail(error, "free"), "");
  EXPECT_NE(std::string(error.what()).find("100 bytes for a tensor were needed: cuMemAlloc"),
            std::string::npos)
      << error.what();
}

TEST_F(CudaMemory, IsAnOrdinaryErrorWhereMemoryIsNotTheReason) {
  const auto device = OpenDevice();
  StandinControl("fault cuMemAllocAsync 1 719");
  const Error lost = ErrorOf([&] { AllocateSharedDeviceMemory(device, 2048, "a tensor"); });
  EXPECT_EQ(lost.code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_NE(std::string(lost.what()).find("allocating 2.0 KiB for a tensor"), std::string::npos);
  const Error later = ErrorOf([&] { AllocateSharedDeviceMemory(device, 2048, "a tensor"); });
  EXPECT_EQ(later.code(), "ERR_TRT_CUDA_POISONED");
}

TEST_F(CudaMemory, ThatIsSharedOutlivesAllButItsDevice) {
  std::shared_ptr<void> memory;
  {
    const auto device = OpenDevice();
    memory = AllocateSharedDeviceMemory(device, 64, "a tensor");
    EXPECT_NE(AddressOf(memory.get()), 0u);
  }
  EXPECT_EQ(StandinCalls("cuDevicePrimaryCtxRelease"), 0);
  std::thread([memory = std::move(memory)]() mutable { memory.reset(); }).join();
  EXPECT_EQ(StandinCalls("cuMemFreeAsync"), 1);
  EXPECT_EQ(StandinCalls("cuDevicePrimaryCtxRelease"), 1);
}

TEST_F(CudaMemory, OfTheHostIsPageLockedAndPooled) {
  auto device = OpenDevice();
  HostPool::Limits limits;
  const auto pool = std::make_shared<HostPool>(std::make_unique<PinnedAllocator>(std::move(device)), limits);
  std::thread([&] {
    HostPool::Block block = pool->Acquire(5000);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.data()) % kTensorAlignment, 0u);
    std::memset(block.data(), 1, 5000);
  }).join();
  pool->Acquire(5000);
  EXPECT_EQ(StandinCalls("cuMemHostAlloc"), 1);
  EXPECT_EQ(StandinCalls("cuMemFreeHost"), 0);
}

TEST_F(CudaMemory, OfTheHostMayRunOut) {
  PinnedAllocator allocator(OpenDevice());
  StandinControl("fault cuMemHostAlloc 1 2");
  const Error error = ErrorOf([&] { allocator.Allocate(1 << 20); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(std::string(error.what()).rfind("The host is out of memory: 1.0 MiB for page-locked", 0), 0u)
      << error.what();
  EXPECT_EQ(Detail(error, "needed"), "1048576");
  allocator.Free(nullptr);
  allocator.Free(allocator.Allocate(0));
}

TEST_F(CudaMemory, OfTheHostIsSeenByAnIntegratedGpu) {
  StandinControl("configure integrated=1");
  const auto device = OpenDevice();
  const ScopedDevice scope(*device);
  PinnedAllocator allocator(device);
  void* memory = allocator.Allocate(64);
  EXPECT_NE(MappedAddress(*device, memory), 0u);
  StandinControl("fault cuMemHostGetDevicePointer 1 1");
  EXPECT_EQ(ErrorOf([&] { MappedAddress(*device, memory); }).where(), "cuMemHostGetDevicePointer");
  allocator.Free(memory);
}

}  // namespace
}  // namespace trtn::cuda
