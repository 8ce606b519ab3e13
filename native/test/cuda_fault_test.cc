// SPDX-License-Identifier: Apache-2.0
//
// Every entry point fails once, in an ordinary way and in the way that loses the context: the error names it,
// and everything is given back (StandinTest's TearDown looks).
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "cuda/device_memory.h"
#include "cuda/graph.h"
#include "cuda/pinned_memory.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

constexpr Result kInvalidValue = 1;
constexpr Result kIllegalAddress = 700;

/// Frees what it allocated.
class Pinned {
 public:
  Pinned(const std::shared_ptr<Device>& device, size_t bytes)
      : allocator_(device), memory_(allocator_.Allocate(bytes)) {}
  ~Pinned() { allocator_.Free(memory_); }
  void* get() const { return memory_; }

 private:
  PinnedAllocator allocator_;
  void* memory_;
};

/// Waits before what was declared ahead of it goes away, as all owners of streams do.
struct WaitAtEnd {
  Stream& stream;
  ~WaitAtEnd() { stream.SynchronizeNoThrow(); }
};

/// Uses every entry point once at least.
void UseEverything(const std::shared_ptr<Device>& device) {
  const OwnThread own;
  device->Activate();
  const ScopedDevice scope(*device);
  device->memory();
  Stream stream(device);
  Stream other(device);
  const auto shared = AllocateSharedDeviceMemory(device, 64, "a test");
  Pinned pinned(device, 64);
  DeviceMemory memory(device, 64, stream.get(), "a test");
  Event start(device, Event::Kind::kTiming), end(device, Event::Kind::kTiming);
  Event inside(device, Event::Kind::kTiming);
  GraphExec graph;
  const WaitAtEnd wait{stream}, wait_too{other};
  // A device that does not tell what it is gets no mapped memory.
  const DeviceProperties& properties = device->properties();
  if (properties.is_integrated && properties.can_map_host_memory) MappedAddress(*device, pinned.get());
  stream.Synchronize();
  start.Record(stream.get());
  stream.Fill(memory.get(), 3, 64);
  stream.CopyToDevice(memory.get(), pinned.get(), 64);
  stream.CopyOnDevice(AddressOf(shared.get()), memory.get(), 64);
  stream.CopyToHost(pinned.get(), AddressOf(shared.get()), 64);
  end.Record(stream.get());
  other.WaitFor(end);
  other.Synchronize();
  end.Synchronize();
  Event::Milliseconds(start, end);
  GraphCapture capture(stream);
  stream.Fill(memory.get(), 4, 64);
  inside.RecordInGraph(stream.get());
  graph = capture.Finish();
  graph.Launch(stream);
  device->Examine(stream.get(), "cuStreamQuery");
  device->ThrowIfPoisoned();
  stream.Synchronize();
}

/// Opens a device and uses it, on a thread that knows no context yet.
void OpenAndUse() {
  std::async(std::launch::async, [] {
    UseEverything(Device::Open(Driver::Open(StandinDriverPath()), 0));
  }).get();
}

class CudaFault : public StandinTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    StandinTest::SetUp();
    // Mapped host memory and memory pools both.
    StandinControl("configure integrated=1 pools=1");
  }
  static void Order(Result result) {
    StandinControl(std::string("fault ") + GetParam() + " 1 " + std::to_string(result));
  }
};

std::string TitleOf(const testing::TestParamInfo<const char*>& info) { return info.param; }

class CudaFaultOfACall : public CudaFault {
 protected:
  void SetUp() override {
    CudaFault::SetUp();
    // Only without pools is it called.
    if (std::string(GetParam()) == "cuMemAlloc") StandinControl("configure pools=0");
  }
};

TEST_P(CudaFaultOfACall, IsNamedAndSurvived) {
  const auto driver = Driver::Open(StandinDriverPath());
  Order(kInvalidValue);
  const Error error = ErrorOf(OpenAndUse);
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL") << error.what();
  EXPECT_EQ(error.where(), GetParam());
  EXPECT_EQ(Detail(error, "result"), "1");
  EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos) << error.what();
  EXPECT_NO_THROW(OpenAndUse());
}

TEST_P(CudaFaultOfACall, LosesTheContextUntilAllIsClosed) {
  const auto driver = Driver::Open(StandinDriverPath());
  Order(kIllegalAddress);
  const Error error = ErrorOf(OpenAndUse);
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_DEVICE_LOST") << error.what();
  EXPECT_EQ(error.where(), GetParam());
  EXPECT_EQ(Detail(error, "result"), "700");
  EXPECT_NO_THROW(OpenAndUse());
}

INSTANTIATE_TEST_SUITE_P(Entries, CudaFaultOfACall,
                         testing::Values("cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuCtxPushCurrent",
                                         "cuCtxGetStreamPriorityRange", "cuMemGetInfo",
                                         "cuStreamCreateWithPriority", "cuMemAlloc", "cuMemHostAlloc",
                                         "cuMemAllocAsync", "cuEventCreate", "cuMemHostGetDevicePointer",
                                         "cuStreamSynchronize", "cuEventRecord", "cuEventRecordWithFlags",
                                         "cuMemsetD8Async", "cuMemcpyHtoDAsync", "cuMemcpyDtoDAsync",
                                         "cuMemcpyDtoHAsync", "cuStreamWaitEvent", "cuEventSynchronize",
                                         "cuEventElapsedTime", "cuStreamBeginCapture", "cuStreamEndCapture",
                                         "cuGraphInstantiateWithFlags", "cuGraphUpload", "cuGraphLaunch"),
                         TitleOf);

/// Calls whose failure takes nothing from the user: closing ones, and questions that may stay without answer.
class CudaFaultWithoutError : public CudaFault {};

TEST_P(CudaFaultWithoutError, IsPassedOver) {
  const auto driver = Driver::Open(StandinDriverPath());
  Order(kInvalidValue);
  EXPECT_NO_THROW(OpenAndUse());
}

INSTANTIATE_TEST_SUITE_P(Entries, CudaFaultWithoutError,
                         testing::Values("cuDeviceGetName", "cuDeviceGetUuid", "cuDeviceGetPCIBusId",
                                         "cuDeviceTotalMem", "cuDeviceGetAttribute",
                                         "cuDeviceGetDefaultMemPool", "cuMemPoolSetAttribute",
                                         "cuMemPoolTrimTo", "cuStreamQuery"),
                         TitleOf);

TEST_F(CudaFault, AtRandomLeavesNothingBehind) {
  const auto driver = Driver::Open(StandinDriverPath());
  for (int seed = 1; seed <= 30; seed++) {
    StandinControl("fault-random " + std::to_string(seed) + " 60 " + (seed % 3 == 0 ? "700" : "1"));
    for (int round = 0; round < 4; round++) {
      try {
        OpenAndUse();
      } catch (const Error& error) {
        EXPECT_EQ(error.code().rfind("ERR_TRT_CUDA_", 0), 0u) << error.code();
      }
    }
    EXPECT_EQ(StandinControl("violations"), "[]") << seed;  // a reset forgets them
    StandinControl("reset");
    StandinControl("configure integrated=1 pools=1");
    EXPECT_NO_THROW(OpenAndUse()) << seed;
  }
}

}  // namespace
}  // namespace trtn::cuda
