// SPDX-License-Identifier: Apache-2.0
// What the tests of native/trt's plans share: the stand-in libraries of a family, plans for them, a device.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cuda/device_memory.h"
#include "cuda/pinned_memory.h"
#include "cuda/stream.h"
#include "test/support/standin_driver.h"
#include "test/support/standin_plan.h"
#include "trt/plan.h"

namespace trtn::trt {

inline std::string StandinFolder(Family family) {
  static const char* const kNames[] = {"10", "11", "rtx"};
  return std::string(TRTN_TEST_STANDIN_DIR) + "/gpu-tensorrt-" + kNames[static_cast<int>(family)];
}

inline std::string StandinInfer(Family family) {
  static const char* const kNames[] = {"libnvinfer.so.10", "libnvinfer.so.11", "libtensorrt_rtx.so.1"};
  return StandinFolder(family) + "/" + kNames[static_cast<int>(family)];
}

inline std::string StandinParser(Family family) {
  static const char* const kNames[] = {"libnvonnxparser.so.10", "libnvonnxparser.so.11",
                                       "libtensorrt_onnxparser_rtx.so.1"};
  return StandinFolder(family) + "/" + kNames[static_cast<int>(family)];
}

/// How often an entry of TensorRT's was called since the test began.
inline int Calls(const std::string& entry) {
  const std::string calls = cuda::StandinControl("calls"), key = "\"" + entry + "\":";
  const size_t at = calls.find(key);
  return at == std::string::npos ? 0 : std::atoi(calls.c_str() + at + key.size());
}

using test::MakePlan;
using test::StandinVersion;

/// y = 2 x, of 1 to 8 rows (profile 0) or 16 to 32 (profile 1).
inline const char* ScalePlan() {
  return "name scale\ninput x float32 -1,4\noutput y float32 -1,4\nprofile x 1,4 4,4 8,4\nprofile x 16,4 "
         "16,4 32,4\n"
         "weight two 2\nlayer scale x y two\n";
}

/// One current device and an opened runtime of the family, for each of the three.
class PlanTest : public cuda::StandinTest, public testing::WithParamInterface<Family> {
 protected:
  void SetUp() override {
    StandinTest::SetUp();
    device_ = OpenDevice();
    scope_ = std::make_unique<cuda::ScopedDevice>(*device_);
    stream_ = std::make_unique<cuda::Stream>(device_);
    pinned_ = std::make_unique<cuda::PinnedAllocator>(device_);
    host_ = pinned_->Allocate(kHostBytes);
  }
  void TearDown() override {
    stream_.reset();
    pinned_->Free(host_);
    pinned_.reset();
    scope_.reset();
    device_.reset();
    // Demands that every object of TensorRT is gone.
    StandinTest::TearDown();
  }

  static RuntimeLibraryOptions Libraries() {
    RuntimeLibraryOptions options;
    options.library = StandinInfer(GetParam());
    options.parser = StandinParser(GetParam());
    options.driver_path = cuda::StandinDriverPath();
    return options;
  }

  static bool IsRtx() { return GetParam() == Family::kTensorRtRtx; }

  static std::shared_ptr<PlanEngine> Load(const std::string& text,
                                          RuntimeLibraryOptions options = Libraries()) {
    const std::string plan = MakePlan(GetParam(), text);
    return OpenPlanRuntime(options)->Deserialize(plan.data(), plan.size(), nullptr, false);
  }

  cuda::DeviceMemory Allocate(size_t bytes) {
    return cuda::DeviceMemory(device_, bytes, stream_->get(), "a test");
  }

  /// Through the page-locked block, one copy at a time.
  void Upload(const cuda::DeviceMemory& to, const std::vector<float>& values) {
    std::copy(values.begin(), values.end(), static_cast<float*>(host_));
    stream_->CopyToDevice(to.get(), host_, values.size() * sizeof(float));
    stream_->Synchronize();
  }
  template <class T = float>
  std::vector<T> Download(cuda::DevicePointer from, size_t count) {
    stream_->CopyToHost(host_, from, count * sizeof(T));
    stream_->Synchronize();
    return {static_cast<T*>(host_), static_cast<T*>(host_) + count};
  }

  static constexpr size_t kHostBytes = 4096;
  std::unique_ptr<cuda::PinnedAllocator> pinned_;
  void* host_ = nullptr;
  std::shared_ptr<cuda::Device> device_;
  std::unique_ptr<cuda::ScopedDevice> scope_;
  std::unique_ptr<cuda::Stream> stream_;
};

inline std::string FamilyTestName(const testing::TestParamInfo<Family>& info) {
  static const char* const kNames[] = {"TensorRt10", "TensorRt11", "TensorRtRtx"};
  return kNames[static_cast<int>(info.param)];
}

#define TRTN_FOR_ALL_FAMILIES(Suite)                                                                        \
  INSTANTIATE_TEST_SUITE_P(Families, Suite,                                                                 \
                           testing::Values(Family::kTensorRt10, Family::kTensorRt11, Family::kTensorRtRtx), \
                           FamilyTestName)

}  // namespace trtn::trt
